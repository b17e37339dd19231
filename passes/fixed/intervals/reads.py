"""Ranges of tensors, and how forms read and write them through access maps.

A tensor's range has one interval along each dimension in which all indices have the same (size 1), else one per index.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.ir.affine import AffineMap

from ....dialects.access import Linear, footprint, full_box, linear_map
from ....dialects.fixed.structured import StructuredForm
from ....targets.executors.views import strided
from .ranges import Array, Range

LIMIT = 1 << 16
"""A range has at most so many intervals; one of more is replaced by its hull."""

MANY_READS = 64
"""How often each interval of a padded operand is looked at, at most: what overlaps in windows is."""


def tensor_range(array: Array) -> Range:
    """The range of a tensor that is known: each element its own interval.

    Narrow integers of numpy wrap where a zero point is subtracted: 8 and 16 bits become 32, others Python integers.
    """
    wide = array.astype(np.int32 if array.dtype.itemsize <= 2 else object)
    return Range(wide, wide)


def uniform(range: Range, rank: int) -> Range:
    """One interval for all elements of a tensor of this rank."""
    shape = (1,) * rank
    return Range(np.full(shape, range.least, object), np.full(shape, range.greatest, object))


def limited(range: Range, rank: int) -> Range:
    """The range itself, or its hull where it has too many intervals."""
    return range if range.low.size <= LIMIT else uniform(range, rank)


def collapsed(access: AffineMap, shape: Sequence[int]) -> list[Linear]:
    """The results of an access map, 0 along each dimension that has one interval for all indices."""
    zero = Linear((0,) * access.num_dims, 0)
    return [zero if size == 1 else result for result, size in zip(linear_map(access), shape, strict=True)]


def used(results: Sequence[Linear], sizes: Sequence[int]) -> tuple[int, ...]:
    """The domain's sizes, 1 for each dimension that no result uses."""
    return tuple(size if any(r.coefficients[d] for r in results) else 1 for d, size in enumerate(sizes))


def read(range: Range, access: AffineMap, sizes: Sequence[int], fill: int | None = None) -> Range:
    """What a form reads at the points of its domain, `fill` outside the tensor; size 1 along unused dimensions."""
    shape = range.low.shape
    if fill is not None:
        ends = footprint(access, full_box(sizes))
        margins = [
            (max(0, -low), max(0, high + 1 - size)) if size > 1 else (0, 0)
            for (low, high), size in zip(ends, shape, strict=True)
        ]
        extents = [size + sum(margin) for size, margin in zip(shape, margins, strict=True)]
        if max(prod(extents), prod(used(collapsed(access, shape), sizes)) // MANY_READS) > LIMIT:
            return read(uniform(range.hull(Range.of(fill, fill)), len(shape)), access, sizes)
        padded = [np.pad(end, margins, constant_values=fill) for end in (range.low, range.high)]
        shifted = [
            Linear(r.coefficients, r.offset + margin[0]) if size > 1 else r
            for r, margin, size in zip(collapsed(access, shape), margins, shape, strict=True)
        ]
        return seen(Range(*padded), shifted, sizes)
    results = collapsed(access, shape)
    if prod(used(results, sizes)) > LIMIT:
        return read(uniform(range, len(shape)), access, sizes)
    return seen(range, results, sizes)


def chosen(range: Range, form: StructuredForm, access: AffineMap) -> Range:
    """The range of an operand for any index at which the form may hold a dimension: one interval where it is read."""
    if not form.is_held(access):
        return range
    dims = [any(r.coefficients[d] for d in form.held_dims) for r in linear_map(access)]
    axes = tuple(axis for axis, is_held in enumerate(dims) if is_held and range.low.ndim)
    return Range(range.low.min(axis=axes, keepdims=True), range.high.max(axis=axes, keepdims=True))


def seen(range: Range, results: Sequence[Linear], sizes: Sequence[int]) -> Range:
    """The intervals at linear indices of the points of a domain."""
    points = used(results, sizes)
    low, high = (strided(np.asarray(end, np.int64)[None], results, points)[0] for end in (range.low, range.high))
    return Range(low, high)


def written(range: Range, out_map: AffineMap, sizes: Sequence[int], shape: Sequence[int]) -> Range:
    """The range of a form's result, a tensor of this shape, from what it writes at the points of its domain.

    Both ends have one shape, of the parallel dimensions.
    """
    points = [*range.low.shape, *(1 for _ in sizes[range.low.ndim :])]
    results = linear_map(out_map)
    full = [
        size if any(c and points[d] > 1 for d, c in enumerate(result.coefficients)) else 1
        for result, size in zip(results, shape, strict=True)
    ]
    ends: list[Array] = []
    for end, outermost in ((range.low, range.least), (range.high, range.greatest)):
        array = np.full(full, outermost, np.int64)
        view = strided(array[None], collapsed(out_map, full), points, writeable=True)[0, ...]
        view[...] = end.astype(np.int64).reshape(points)
        ends.append(array)
    return limited(Range(*ends), len(shape))
