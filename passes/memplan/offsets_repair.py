"""Repair of a placement that does not fit: buffers above the limit are put in where they push out least.

Guided ejection (after Nagata and Bräysy, Operations Research Letters 2009): a buffer that is hard to place gets a
penalty, and a homeless buffer takes the offset where the penalties of those that it pushes out are least. Now and then
all buffers fall down or rise, which gathers the free bytes. It proves nothing, but it is at home in long chains of
small lifetimes, where the search from the bottom upwards must get everything right at once.
"""

from __future__ import annotations

import numpy as np

from .offsets_greedy import first_fit
from .offsets_problem import FREE, Ints, Problem

HOMELESS = -1
"""The offset of a buffer that has none."""


class Repair:
    """A placement under way within a limit (bytes); `best` is the best complete placement seen, within it or not."""

    def __init__(self, problem: Problem, limit: int, offsets: Ints, random: np.random.Generator):
        self.problem, self.limit, self.random = problem, limit, random
        self.best, self.best_peak = offsets, problem.peak(offsets)
        self.offsets = offsets.copy()
        self.count = len(offsets)
        self.neighbours, self.gaps = problem.neighbours, problem.gaps
        self.highest = (limit - problem.true_sizes) // problem.alignments * problem.alignments
        self.given = problem.given != FREE
        self.homeless = [int(buffer) for buffer in np.flatnonzero((offsets > self.highest) & ~self.given)]
        self.offsets[self.homeless] = HOMELESS
        self.penalties = np.where(self.given, np.inf, 1)
        self.least_homeless = self.count
        self.steps = 0

    def run(self, steps: int) -> int:
        """Take at most this many steps, until all fit; returns how many were taken."""
        for step in range(steps):
            if not self.homeless:
                return step
            self.steps += 1
            if self.steps % self.count == 0:
                self._settle(rise=bool(self.steps // self.count % 2))
            index = self.random.integers(len(self.homeless))
            self.homeless[index], self.homeless[-1] = self.homeless[-1], self.homeless[index]
            self._insert(self.homeless.pop())
            if len(self.homeless) < self.least_homeless:
                self.least_homeless = len(self.homeless)
                self._complete()
        return steps

    def _insert(self, buffer: int) -> None:
        """Place a buffer at one of the offsets where it pushes out least."""
        alignment = self.problem.alignments[buffer]
        neighbours, (above, below) = self.neighbours[buffer], self.gaps[buffer]
        placed = self.offsets[neighbours] != HOMELESS
        neighbours = neighbours[placed]
        starts = self.offsets[neighbours] - below[placed]
        ends = self.offsets[neighbours] + above[placed]
        edges = np.array([0, self.highest[buffer]])
        choices = np.concatenate([-(-ends // alignment) * alignment, starts // alignment * alignment, edges])
        choices = np.unique(choices[(choices >= 0) & (choices <= self.highest[buffer])])
        conflicts = (starts < choices[:, None]) & (ends > choices[:, None])
        penalties = np.broadcast_to(self.penalties[neighbours], conflicts.shape)
        costs = np.where(conflicts, penalties, 0).sum(1)
        if costs.min() == np.inf:
            self.homeless.append(buffer)
            return
        least = np.flatnonzero(costs == costs.min())
        choice = least[self.random.integers(len(least))]
        pushed_out = neighbours[conflicts[choice]]
        if len(pushed_out):
            self.penalties[buffer] += 1
            self.offsets[pushed_out] = HOMELESS
            self.homeless.extend(map(int, pushed_out))
        self.offsets[buffer] = choices[choice]

    def _settle(self, rise: bool) -> None:
        """Let every placed buffer fall onto the one below it, or rise to the one above, in their order."""
        alignments = self.problem.alignments
        placed = np.flatnonzero((self.offsets != HOMELESS) & ~self.given)
        order = placed[np.lexsort((-self.problem.lower[placed], self.offsets[placed]))]
        settled = np.where(self.given, self.offsets, HOMELESS)
        for buffer in map(int, reversed(order) if rise else order):
            others, (above, below) = self.neighbours[buffer], self.gaps[buffer]
            before, offset = self.offsets[others], self.offsets[buffer]
            if rise:
                limits = (settled[others] - below)[(before != HOMELESS) & (offset + below <= before)]
                free = min(int(limits.min(initial=1 << 62)), self.highest[buffer])
                settled[buffer] = free // alignments[buffer] * alignments[buffer]
            else:
                limits = (settled[others] + above)[(before != HOMELESS) & (before + above <= offset)]
                settled[buffer] = -(-int(limits.max(initial=0)) // alignments[buffer]) * alignments[buffer]
        self.offsets = settled

    def _complete(self) -> None:
        """Remember the placement, its homeless buffers where first-fit puts them: above the limit if need be."""
        if self.homeless:
            placed = np.flatnonzero(self.offsets != HOMELESS)
            order = np.concatenate([placed[np.argsort(self.offsets[placed], kind="stable")], np.array(self.homeless)])
            offsets = first_fit(self.problem, order)
        else:
            offsets = self.offsets.copy()
        peak = self.problem.peak(offsets)
        if peak < self.best_peak:
            self.best, self.best_peak = offsets, peak
