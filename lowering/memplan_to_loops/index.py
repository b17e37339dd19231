"""Indices and loop bounds of a nest: affine expressions, written where their last loop variable is defined.

An index such as `oh * 2 + kh - 1` is computed as partial sums: `oh * 2 - 1` in the loop over `oh`, the rest in the
loop over `kh`. Padding is either clipped (the bounds of the reduction loop leave it out) or guarded (each access is
tested).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from ...dialects.access import Linear, full_box
from .emit import Emitter, Index

Padding = Literal["clip", "guard"]


@dataclass(frozen=True)
class Style:
    """How nests are written: what happens to padding, the width of the target's words, its machine operations.

    `flat`: pixels that follow each other are numbered along one dimension where flash is short, so that layers differ
    in numbers alone.
    """

    padding: Padding
    word_bits: int
    operations: frozenset[str] = frozenset()
    flat: bool = False


def prefix(expression: Linear, dims: int) -> Linear:
    """The part of an expression over the first `dims` dimensions, with the offset."""
    coefficients = expression.coefficients
    return replace(expression, coefficients=coefficients[:dims] + (0,) * (len(coefficients) - dims))


def depth(expression: Linear) -> int:
    """How many loops must be open to know the expression: 1 + the last dimension it uses, 0 for a constant."""
    return max((dim + 1 for dim, coefficient in enumerate(expression.coefficients) if coefficient), default=0)


class Indices:
    """The values of affine expressions in the loop variables, each partial sum written once."""

    def __init__(self, emit: Emitter, expressions: Sequence[Linear]):
        self.emit = emit
        self.expressions = expressions
        self._variables: dict[int, SSAValue] = {}
        self._values: dict[Linear, Index] = {}

    def enter(self, dim: int, variable: SSAValue) -> None:
        """Open the loop over a dimension: every expression gets its part."""
        self._variables[dim] = variable
        for expression in self.expressions:
            if expression.coefficients[dim]:
                self.value(prefix(expression, dim + 1))

    def value(self, expression: Linear) -> Index:
        """An expression in the variables of open loops."""
        dims = depth(expression)
        if dims == 0:
            return expression.offset
        if expression not in self._values:
            base = self.value(prefix(expression, dims - 1))
            term = self.emit.scale(self._variables[dims - 1], expression.coefficients[dims - 1])
            self._values[expression] = self.emit.sum(base, term)
        return self._values[expression]


@dataclass(frozen=True)
class Window:
    """A padded index `base + step * k` of a tensor dimension of `size` elements, `k` running over a reduction loop."""

    dim: int
    base: Linear
    step: int
    size: int
    base_range: tuple[int, int]

    def lower(self, emit: Emitter, base: Index) -> Index:
        """The first `k` inside: `ceil(max(0, -base) / step)`; 0 where the base is never negative."""
        if self.base_range[0] >= 0:
            return 0
        missing = emit.maximum(emit.subtract_from(0, base), 0)
        return emit.divide(emit.add(missing, self.step - 1), self.step)

    def upper(self, emit: Emitter, base: Index, trips: int) -> Index:
        """One past the last `k` inside: `min(trips, floor((size - 1 - base) / step) + 1)`.

        Where nothing is left the quotient is 0 or below, whichever way it is rounded: the loop does not run.
        """
        if self.base_range[1] + self.step * (trips - 1) < self.size:
            return trips
        left = emit.subtract_from(self.size - 1 + self.step, base)
        return emit.minimum(emit.divide(left, self.step), trips)


@dataclass(frozen=True)
class Guard:
    """A padded index that is tested at each access."""

    expression: Linear
    size: int
    range: tuple[int, int]

    def inside(self, emit: Emitter, index: Index, low: bool = True, high: bool = True) -> list[SSAValue]:
        """The conditions under which the index is inside its tensor, at its `low` and `high` ends, that can fail."""
        value = emit.index(index)
        conditions: list[SSAValue] = []
        if low and self.range[0] < 0:
            conditions.append(emit.do(arith.CmpiOp(value, emit.index(0), "sge")))
        if high and self.range[1] >= self.size:
            conditions.append(emit.do(arith.CmpiOp(value, emit.index(self.size), "slt")))
        return conditions


def split_padding(
    indices: Sequence[tuple[Linear, int]], sizes: Sequence[int], parallel: int, padding: Padding
) -> tuple[list[Window], list[Guard]]:
    """What keeps each padded index (an expression and the size of its tensor dimension) inside.

    With `clip`, an index that moves forward with exactly one reduction loop becomes a `Window`; all others are tested.
    """
    windows: list[Window] = []
    guards: list[Guard] = []
    for expression, size in dict.fromkeys(indices):
        low, high = expression.interval(full_box(sizes))
        if low >= 0 and high < size:
            continue
        moving = [dim for dim in range(parallel, len(sizes)) if expression.coefficients[dim]]
        step = expression.coefficients[moving[0]] if moving else 0
        if padding == "clip" and len(moving) == 1 and step > 0:
            base = prefix(expression, moving[0])
            windows.append(Window(moving[0], base, step, size, base.interval(full_box(sizes))))
        else:
            guards.append(Guard(expression, size, (low, high)))
    return windows, guards
