"""Many short runs of the offset search instead of one long one, each with other preferences.

A good order of preference finds a placement with hardly a wrong decision; a bad one gets lost. So runs are short and
varied, and only every fourth is twice as long, every sixteenth four times, and so on (after Luby et al., 1993). How
many decisions a run had standing at its best says how good its preferences were: most runs vary those of the best runs
so far, as an evolution strategy does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from .compiled import worthwhile
from .problem import Ints, Problem
from .search import OutOfNodes, Preference, Search, Weights

RUN = 2
"""Nodes of the shortest run, per buffer."""

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

ELITE = 12
"""How many of the best runs are varied."""

FORGET = 500
"""After so many runs the best quarter of the elite is forgotten: it may lead nowhere."""


class Run(NamedTuple):
    """A run to make, or made: how many decisions stood at most, in which direction of time, with which preference."""

    depth: int
    direction: int
    preference: Preference


class Restarts:
    """Runs of the search in both directions of time; `nodes` counts what they visited."""

    def __init__(self, problem: Problem):
        self.searches = (Search(problem), Search(problem.mirrored()))
        self.count = len(problem.sizes)
        self.random = np.random.default_rng(1)
        self.limit, self.runs, self.nodes = -1, 0, 0
        self.elite: list[Run] = []
        self.first: Iterator[Run] = iter(())

    def search(self, limit: int, runs: int, nodes: int, spent: int = 0) -> Ints | Literal[False] | None:
        """Offsets within `limit` bytes, False when there are none; None when it is open after so many runs or nodes.

        `spent` are nodes that others have visited: after some it pays to load the compiled search.
        """
        if limit != self.limit:
            self.limit, self.first = limit, self._first_runs()
            self.elite = [run._replace(depth=0) for run in self.elite]
        end = self.nodes + nodes
        for _ in range(runs):
            run = next(self.first, None)
            if run is None:
                self.runs += 1
                run, length = self._vary(), run_length(self.runs)
            else:
                length = 1
            budget = min(length * RUN * self.count, end - self.nodes)
            if budget <= 0:
                return None
            search = self.searches[run.direction]
            search.fast = search.fast or worthwhile(spent + self.nodes)
            try:
                return search.solution() if search.run(limit, run.preference, budget) else False
            except OutOfNodes:
                self._remember(run._replace(depth=search.depth))
            finally:
                self.nodes += budget - search.nodes_left
        return None

    def _remember(self, run: Run) -> None:
        """Keep the best runs; the last place changes hands at random, so that equals take turns."""
        self.elite.append(run)
        self.elite.sort(key=lambda run: -run.depth)
        if len(self.elite) > ELITE:
            self.elite.pop(-1 - int(self.random.integers(2)))
        if self.runs % FORGET == FORGET - 1:
            del self.elite[: ELITE // 4]

    def _first_runs(self) -> Iterator[Run]:
        for weights in PREFERENCES:
            for by_trouble in (False, True):
                for direction, search in enumerate(self.searches):
                    yield Run(0, direction, Preference(np.array(weights) @ search.features, by_trouble))

    def _vary(self) -> Run:
        """A variation of one of the best runs, or something new."""
        random = self.random
        if random.random() < 0.3:
            return self._random_run()
        run = self.elite[random.integers(len(self.elite))]
        search, weights = self.searches[run.direction], run.preference.weights
        if random.random() < 0.5:
            some = random.random(search.count) < random.choice([0.05, 0.3, 1])
            change = random.normal(size=search.count) * random.choice([0.03, 0.1, 0.3]) * some
        else:
            change = standardized(np.log1p(search.blame)) * random.choice([0.1, 0.3, 1])
            change += random.normal(size=3) @ search.features * random.choice([0, 0.1, 0.3])
        return run._replace(preference=Preference(weights + change * weights.std(), run.preference.by_trouble))

    def _random_run(self) -> Run:
        """Random weights of features, noise and blame; every other run goes where runs have failed before."""
        random = self.random
        direction = int(random.integers(2))
        search = self.searches[direction]
        weights = random.normal(size=3) ** random.choice([1, 3]) @ search.features
        weights += random.normal(size=search.count) * random.choice([0, 0.1, 0.5])
        weights += standardized(np.log1p(search.blame)) * random.choice([0, 1, 2])
        return Run(0, direction, Preference(weights, bool(random.integers(2))))


def run_length(run: int) -> int:
    """1, and for every fourth run, counted from 1, 2, for every sixteenth 4, ..."""
    return 1 << ((run & -run).bit_length() - 1) // 2


def standardized(values: Weights) -> Weights:
    """With mean 0 and, unless they are all the same, deviation 1."""
    return (values - values.mean()) / (values.std() + 1e-9)
