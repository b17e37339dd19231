"""Offsets of least arena size for buffers of known lifetimes: dynamic storage allocation, NP-hard in general.

Pure functions on lists of intervals. Greedy first-fit in several orders (as TFLite Micro does by size) gives a plan;
when it misses the lower bound, `offsets/improve.py` looks for better ones by search and repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .greedy import greedy
from .problem import Overlap, Problem, Request

__all__ = ["NODE_LIMIT", "Overlap", "Placement", "Problem", "Request", "place"]

STUBBORN = 256
"""The effort at a capacity before limits above it are tried; see `offsets/improve.py`."""

NODE_LIMIT = 200_000
"""Nodes that the search may visit by default: some seconds."""

CAPACITY_NODES = 4_000_000
"""Nodes that it may visit while a capacity is neither met nor refuted: about a minute."""


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


def place(
    requests: Sequence[Request],
    exact: bool = True,
    node_limit: int | None = None,
    overlaps: Sequence[Overlap] = (),
    capacity: int | None = None,
) -> Placement:
    """The best placement found: the best of the greedy ones, improved by search within `node_limit` when `exact`.

    With a `capacity` (bytes) the search stops at the first placement that fits; without one, at the lower bound. By
    default it visits NODE_LIMIT nodes at most, and CAPACITY_NODES as long as the bound leaves open whether one fits.
    Buffers that are never alive (upper <= lower) lie at offset 0. Raises ValueError on sizes below 1, on alignments
    that are not powers of two, on given offsets that contradict each other, and on overlaps of buffers unknown.
    """
    problem = Problem.of(requests, overlaps)
    bound = problem.lower_bound()
    goal = bound if capacity is None else max(bound, capacity)
    offsets = greedy(problem)
    peak = problem.peak(offsets)
    method, nodes = "greedy", 0
    if exact and peak > goal:
        from .improve import PATIENCE, improve

        is_open = capacity is not None and capacity >= bound
        if node_limit is None:
            limits = CAPACITY_NODES if is_open else NODE_LIMIT, NODE_LIMIT
        else:
            limits = node_limit, node_limit
        found, bound, nodes = improve(problem, offsets, bound, limits, goal, STUBBORN if is_open else PATIENCE)
        if problem.peak(found) < peak:
            offsets, peak, method = found, problem.peak(found), "search"
    return Placement(tuple(map(int, offsets)), peak, bound, method, nodes)
