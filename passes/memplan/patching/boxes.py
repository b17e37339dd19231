"""Boxes of tensor indices and of domain points: what patches are made of.

A box is one closed interval per dimension. All access maps are affine with constants, so to move between a tensor and a
box cut out of it is to shift offsets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod

from xdsl.ir.affine import AffineMap

from ....dialects.access import Interval, Linear, from_linear, full_box

Box = tuple[Interval, ...]


def box_shape(box: Box) -> tuple[int, ...]:
    """The sizes of a box."""
    return tuple(high - low + 1 for low, high in box)


def volume(box: Box) -> int:
    """The points in a box."""
    return prod(box_shape(box))


def hull(left: Box | None, right: Box) -> Box:
    """The smallest box that holds two; None is the empty one."""
    if left is None:
        return right
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(left, right, strict=True))


def clip(box: Box, shape: Sequence[int]) -> Box:
    """The part of a box inside a tensor; where all of it is outside, the nearest index inside."""
    return tuple(
        (min(max(low, 0), size - 1), max(min(high, size - 1), 0)) for (low, high), size in zip(box, shape, strict=True)
    )


def cut(size: int, parts: int) -> list[Interval]:
    """`size` indices in consecutive parts whose sizes differ by at most 1; there are at most as many parts as indices.

    >>> cut(7, 3)
    [(0, 1), (2, 3), (4, 6)]
    """
    parts = min(parts, size)
    ends = [size * part // parts for part in range(parts + 1)]
    return [(start, end - 1) for start, end in zip(ends, ends[1:], strict=False)]


def are_cut(out: Sequence[Linear], sizes: Sequence[int]) -> tuple[bool, ...]:
    """Per index of an output, whether an interval of it is written by an interval of the domain.

    That is so where it is a constant, or one dimension plus a constant, and that dimension occurs in no other index.
    """
    moving = [{d for d, c in enumerate(result.coefficients) if c and sizes[d] > 1} for result in out]
    uses = Counter(d for dims in moving for d in dims)
    return tuple(
        all(len(dims) == 1 and result.coefficients[d] == 1 and uses[d] == 1 for d in dims)
        for result, dims in zip(out, moving, strict=True)
    )


def widen(box: Box, shape: Sequence[int], keep: Sequence[bool]) -> Box:
    """The box with all indices of a tensor along the dimensions that are not kept."""
    return tuple(interval if kept else (0, size - 1) for interval, size, kept in zip(box, shape, keep, strict=True))


def writers_of(
    out: Sequence[Linear], sizes: Sequence[int], box: Box, singles: Sequence[bool] | None = None
) -> Box | None:
    """The points of the domain that write inside a box of the output; None when there are none.

    Along dimensions for which `are_cut` is false the box must be as wide as the output. `singles` is what it says.
    """
    points = list(full_box(sizes))
    for result, (low, high), single in zip(out, box, singles or are_cut(out, sizes), strict=True):
        moving = [d for d, c in enumerate(result.coefficients) if c and sizes[d] > 1]
        if not moving and not low <= result.offset <= high:
            return None
        if moving and single:
            first, last = points[moving[0]]
            points[moving[0]] = max(first, low - result.offset), min(last, high - result.offset)
    return tuple(points) if all(first <= last for first, last in points) else None


def reads_of(access: Sequence[Linear], points: Box) -> Box:
    """The smallest box that holds the indices which a box of the domain reads, padding included."""
    return tuple(result.interval(points) for result in access)


def shift(access: Sequence[Linear], points: Box, origin: Sequence[int]) -> AffineMap:
    """The access map of a domain that starts at the first of `points`, into a tensor cut out at `origin`.

    With q the first of `points`, index `c . p + o` becomes `c . p + (o + c . q - origin)`.
    """
    starts = [first for first, _ in points]
    return from_linear(
        [
            Linear(r.coefficients, r.offset + sum(c * q for c, q in zip(r.coefficients, starts, strict=True)) - start)
            for r, start in zip(access, origin, strict=True)
        ],
        len(points),
    )
