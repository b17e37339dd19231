"""Where to cut a chain into segments: the tensors between two segments are held whole.

A bottleneck shortest path over the cuts finds the least peak; a second path finds, among all ways that stay within that
peak (or within a limit given), the one with the fewest slices: what runs in one piece runs fastest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ....dialects.memplan.liveness import StepOp
from .chain import Chain, Segment

INFINITE = 1 << 62

WORK = 3_000_000
"""Slices that are put in order by default, for each of the two searches: some three seconds."""

STREAMED, WHOLE = 1000, 30
"""How many slices take as long as it takes to look at a segment, one in slices or one in one piece each."""


class Cuts:
    """The segments of a chain, each evaluated once. One step may be bound to run in slices, one not to.

    Long segments are left out where a search has spent its share of the `work`; it is then `limited`.
    """

    def __init__(
        self, tasks: Chain, must_slice: StepOp | None = None, must_not: StepOp | None = None, work: int = WORK
    ):
        self.chain, self.must_slice, self.must_not = tasks, must_slice, must_not
        self.count = len(tasks.tasks)
        self.work, self.spent, self.limited = work, 0, False
        self._peaks: dict[tuple[int, int, bool], int] = {}
        self._slices = [0]
        for task in tasks.tasks:
            self._slices.append(self._slices[-1] + task.slices)

    def peak(self, first: int, last: int, streamed: bool) -> int:
        """The peak in bytes of tasks `first` to `last` (exclusive) as a segment."""
        key = (first, last, streamed)
        if key not in self._peaks:
            if streamed:
                self.spent += STREAMED + self._slices[last] - self._slices[first]
                self._peaks[key] = self.chain.segment(first, last, True).peak
            else:
                self.spent += WHOLE + (last - first) // 10
                self._peaks[key] = self.chain.pieces.peak(first, last)
        return self._peaks[key]

    def runs(self, last: int, share: float) -> Iterator[tuple[int, bool]]:
        """The segments that may end before task `last`: (first task, streamed), in one piece each, then in slices.

        Where more work is spent than `share`, only the shortest.
        """
        for first in range(last - 1, -1, -1):
            if self.chain.tasks[first].op is self.must_slice or self._too_long(first, last, share):
                break
            self.spent += 1
            yield first, False
        for first in range(last - 1, -1, -1):
            if self.chain.tasks[first].along is None or self.chain.tasks[first].op is self.must_not:
                return
            if self._too_long(first, last, share):
                return
            self.spent += 1
            yield first, True

    def _too_long(self, first: int, last: int, share: float) -> bool:
        too_long = first < last - 1 and self.spent > share
        self.limited = self.limited or too_long
        return too_long

    def least_peak(self) -> int:
        """The least peak in bytes of all ways to cut."""
        peaks = [0] + [INFINITE] * self.count
        for last in range(1, self.count + 1):
            for first, streamed in self.runs(last, self.work * last / self.count):
                if peaks[first] < peaks[last]:
                    peaks[last] = min(peaks[last], max(peaks[first], self.peak(first, last, streamed)))
        return peaks[self.count]

    def fewest_slices(self, limit: int) -> list[Segment]:
        """The segments of the way with the fewest slices among those with no peak above the limit.

        The limit is at least the least peak, which is to be found before.
        """
        slices = [0] + [INFINITE] * self.count
        before: list[tuple[int, bool]] = [(0, False)] * (self.count + 1)
        known: dict[int, list[tuple[int, bool]]] = {}
        for first, last, streamed in self._peaks:
            if streamed or all(task.op is not self.must_slice for task in self.chain.tasks[first:last]):
                known.setdefault(last, []).append((first, streamed))
        start = self.spent
        for last in range(1, self.count + 1):
            runs = self.runs(last, start + self.work * last / self.count)
            for first, streamed in chain(runs, known.get(last, ())):
                total = self._slices[last] - self._slices[first] if streamed else 0
                cost = slices[first] + total
                if cost < slices[last] and self.peak(first, last, streamed) <= limit:
                    slices[last], before[last] = cost, (first, streamed)
        path: list[Segment] = []
        last = self.count
        while last > 0:
            assert slices[last] < INFINITE, "the limit is at least the least peak"
            first, streamed = before[last]
            path.append(self.chain.segment(first, last, streamed))
            last = first
        return path[::-1]
