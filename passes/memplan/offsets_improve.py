"""Ever better placements: search and repair at the lower bound first, then by bisection above it.

In a long network few times have nearly the most bytes alive, and only the buffers alive then are hard to place. So the
search first places those that live where more than a fraction of the limit is alive; the repair puts in the others,
and where it cannot, a larger fraction of the buffers is searched. What is refuted for some of the buffers is refuted.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .offsets_problem import FREE, Ints, Problem
from .offsets_repair import HOMELESS, Repair
from .offsets_restarts import Restarts

RUNS = 32
STEPS = 32
"""The least effort at one limit: runs of the search, and steps of the repair per buffer."""

BETWEEN = 8
"""By how much less effort a limit above the bound gets than the bound itself."""

HOT = (0.97, 0.95, 0.9, 0.8)
"""Fractions of the limit: buffers that live where more is alive are placed first."""

SOME = 0.8
"""Of all buffers: where more are hot, all are searched at once."""

SETTLED = 30
"""The penalty for pushing out a buffer that the search has placed; for others it begins at 1."""

LARGE = 600
"""Problems of more buffers are searched as a whole only when more effort is due."""


def improve(problem: Problem, offsets: Ints, bound: int, node_limit: int, goal: int) -> tuple[Ints, int, int]:
    """Better offsets than these, a proven lower bound at least `bound` (bytes), and the number of nodes visited.

    Stops at a placement of `goal` bytes, at least the bound, which is tried first; then by bisection what is between
    the goal and the best placement; where that could not tell, again with more effort.
    """
    hunt = Hunt(problem, offsets, node_limit)
    limit, effort = goal, 1
    while max(goal, bound) < hunt.peak and hunt.nodes < node_limit:
        low = max(goal, bound)
        while low < hunt.peak and hunt.nodes < node_limit:
            if hunt.refutes(limit, effort if limit == low else -(-effort // BETWEEN)):
                low = bound = limit + 1
            elif limit < hunt.peak:
                low = limit + 1
            limit = (low + hunt.peak - 1) // 2
        limit, effort = max(goal, bound), 2 * effort
    return hunt.best, bound, hunt.nodes


class Hunt:
    """Searches and repairs for ever better placements: `best`, which needs `peak` bytes.

    `nodes` counts what all searches visited; a step of a repair counts as one.
    """

    def __init__(self, problem: Problem, offsets: Ints, node_limit: int):
        self.problem, self.best, self.peak = problem, offsets, problem.peak(offsets)
        self.loads, self.count = problem.loads(), len(offsets)
        self.given = bool((problem.given != FREE).any())
        self.restarts: dict[int, Restarts] = {}
        self.repairs: dict[int, Repair] = {}
        self.node_limit, self.nodes = node_limit, 0
        self.random = np.random.default_rng(0)

    def refutes(self, limit: int, effort: int) -> bool:
        """Look for a placement within `limit` bytes; True when there is none, False when there is or nobody knows."""
        if not self.given:
            for hot in self._hot(limit):
                found = self._search(limit, hot, effort)
                if found is False:
                    return True
                if found is not None:
                    self._complete(limit, hot, found, effort)
                if self.peak <= limit:
                    return False
            if self.count <= LARGE or effort >= BETWEEN:
                found = self._search(limit, np.arange(self.count), effort)
                if found is False:
                    return True
                if found is not None:
                    self._take(found)
                    return False
        self._repair(limit, effort)
        return False

    def _hot(self, limit: int) -> list[Ints]:
        """Ever larger sets of buffers that live where more than a fraction of the limit is alive."""
        sets = [np.flatnonzero(self.loads > fraction * limit) for fraction in HOT]
        sizes = [0, *map(len, sets)]
        return [hot for hot, size in zip(sets, sizes, strict=False) if size < len(hot) <= SOME * self.count]

    def _search(self, limit: int, buffers: Ints, effort: int) -> Ints | Literal[False] | None:
        """Search for a placement of some buffers, as `Restarts.search` does."""
        restarts = self.restarts.get(len(buffers))
        if restarts is None:
            restarts = self.restarts[len(buffers)] = Restarts(self.problem.subset(buffers))
        before = restarts.nodes
        found = restarts.search(limit, RUNS * effort, self.node_limit - self.nodes)
        self.nodes += restarts.nodes - before
        return found

    def _complete(self, limit: int, hot: Ints, found: Ints, effort: int) -> None:
        """Put in what is missing around the buffers that the search has placed."""
        offsets, penalties = np.full(self.count, HOMELESS), np.ones(self.count, np.int64)
        offsets[hot], penalties[hot] = found, SETTLED
        offsets = np.where(self.problem.given == FREE, offsets, self.problem.given)
        repair = Repair(self.problem, limit, offsets, self.random, penalties)
        self.nodes += repair.run(min(8 * effort * self.count, self.node_limit - self.nodes))
        self._take(repair.best)

    def _repair(self, limit: int, effort: int) -> None:
        """Repair what was left of the last attempt at this limit, or the best placement so far."""
        if limit not in self.repairs:
            self.repairs[limit] = Repair(self.problem, limit, self.best, self.random)
        repair = self.repairs[limit]
        self.nodes += repair.run(min(STEPS * effort * self.count, self.node_limit - self.nodes))
        self._take(repair.best)

    def _take(self, offsets: Ints) -> None:
        peak = self.problem.peak(offsets)
        if peak < self.peak:
            self.best, self.peak = offsets, peak
