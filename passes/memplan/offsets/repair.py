"""Repair of a placement that does not fit: buffers above the limit are put in where they push out least.

Guided ejection (after Nagata and Bräysy, Operations Research Letters 2009): a buffer that is hard to place gets a
penalty, and a homeless buffer takes the offset where the penalties of those that it pushes out, times their bytes and
steps, are least. Now and then all buffers fall down or rise, which gathers the free bytes. It proves nothing, but it is
at home in long chains of small lifetimes, where the search from the bottom upwards must get everything right at once.
"""

from __future__ import annotations

import numpy as np

from . import repair_kernel as kernel
from .compiled import compiled, rows, worthwhile
from .greedy import first_fit
from .problem import FREE, Ints, Problem
from .repair_kernel import COUNT, FOREVER, HOMELESS, MODULUS, State, Tables

SCALE = 64
"""The mean weight of a buffer."""


class Repair:
    """A placement under way within a limit (bytes); `best` is the best complete placement seen, within it or not."""

    def __init__(
        self,
        problem: Problem,
        limit: int,
        offsets: Ints,
        random: np.random.Generator,
        penalties: Ints | None = None,
    ):
        """Begin with these offsets, some perhaps HOMELESS, and a penalty for each buffer, by default 1."""
        self.problem, self.limit = problem, limit
        self.highest = (limit - problem.true_sizes) // problem.alignments * problem.alignments
        self.given = problem.given != FREE
        out = ((offsets > self.highest) | (offsets == HOMELESS)) & ~self.given
        self.best, self.best_peak = offsets, problem.peak(offsets)
        if (offsets == HOMELESS).any():
            self.best_peak = 1 << 62
        self.tables = self._tables()
        count, most = len(offsets), int(np.diff(self.tables.starts).max(initial=0))
        room = np.zeros((3, most), np.int64)
        self.state = State(
            offsets=np.where(out, HOMELESS, offsets),
            penalties=np.ones(count, np.int64) if penalties is None else penalties.copy(),
            homeless=np.argsort(~out, kind="stable"),
            counts=np.array([out.sum(), 0, random.integers(MODULUS)]),
            settled=np.zeros(count, np.int64),
            begins=room[0],
            ends=room[1],
            near=room[2],
            choices=np.zeros(2 * most + 2, np.int64),
        )
        self.fast = False

    def _tables(self) -> Tables:
        problem = self.problem
        areas = problem.sizes * np.maximum(problem.upper - problem.lower, 1.0)
        weights = np.maximum(areas * SCALE / areas.mean(), 1) if len(areas) else areas
        return Tables(
            *problem.edges,
            alignments=problem.alignments,
            highest=self.highest,
            lower=problem.lower,
            weights=np.where(self.given, FOREVER, weights.astype(np.int64)),
        )

    @property
    def homeless(self) -> list[int]:
        """The buffers without an offset."""
        return [int(buffer) for buffer in self.state.homeless[: self.state.counts[COUNT]]]

    def run(self, steps: int) -> int:
        """Take at most this many steps, until all fit; returns how many were taken."""
        self.fast = self.fast or worthwhile(steps)
        self.tables, self.state = rows(self.tables, self.fast), rows(self.state, self.fast)
        run = compiled(kernel.__name__, "run") if self.fast else kernel.run
        taken = int(run(self.tables, self.state, steps))
        self._complete()
        return taken

    def _complete(self) -> None:
        """Remember the placement, its homeless buffers where first-fit puts them: above the limit if need be."""
        offsets = np.array(self.state.offsets, np.int64)
        if self.homeless:
            placed = np.flatnonzero(offsets != HOMELESS)
            order = np.concatenate([placed[np.argsort(offsets[placed], kind="stable")], np.array(self.homeless)])
            offsets = first_fit(self.problem, order)
        peak = self.problem.peak(offsets)
        if peak < self.best_peak:
            self.best, self.best_peak = offsets, peak
