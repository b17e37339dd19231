"""Choosing a piecewise polynomial in integers for a function of up to 16 bits (segments of dyadic widths).

The inputs are cut into segments whose widths are powers of two: wide ones where the function is straight, single
points beside a pole. In a segment of 2^k points, with r the distance from its first one,

    y = (A0 + ((A1 + (A2 r >> k)) r >> k)) / 2^FRACTION, rounded

Every candidate is fitted (least squares with Chebyshev weights), rounded to integers and computed for all inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FRACTION = 3
"""Fractional bits of the coefficients, in steps of the result."""

WIDEST = 14
"""The widest segment has 2^14 points: the products of 16-bit coefficients then fit 32 bits."""

MOST_BLOCKS = 9
"""A node has at most 2^9 children."""

ERRORS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Greatest errors that are tried one after the other, in steps of the result, until the tables are small enough."""

MOST_BYTES = 4096
"""How large the tables of a function may be."""

BYTES_PER_CUT = 256
"""How many bytes a cut must save: it takes time for each element."""


@dataclass(frozen=True)
class Cut:
    """Node i of a level is cut into equal children, from number `first[i]` of the next level on.

    A place in it, shifted `left[i]` bits to the left, has the child's number above its `wide` lowest bits, and in these
    the place in the child.
    """

    first: Array
    left: Array
    wide: int


@dataclass(frozen=True)
class Segments:
    """What a body reads: a tree whose leaves are segments, and A0, A1, A2 of each (no A2 for straight lines).

    The inputs are cut into equal nodes of `2^top` points; these are the segments, or are cut further (twice at most).
    """

    top: int
    cuts: tuple[Cut, ...]
    coefficients: tuple[Array, ...]

    @property
    def wide(self) -> int:
        """The logarithm of the widest segment."""
        return self.cuts[-1].wide if self.cuts else self.top


INDEX_BYTES = 3
"""Bytes of a node that is cut: 2 of `first`, 1 of `left`."""


def segment_bytes(degree: int) -> int:
    """Bytes of a segment's coefficients: 4 of A0, 2 of each other."""
    return 4 + 2 * degree


@dataclass(frozen=True)
class Level:
    """All inputs in segments of one width, fitted: coefficients and greatest error of each segment."""

    coefficients: tuple[Array, ...]
    errors: Array


@cache
def projection(width: int, degree: int) -> Array:
    """From the values at `width` points to the coefficients of powers of r / width."""
    r = np.arange(width)
    weights = (1 - ((2 * r + 1) / width - 1) ** 2) ** -0.25
    powers = (r / width)[:, np.newaxis] ** np.arange(degree + 1)
    return np.linalg.pinv(powers * weights[:, np.newaxis]) * weights


def fitted(values: Array, wanted: Array, limits: tuple[int, int], k: int, degree: int) -> Level:
    """Segments of 2^k points: of the polynomials' integers, A0 centres the error that rounding the others leaves.

    `values` are the results in steps, somewhat beyond the limits as well; `wanted` are they within the limits.
    """
    width = 1 << k
    rows, r = values.reshape(-1, width), np.arange(width, dtype=np.int64)
    reals = rows @ projection(width, degree).T
    rounded = [np.clip(np.rint(c * (1 << FRACTION)), -(1 << 15), (1 << 15) - 1).astype(np.int64) for c in reals.T[1:]]
    slope: Array = rounded[0][:, np.newaxis]
    if degree == 2:
        slope = slope + (rounded[1][:, np.newaxis] * r >> k)
    rest = slope * r >> k
    distance = rows * (1 << FRACTION) - rest
    base = np.rint((distance.max(1) + distance.min(1)) / 2).astype(np.int64)
    total = base[:, np.newaxis] + rest
    results = np.clip(total + (1 << FRACTION >> 1) >> FRACTION, *limits)
    errors = np.abs(results - wanted.reshape(-1, width)).max(1)
    return Level((base, *rounded), errors)


def segmented(values: Array, limits: tuple[int, int]) -> Segments | None:
    """The smallest segments for a function's results in steps, one for each of 2^n inputs; None where none are small.

    Results beyond the `limits` are saturated by whoever computes them.
    """
    low, high = limits
    bits, margin = len(values).bit_length() - 1, (high - low + 1) / 4
    near, wanted = np.clip(values, low - margin, high + margin), np.clip(values, low, high)
    levels = {d: [fitted(near, wanted, limits, k, d) for k in range(min(bits, WIDEST) + 1)] for d in (1, 2)}
    for error in ERRORS:
        plans = [plan for degree in levels for plan in plans_within(levels[degree], bits, degree, error)]
        best = min(plans, key=lambda plan: plan.bytes + BYTES_PER_CUT * plan.cuts)
        if best.bytes <= MOST_BYTES:
            return tree(levels[best.degree], best)
    return None


@dataclass(frozen=True)
class Plan:
    """A tree: nodes of 2^top points, each cut into nodes of 2^size points, each of these into `widest` segments.

    `bytes` is the size of its tables, `cuts` how many of its levels are really cut.
    """

    bytes: int
    cuts: int
    degree: int
    top: int
    sizes: Array
    widest: list[Array]


def plans_within(levels: list[Level], bits: int, degree: int, error: float) -> list[Plan]:
    """The smallest trees without cuts, with one and with two in which every segment stays within the error."""
    widest = [widest_segments(levels, bits, size, error) for size in range(bits + 1)]
    leaves = [segment_bytes(degree) * (1 << size - k) for size, k in enumerate(widest)]
    equal = max(size for size, k in enumerate(widest) if (k == size).all())
    found = [Plan(int(leaves[equal].sum()), 0, degree, equal, np.full(1 << bits - equal, equal), widest)]
    for top in range(max(0, bits - MOST_BLOCKS), bits + 1):
        nodes, sizes = 1 << bits - top, range(max(0, top - MOST_BLOCKS), min(top, WIDEST) + 1)
        found.append(Plan(int((leaves[top] + INDEX_BYTES).sum()), 1, degree, top, np.full(nodes, top), widest))
        costs = np.array([(leaves[size].reshape(nodes, -1) + INDEX_BYTES).sum(1) for size in sizes])
        twice = int(costs.min(0).sum()) + INDEX_BYTES * nodes
        found.append(Plan(twice, 2, degree, top, sizes.start + costs.argmin(0), widest))
    return found


def widest_segments(levels: list[Level], bits: int, size: int, error: float) -> Array:
    """The logarithm of the widest segments into which each node of 2^size points can be cut."""
    result = np.zeros(1 << bits - size, np.int64)
    for k, level in enumerate(levels[: size + 1]):
        result[(level.errors <= error).reshape(len(result), -1).all(1)] = k
    return result


def tree(levels: list[Level], plan: Plan) -> Segments:
    """The tables of a plan."""
    top, sizes = plan.top, plan.sizes
    inner = [plan.widest[size].reshape(len(sizes), -1)[node] for node, size in enumerate(sizes.tolist())]
    logs, wide = np.concatenate(inner), int(sizes.max())
    spans = np.repeat(sizes, [len(part) for part in inner])
    starts = np.cumsum(1 << spans) - (1 << spans)
    parts = [
        [column[start >> k : (start >> k) + (1 << span - k)] for column in levels[k].coefficients]
        for start, span, k in zip(starts.tolist(), spans.tolist(), logs.tolist(), strict=True)
    ]
    coefficients = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    # What is left of a place below a cut counts in the steps of the widest child, whatever the child's own size is.
    cuts = (cut(top, sizes), cut(wide, logs + wide - spans))
    while cuts and not cuts[0].left.any() and cuts[0].wide == top:
        cuts = cuts[1:]
    return Segments(top, cuts, coefficients)


def cut(span: int, sizes: Array) -> Cut:
    """Nodes of 2^span points, each in children of 2^sizes."""
    counts, wide = 1 << span - sizes, int(sizes.max())
    return Cut(np.cumsum(counts) - counts, wide - sizes, wide)
