"""Repair of a placement that does not fit: buffers above the limit are put in where they push out least.

Guided ejection (after Nagata and Bräysy, Operations Research Letters 2009): a buffer that is hard to place gets a
penalty, and a homeless buffer takes the offset where the penalties of those that it pushes out, times their bytes and
steps, are least. Now and then all buffers fall down or rise, which gathers the free bytes. It proves nothing, but it is
at home in long chains of small lifetimes, where the search from the bottom upwards must get everything right at once.
"""

from __future__ import annotations

import numpy as np

from . import offsets_repair_kernel as kernel
from .offsets_compiled import compiled, rows, worthwhile
from .offsets_greedy import first_fit
from .offsets_problem import FREE, Ints, Problem
from .offsets_repair_kernel import COUNT, FOREVER, HOMELESS, MODULUS, State, Tables

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
        count, homeless = len(offsets), np.flatnonzero(out).tolist()
        most = max((len(others) for others in problem.neighbours), default=0)
        self.state = State(
            offsets=np.where(out, HOMELESS, offsets).tolist(),
            penalties=[1] * count if penalties is None else penalties.tolist(),
            homeless=homeless + [0] * (count - len(homeless)),
            counts=[len(homeless), 0, int(random.integers(MODULUS))],
            settled=[0] * count,
            begins=[0] * most,
            ends=[0] * most,
            near=[0] * most,
            choices=[0] * (2 * most + 2),
        )
        self.fast = False

    def _tables(self) -> Tables:
        problem = self.problem
        areas = problem.sizes * np.maximum(problem.upper - problem.lower, 1.0)
        weights = np.maximum(areas * SCALE / areas.mean(), 1) if len(areas) else areas
        starts = np.cumsum([0, *(len(others) for others in problem.neighbours)])
        none = np.zeros(0, np.int64)
        return Tables(
            starts=starts.tolist(),
            others=np.concatenate([none, *problem.neighbours]).tolist(),
            above=np.concatenate([none, *(above for above, _ in problem.gaps)]).tolist(),
            below=np.concatenate([none, *(below for _, below in problem.gaps)]).tolist(),
            alignments=problem.alignments.tolist(),
            highest=self.highest.tolist(),
            lower=problem.lower.tolist(),
            weights=np.where(self.given, FOREVER, weights.astype(np.int64)).tolist(),
        )

    @property
    def homeless(self) -> list[int]:
        """The buffers without an offset."""
        return [int(buffer) for buffer in self.state.homeless[: self.state.counts[COUNT]]]

    def run(self, steps: int) -> int:
        """Take at most this many steps, until all fit; returns how many were taken."""
        if not self.fast and worthwhile(steps):
            self.fast, self.tables, self.state = True, rows(self.tables), rows(self.state)
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
