"""Many short runs of the offset search instead of one long one, each with other preferences.

A good order of preference finds a placement with hardly a wrong decision; a bad one gets lost. So runs are short and
varied, and only every fourth is twice as long, every sixteenth four times, and so on (after Luby et al., 1993).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .offsets import Ints, Problem
from .offsets_search import OutOfNodes, Preference, Search, Weights

RUN = 2
"""Nodes of the shortest run, per buffer."""

BETWEEN = 8
"""By how much fewer runs a limit above the bound gets than the bound itself."""

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


def improve(problem: Problem, offsets: Ints, bound: int, node_limit: int) -> tuple[Ints, int, int]:
    """Better offsets than these, a proven lower bound at least `bound` (bytes), and the number of nodes visited.

    Tries the bound itself first, then by bisection what is between it and the best placement; where runs could not
    tell, again with more of them.
    """
    hunt = Hunt(problem, node_limit)
    best, limit, runs = offsets, bound, 0
    while bound < problem.peak(best) and hunt.nodes < node_limit:
        low = bound
        while low < problem.peak(best) and hunt.nodes < node_limit:
            found = hunt.fit(limit, runs if limit == bound else -(-runs // BETWEEN))
            if isinstance(found, np.ndarray):
                best = found
            else:
                low = limit + 1
                bound = low if found is False else bound
            limit = (low + problem.peak(best) - 1) // 2
        limit, runs = bound, max(2 * runs, 64)
    return best, bound, hunt.nodes


class Hunt:
    """Runs of the search in both directions of time; `nodes` counts all of them."""

    def __init__(self, problem: Problem, node_limit: int):
        self.searches = (Search(problem), Search(problem.mirrored()))
        self.node_limit, self.nodes = node_limit, 0
        self.random = np.random.default_rng(0)

    def fit(self, limit: int, runs: int) -> Ints | bool:
        """Offsets with a peak of at most `limit` bytes; False when there are none, True when the runs cannot tell.

        With 0 runs, one short run for each of PREFERENCES, else this many with random preferences.
        """
        for search, preference, length in self._random_runs(runs) if runs else self._first_runs():
            nodes = min(length * RUN * search.count, self.node_limit - self.nodes)
            if nodes <= 0:
                break
            try:
                found = search.run(limit, preference, nodes)
            except OutOfNodes:
                continue
            finally:
                self.nodes += nodes - max(search.nodes_left, 0)
            return search.solution() if found else False
        return True

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
