"""Access through a reshape: which index of the reshaped tensor a form touches, as long as it stays linear.

An index that is split needs a quotient and a remainder. They are linear where each dimension of the domain counts in
one of them alone; a dimension that counts in both is split itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from ....dialects.access import Linear, from_linear, full_box, linear_map
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.types import DomainAttr
from .relayout import set_maps

Group = tuple[list[int], list[int]]
"""Dimensions of a source and the dimensions of the reshaped result that hold the same elements."""

Indices = tuple[Linear, ...]
"""What an access map gives: an index for each dimension of a tensor."""


def merged_groups(source: Sequence[int], result: Sequence[int]) -> list[Group]:
    """The finest division of a reshape into groups of consecutive dimensions that hold the same elements."""
    groups: list[Group] = []
    i = j = 0
    while i < len(source) and j < len(result):
        dims, merged = [i], [j]
        while (left := prod(source[d] for d in dims)) != (right := prod(result[d] for d in merged)):
            (dims if left < right else merged).append(dims[-1] + 1 if left < right else merged[-1] + 1)
        groups.append((dims, merged))
        i, j = dims[-1] + 1, merged[-1] + 1
    if groups:
        groups[-1][0].extend(range(i, len(source)))
        groups[-1][1].extend(range(j, len(result)))
    return groups


@dataclass(frozen=True)
class Nest:
    """The domain of a form and its access maps, the last of which is that of its output."""

    parallel: tuple[int, ...]
    reduction: tuple[int, ...]
    maps: tuple[Indices, ...]

    @staticmethod
    def of(form: StructuredForm) -> Nest:
        """That of a form."""
        maps = tuple(linear_map(m.data) for m in form.maps)
        return Nest(form.domain.parallel.data, form.domain.reduction.data, maps)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The whole domain."""
        return (*self.parallel, *self.reduction)

    def with_output(self, indices: Indices) -> Nest:
        """The same with another access to its output."""
        return Nest(self.parallel, self.reduction, (*self.maps[:-1], indices))

    def split(self, dim: int, inner: int) -> Nest:
        """Dimension `dim` as two: one that counts blocks of `inner`, then one that counts within a block."""
        parallel = (*self.parallel[:dim], self.parallel[dim] // inner, inner, *self.parallel[dim + 1 :])
        maps = tuple(tuple(split_index(index, dim, inner) for index in indices) for indices in self.maps)
        return Nest(parallel, self.reduction, maps)

    def reshaped(self, source: Sequence[int], result: Sequence[int]) -> Nest | None:
        """The same where the output, of shape `source`, is written as one of shape `result`; None if it is not linear.

        An output is written inside its shape only, so that each index lies within its size.
        """
        nest, indices = self, [Linear((), 0)] * len(result)
        for dims, merged in merged_groups(source, result):
            while isinstance(parts := nest._taken_apart(source, dims, [result[d] for d in merged]), tuple):
                dim, inner = parts
                nest, indices = nest.split(dim, inner), [split_index(index, dim, inner) for index in indices]
            if parts is None:
                return None
            for d, part in zip(merged, parts, strict=True):
                indices[d] = part
        return nest.with_output(tuple(indices))

    def _taken_apart(
        self, shape: Sequence[int], dims: Sequence[int], sizes: Sequence[int]
    ) -> list[Linear] | tuple[int, int] | None:
        """One index, that of consecutive dimensions of the output, as indices of these sizes.

        Or which dimension of the domain has to be split for it, and into blocks of which size.
        """
        rest, parts = Linear((0,) * len(self.sizes), 0), list[Linear]()
        for d in dims:
            rest = combined(rest, shape[d], self.maps[-1][d])
        for number in range(len(sizes)):
            stride = prod(sizes[number + 1 :])
            whole = tuple(c if c % stride == 0 else 0 for c in rest.coefficients)
            parts.append(Linear(tuple(c // stride for c in whole), rest.offset // stride))
            rest = Linear(tuple(c - w for c, w in zip(rest.coefficients, whole, strict=True)), rest.offset % stride)
            low, high = rest.interval(full_box(self.sizes))
            if low < 0 or high >= stride:
                return self._to_split(rest, stride)
        return parts

    def _to_split(self, rest: Linear, stride: int) -> tuple[int, int] | None:
        """A dimension that crosses a stride, and the size of the blocks that do not."""
        for dim, size in enumerate(self.parallel):
            coefficient = rest.coefficients[dim]
            if coefficient > 0 and stride % coefficient == 0:
                inner = stride // coefficient
                if size > inner and size % inner == 0:
                    return dim, inner
        return None


def split_index(index: Linear, dim: int, inner: int) -> Linear:
    """An index over a domain of which dimension `dim` is split into blocks of `inner`; one over nothing stays so."""
    if not index.coefficients:
        return index
    c = index.coefficients
    return Linear((*c[:dim], c[dim] * inner, c[dim], *c[dim + 1 :]), index.offset)


def combined(outer: Linear, size: int, inner: Linear) -> Linear:
    """The index of two dimensions taken as one, the inner of them of this size."""
    pairs = zip(outer.coefficients, inner.coefficients, strict=True)
    return Linear(tuple(a * size + b for a, b in pairs), outer.offset * size + inner.offset)


def set_nest(form: StructuredForm, nest: Nest) -> None:
    """Give a form another domain and other access maps."""
    form.domain = DomainAttr(nest.parallel, nest.reduction)
    set_maps(form, [from_linear(indices, len(nest.sizes)) for indices in nest.maps])
