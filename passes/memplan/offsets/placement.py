"""Offsets of least arena size for buffers of known lifetimes: dynamic storage allocation, NP-hard in general.

Pure functions on lists of intervals. Greedy first-fit in several orders (as TFLite Micro does by size) gives a plan;
when it misses the lower bound, `offsets_improve` looks for better ones by search and repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .greedy import greedy
from .problem import Overlap, Problem, Request
from .sweep import sweep

__all__ = ["NODE_LIMIT", "Overlap", "Placement", "Problem", "Request", "place"]

STUBBORN = 256
"""The effort at a capacity before limits above it are tried; see `offsets_improve`."""

PAIRS = 4_000_000
"""Pairs of buffers alive together up to which greedy placement and search go into all of them."""

NODE_LIMIT = 200_000
"""Nodes that the search may visit by default: some ten seconds."""


@dataclass(frozen=True)
class Placement:
    """Offsets in the order of the requests, and the arena size that they need; all in bytes.

    `lower_bound` is proven: no placement needs less. `method` is the last thing that improved the plan: `greedy` or
    `search`. `nodes` counts the search nodes. It is `limited` where a search was wanted and came to its limit.
    """

    offsets: tuple[int, ...]
    peak: int
    lower_bound: int
    method: str = "greedy"
    nodes: int = 0
    limited: bool = False

    @property
    def proven(self) -> bool:
        """True when no placement has a smaller peak."""
        return self.peak == self.lower_bound


def place(
    requests: Sequence[Request],
    exact: bool = True,
    node_limit: int = NODE_LIMIT,
    overlaps: Sequence[Overlap] = (),
    capacity: int | None = None,
) -> Placement:
    """The best placement found: the best of the greedy ones, improved by search within `node_limit` when `exact`.

    With a `capacity` (bytes) the search stops at the first placement that fits; without one, at the lower bound.
    Problems of more than PAIRS pairs of neighbours are placed in order of birth.
    Buffers that are never alive (upper <= lower) lie at offset 0. Raises ValueError on sizes below 1, on alignments
    that are not powers of two, on given offsets that contradict each other, and on overlaps of buffers unknown.
    """
    problem = Problem.of(requests, overlaps)
    bound = problem.lower_bound()
    goal = bound if capacity is None else max(bound, capacity)
    offsets, is_small = sweep(problem), problem.pairs_alive() <= PAIRS
    if offsets is None or (is_small and problem.peak(offsets) > bound):
        offsets = greedy(problem)
    peak = problem.peak(offsets)
    method, nodes = "greedy", 0
    if exact and is_small and peak > goal:
        from .improve import PATIENCE, improve

        patience = PATIENCE if capacity is None or capacity < bound else STUBBORN
        found, bound, nodes = improve(problem, offsets, bound, node_limit, goal, patience)
        if problem.peak(found) < peak:
            offsets, peak, method = found, problem.peak(found), "search"
    limited = exact and peak > max(goal, bound)
    return Placement(tuple(map(int, offsets)), peak, bound, method, nodes, limited)
