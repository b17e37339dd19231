"""Offsets of least arena size for buffers of known lifetimes: dynamic storage allocation, NP-hard in general.

Pure functions on lists of intervals. Greedy first-fit in several orders (as TFLite Micro does by size) gives a plan;
when it misses the lower bound, `offsets/improve.py` looks for better ones by search and repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..limits.effort import EFFORT, scaled
from .greedy import greedy
from .problem import Overlap, Problem, Request
from .sweep import sweep

__all__ = ["NODE_LIMIT", "Overlap", "Placement", "Problem", "Request", "place"]

STUBBORN = 256
"""The effort at a capacity before limits above it are tried; see `offsets/improve.py`."""

PAIRS = 4_000_000
"""Pairs of buffers alive together up to which greedy placement and search go into all of them."""

NODE_LIMIT = 200_000
"""Nodes that the search may visit by default: some seconds."""

CAPACITY_NODES = 4_000_000
"""Nodes that it may visit while a capacity is neither met nor refuted: about a minute."""


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
    node_limit: int | None = None,
    overlaps: Sequence[Overlap] = (),
    capacity: int | None = None,
    effort: int = EFFORT,
) -> Placement:
    """The best placement found: the best of the greedy ones, improved by search within `node_limit` when `exact`.

    With a `capacity` (bytes) the search stops at the first placement that fits; without one, at the lower bound. By
    default it visits NODE_LIMIT nodes at most, and CAPACITY_NODES as long as the bound leaves open whether one fits;
    limits are scaled by `effort`. Problems of more than PAIRS pairs of neighbours are placed in order of birth.
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

        is_open = capacity is not None and capacity >= bound
        usual = NODE_LIMIT if node_limit is None else node_limit
        at_capacity = CAPACITY_NODES if is_open and node_limit is None else usual
        limits = scaled(at_capacity, effort), scaled(usual, effort)
        found, bound, nodes = improve(problem, offsets, bound, limits, goal, STUBBORN if is_open else PATIENCE)
        if problem.peak(found) < peak:
            offsets, peak, method = found, problem.peak(found), "search"
    limited = exact and peak > max(goal, bound)
    return Placement(tuple(map(int, offsets)), peak, bound, method, nodes, limited)
