"""Many short runs of the offset search instead of one long one, each with other preferences.

A good order of preference finds a placement with hardly a wrong decision; a bad one gets lost. So runs are short and
varied, and only every fourth is twice as long, every sixteenth four times, and so on (after Luby et al., 1993).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .offsets_problem import Ints, Problem
from .offsets_repair import Repair
from .offsets_search import OutOfNodes, Preference, Search, Weights

RUN = 2
"""Nodes of the shortest run, per buffer."""

RUNS = 32
STEPS = 32
"""The least effort at one limit: runs of the search, and steps of the repair per buffer."""

BETWEEN = 8
"""By how much less effort a limit above the bound gets than the bound itself."""

PREFERENCES = (
    (9, 1, 0),
    (1, 0, 9),
    (1, 9, 0),
    (-1, 9, 0),
    (1, 1, 0),
    (-9, 1, 0),
    (1, -9, 0),
    (-9, -1, 0),
)
"""Weights of size, length of life and number of neighbours that are tried first: mostly one, then another."""


def improve(problem: Problem, offsets: Ints, bound: int, node_limit: int, goal: int) -> tuple[Ints, int, int]:
    """Better offsets than these, a proven lower bound at least `bound` (bytes), and the number of nodes visited.

    Stops at a placement of `goal` bytes, at least the bound, which is tried first; then by bisection what is between
    the bound and the best placement; where that could not tell, again with more effort.
    """
    hunt = Hunt(problem, offsets, node_limit)
    limit, effort = goal, 1
    while max(goal, bound) < hunt.peak and hunt.nodes < node_limit:
        low = bound
        while low < hunt.peak and hunt.nodes < node_limit:
            if hunt.refutes(limit, effort if limit == bound else -(-effort // BETWEEN)):
                low = bound = limit + 1
            elif limit < hunt.peak:
                low = limit + 1
            limit = (low + hunt.peak - 1) // 2
        limit, effort = max(goal, bound), 2 * effort
    return hunt.best, bound, hunt.nodes


class Hunt:
    """Searches in both directions of time and repairs, for ever better placements: `best`, which needs `peak` bytes.

    `nodes` counts what all searches visited; a step of a repair counts as one.
    """

    def __init__(self, problem: Problem, offsets: Ints, node_limit: int):
        self.problem, self.best, self.peak = problem, offsets, problem.peak(offsets)
        self.searches = (Search(problem), Search(problem.mirrored()))
        self.repairs: dict[int, Repair] = {}
        self.count = len(offsets)
        self.node_limit, self.nodes = node_limit, 0
        self.random = np.random.default_rng(0)

    def refutes(self, limit: int, effort: int) -> bool:
        """Look for a placement within `limit` bytes; True when there is none, False when there is or nobody knows.

        At a limit's first time, one short run for each of PREFERENCES, then random ones; repair in either case.
        """
        first = limit not in self.repairs
        if not self.problem.plain:
            self._repair(limit, min(STEPS * effort * self.count, self.node_limit - self.nodes))
            return False
        for search, preference, length in self._first_runs() if first else self._random_runs(RUNS * effort):
            nodes = min(length * RUN * search.count, self.node_limit - self.nodes)
            if nodes <= 0:
                return False
            try:
                if not search.run(limit, preference, nodes):
                    return True
                self._take(search.solution())
                return False
            except OutOfNodes:
                pass
            finally:
                self.nodes += nodes - max(search.nodes_left, 0)
        self._repair(limit, min(STEPS * effort * self.count, self.node_limit - self.nodes))
        return False

    def _take(self, offsets: Ints) -> None:
        peak = self.problem.peak(offsets)
        if peak < self.peak:
            self.best, self.peak = offsets, peak

    def _repair(self, limit: int, steps: int) -> None:
        """Repair what was left of the last attempt at this limit, or the best placement so far."""
        if limit not in self.repairs:
            self.repairs[limit] = Repair(self.problem, limit, self.best, self.random)
        repair = self.repairs[limit]
        self.nodes += repair.run(steps)
        self._take(repair.best)

    def _first_runs(self) -> Iterator[tuple[Search, Preference, int]]:
        for weights in PREFERENCES:
            for search in self.searches:
                yield search, Preference(np.array(weights) @ search.features), 1

    def _random_runs(self, runs: int) -> Iterator[tuple[Search, Preference, int]]:
        """Random weights of features, noise and blame; every other run goes where runs have failed before."""
        random = self.random
        for run in range(1, runs + 1):
            search = self.searches[random.integers(2)]
            weights = random.normal(size=3) ** random.choice([1, 3]) @ search.features
            weights += random.normal(size=search.count) * random.choice([0, 0.1, 0.5])
            weights += standardized(np.log1p(search.blame[:-1])) * random.choice([0, 1, 2])
            yield search, Preference(weights, bool(random.integers(2))), run_length(run)


def run_length(run: int) -> int:
    """1, and for every fourth run, counted from 1, 2, for every sixteenth 4, ..."""
    return 1 << ((run & -run).bit_length() - 1) // 2


def standardized(values: Weights) -> Weights:
    """With mean 0 and, unless they are all the same, deviation 1."""
    return (values - values.mean()) / (values.std() + 1e-9)
