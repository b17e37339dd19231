"""Offsets of least arena size for buffers of known lifetimes: dynamic storage allocation, NP-hard in general.

Pure functions on lists of intervals. Greedy first-fit in several orders (as TFLite Micro does by size) gives a plan;
when it misses the lower bound, `offsets_restarts` and `offsets_search` look for better ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NODE_LIMIT = 200_000
"""Nodes that the search may visit by default: some ten seconds."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Request:
    """Memory for the steps lower <= t < upper: `size` bytes at an offset that `alignment`, a power of two, divides."""

    lower: int
    upper: int
    size: int
    alignment: int = 1


@dataclass(frozen=True)
class Placement:
    """Offsets in the order of the requests, and the arena size that they need; all in bytes.

    `lower_bound` is proven: no placement needs less. `method` is the last thing that improved the plan: `greedy` or
    `search`. `nodes` counts the search nodes.
    """

    offsets: tuple[int, ...]
    peak: int
    lower_bound: int
    method: str = "greedy"
    nodes: int = 0

    @property
    def proven(self) -> bool:
        """True when no placement has a smaller peak."""
        return self.peak == self.lower_bound


@dataclass(frozen=True)
class Problem:
    """Requests as arrays. `sizes` are rounded up to `grain`, the least alignment, which divides every offset.

    `true_sizes` are the requests' own: the last buffer of an arena needs no padding after it.
    """

    lower: Ints
    upper: Ints
    sizes: Ints
    true_sizes: Ints
    alignments: Ints
    grain: int

    @staticmethod
    def of(requests: Sequence[Request]) -> Problem:
        """Raises ValueError where a size or an alignment makes no sense."""
        for request in requests:
            alignment = request.alignment
            if request.size < 1 or alignment < 1 or alignment & (alignment - 1):
                raise ValueError(f"{request}: the size is at least 1, the alignment a power of two")
        columns = [(r.lower, r.upper, r.size, r.alignment) for r in requests]
        lower, upper, sizes, alignments = np.array(columns, np.int64).reshape(-1, 4).T
        grain = int(alignments.min(initial=1 << 62)) if len(requests) else 1
        return Problem(lower, upper, -(-sizes // grain) * grain, sizes, alignments, grain)

    @property
    def uniform(self) -> bool:
        """True when all alignments are the grain, so that sums of sizes are aligned."""
        return bool((self.alignments == self.grain).all())

    def mirrored(self) -> Problem:
        """The same problem with time running backwards: it has the same placements."""
        return Problem(-self.upper, -self.lower, self.sizes, self.true_sizes, self.alignments, self.grain)

    def overlapping(self, buffer: int) -> Ints:
        """The other buffers that are alive together with this one."""
        mask = (self.lower < self.upper[buffer]) & (self.upper > self.lower[buffer])
        mask[buffer] = False
        return np.flatnonzero(mask)

    def peak(self, offsets: Ints) -> int:
        """The size of the arena that these offsets need, in bytes."""
        return int((offsets + self.true_sizes).max(initial=0))

    def lower_bound(self) -> int:
        """Bytes that every placement needs: the most alive at one time, the padding of the topmost buffer left out."""
        changes = np.unique(self.lower)
        alive = (self.lower <= changes[:, None]) & (self.upper > changes[:, None])
        total = alive @ self.sizes
        padding = np.where(alive, self.sizes - self.true_sizes, 0).max(1, initial=0)
        return max(int((total - padding).max(initial=0)), int(self.true_sizes.max(initial=0)))


def place(requests: Sequence[Request], exact: bool = True, node_limit: int = NODE_LIMIT) -> Placement:
    """The best placement found: the best of the greedy ones, improved by search within `node_limit` when `exact`.

    Buffers that are never alive (upper <= lower) lie at offset 0. Raises ValueError on sizes below 1 and on alignments
    that are not powers of two.
    """
    problem = Problem.of(requests)
    offsets, bound = greedy(problem), problem.lower_bound()
    peak = problem.peak(offsets)
    method, nodes = "greedy", 0
    if exact and peak > bound:
        from .offsets_restarts import improve

        found, bound, nodes = improve(problem, offsets, bound, node_limit)
        if problem.peak(found) < peak:
            offsets, peak, method = found, problem.peak(found), "search"
    return Placement(tuple(map(int, offsets)), peak, bound, method, nodes)


def greedy(problem: Problem) -> Ints:
    """The offsets of the best first-fit plan over a few orders."""
    neighbours = [problem.overlapping(buffer) for buffer in range(len(problem.sizes))]
    plans = [first_fit(problem, neighbours, order) for order in orders(problem)]
    return min(plans, key=problem.peak)


def orders(problem: Problem) -> list[Ints]:
    """Orders in which first-fit may place: by size, area, length, and begin or end of the life."""
    lower, upper, sizes = problem.lower, problem.upper, problem.sizes
    length = upper - lower
    keys = [
        (lower, -sizes),
        (-upper, -sizes),
        (-length, -sizes),
        (lower, -sizes * length),
        (-sizes, -length),
        (-sizes, lower),
        (-sizes, -upper),
    ]
    return [np.lexsort(key) for key in keys]


def first_fit(problem: Problem, neighbours: Sequence[Ints], order: Ints) -> Ints:
    """Place the buffers in this order, each at the lowest offset that the placed ones leave free."""
    sizes, alignments = problem.sizes.tolist(), problem.alignments.tolist()
    offsets = [-1] * len(sizes)
    for buffer in order.tolist():
        size, alignment, offset = sizes[buffer], alignments[buffer], 0
        taken = sorted((offsets[k], offsets[k] + sizes[k]) for k in neighbours[buffer].tolist() if offsets[k] >= 0)
        for start, end in taken:
            if start - offset >= size:
                break
            if end > offset:
                offset = -(-end // alignment) * alignment
        offsets[buffer] = offset
    return np.array(offsets, np.int64)
