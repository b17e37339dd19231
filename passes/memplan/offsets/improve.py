"""Ever better placements: search and repair at the lower bound first, then by bisection above it.

In a long network few times have nearly the most bytes alive, and only the buffers alive then are hard to place. So the
search first places those that live where more than a fraction of the limit is alive, and the repair puts in the others.
What is refuted for some of the buffers is refuted.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .problem import FREE, Ints, Problem
from .repair import HOMELESS, Repair
from .restarts import Restarts

RUNS = 16
"""The least effort at one limit: runs of the search; twice as many where all buffers are searched."""

STEPS = 3
"""Steps of a repair per buffer: it succeeds soon or not at all."""

ATTEMPTS = 3
"""Repairs around a placement of the hot buffers."""

STEPS_PER_NODE = 4
"""How many steps of a repair take as long as a node of the search."""

HOT = (0.97, 0.95, 0.9, 0.8)
"""Fractions of the limit: buffers that live where more is alive are placed first."""

SETTLED = 30
"""The penalty for pushing out a buffer that the search has placed; for others it begins at 1."""

LARGE = 600
"""Problems of more buffers are searched as a whole only when more effort is due."""

PATIENCE = 2
"""The effort at the goal before limits above it are tried."""


def improve(
    problem: Problem, offsets: Ints, bound: int, node_limits: tuple[int, int], goal: int, patience: int = PATIENCE
) -> tuple[Ints, int, int]:
    """Better offsets than these, a proven lower bound at least `bound` (bytes), and the number of nodes visited.

    Stops at a placement of `goal` bytes, at least the bound, which is tried first; then by bisection what is between
    the goal and the best placement; where that could not tell, again with more effort. The second limit of nodes holds
    once the goal is refuted.
    """
    hunt, effort = Hunt(problem, offsets, bound, node_limits[0]), 1
    while hunt.is_open(goal):
        hunt.attempt(max(goal, hunt.bound), effort)
        if hunt.bound > goal:
            hunt.node_limit = node_limits[1]
        low = max(goal, hunt.bound) + 1
        while effort >= patience and low < hunt.peak and hunt.is_open(goal):
            limit = (low + hunt.peak - 1) // 2
            hunt.attempt(limit, effort // patience)
            if limit < hunt.peak:
                low = limit + 1
        effort *= 2
    return hunt.best, hunt.bound, hunt.nodes


class Hunt:
    """Searches and repairs for ever better placements: `best`, which needs `peak` bytes; none needs less than `bound`.

    `nodes` counts what all searches visited, and the time that repairs took in nodes.
    """

    def __init__(self, problem: Problem, offsets: Ints, bound: int, node_limit: int):
        self.problem, self.best, self.peak, self.bound = problem, offsets, problem.peak(offsets), bound
        self.loads, self.count = problem.loads(), len(offsets)
        self.restarts: dict[int, Restarts] = {}
        self.repairs: dict[int, Repair] = {}
        self.node_limit, self.nodes = node_limit, 0
        self.random = np.random.default_rng(0)

    def is_open(self, goal: int) -> bool:
        """True while the goal is neither reached nor refuted and there are nodes left."""
        return max(goal, self.bound) < self.peak and self.nodes < self.node_limit

    def attempt(self, limit: int, effort: int) -> None:
        """Look for a placement within `limit` bytes, or for the proof that there is none."""
        if self.count <= LARGE or effort > PATIENCE:
            found = self._search(limit, np.arange(self.count), 2 * RUNS * effort)
            if found is not None and found is not False:
                self._take(found)
        if self.bound <= limit < self.peak:
            self._around_hot(limit, effort)
        if self.bound <= limit < self.peak:
            if limit not in self.repairs:
                self.repairs[limit] = Repair(self.problem, limit, self.best, self.random)
            self._repair(self.repairs[limit], ATTEMPTS * STEPS * effort)

    def _around_hot(self, limit: int, effort: int) -> None:
        """Place ever more hot buffers by search, and put in the others, mostly around the largest two sets found."""
        placed: list[tuple[Ints, Ints]] = []
        for hot in self._hot(limit):
            found = self._search(limit, hot, RUNS * effort)
            if found is False:
                return
            if found is None:
                break
            placed.append((hot, found))
            self._complete(limit, hot, found, STEPS * effort)
            if self.peak <= limit:
                return
        for hot, found in placed[:-3:-1] * (ATTEMPTS - 1):
            if self.peak > limit:
                self._complete(limit, hot, found, STEPS * effort)

    def _hot(self, limit: int) -> list[Ints]:
        """Ever larger sets of buffers that live where more than a fraction of the limit is alive, or lie already."""
        sets = [np.flatnonzero((self.loads > fraction * limit) | (self.problem.given != FREE)) for fraction in HOT]
        sizes = [0, *map(len, sets)]
        return [hot for hot, size in zip(sets, sizes, strict=False) if size < len(hot) < self.count]

    def _search(self, limit: int, buffers: Ints, runs: int) -> Ints | Literal[False] | None:
        """Search for a placement of some buffers, as `Restarts.search` does; where there is none, the bound rises."""
        restarts = self.restarts.get(len(buffers))
        if restarts is None:
            restarts = self.restarts[len(buffers)] = Restarts(self.problem.subset(buffers))
        before = restarts.nodes
        found = restarts.search(limit, runs, self.node_limit - self.nodes, self.nodes)
        self.nodes += restarts.nodes - before
        if found is False:
            self.bound = max(self.bound, limit + 1)
        return found

    def _complete(self, limit: int, hot: Ints, found: Ints, steps: int) -> None:
        """Put in what is missing around the buffers that the search has placed."""
        offsets, penalties = np.full(self.count, HOMELESS), np.ones(self.count, np.int64)
        offsets[hot], penalties[hot] = found, SETTLED
        self._repair(Repair(self.problem, limit, offsets, self.random, penalties), steps)

    def _repair(self, repair: Repair, steps: int) -> None:
        """Take so many steps of a repair per buffer."""
        most = STEPS_PER_NODE * max(self.node_limit - self.nodes, 0)
        self.nodes += -(-repair.run(min(steps * self.count, most)) // STEPS_PER_NODE)
        self._take(repair.best)

    def _take(self, offsets: Ints) -> None:
        peak = self.problem.peak(offsets)
        if peak < self.peak:
            self.best, self.peak = offsets, peak
