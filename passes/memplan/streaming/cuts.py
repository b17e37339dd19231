"""Where to cut a chain into segments: the tensors between two segments are held whole.

A bottleneck shortest path over the cuts finds the least peak; a second path finds, among all ways that stay within that
peak (or within a limit given), the one with the fewest slices: what runs in one piece runs fastest.
"""

from __future__ import annotations

from collections.abc import Iterator

from ....dialects.memplan.liveness import StepOp
from .chain import Chain, Segment

INFINITE = 1 << 62


class Cuts:
    """The segments of a chain, each evaluated once. One step may be bound to run in slices, one not to."""

    def __init__(self, chain: Chain, must_slice: StepOp | None = None, must_not: StepOp | None = None):
        self.chain, self.must_slice, self.must_not = chain, must_slice, must_not
        self.count = len(chain.tasks)
        self._segments: dict[tuple[int, int, bool], Segment] = {}

    def segment(self, first: int, last: int, streamed: bool) -> Segment:
        """The segment of tasks `first` to `last` (exclusive)."""
        key = (first, last, streamed)
        if key not in self._segments:
            self._segments[key] = self.chain.segment(first, last, streamed)
        return self._segments[key]

    def runs(self, last: int) -> Iterator[tuple[int, bool]]:
        """The segments that may end before task `last`: (first task, streamed), in one piece each, then in slices."""
        for first in range(last - 1, -1, -1):
            if self.chain.tasks[first].op is self.must_slice:
                break
            yield first, False
        for first in range(last - 1, -1, -1):
            if self.chain.tasks[first].along is None or self.chain.tasks[first].op is self.must_not:
                return
            yield first, True

    def least_peak(self) -> int:
        """The least peak in bytes of all ways to cut."""
        peaks = [0] + [INFINITE] * self.count
        for last in range(1, self.count + 1):
            for first, streamed in self.runs(last):
                if peaks[first] < peaks[last]:
                    peak = self.segment(first, last, streamed).peak
                    peaks[last] = min(peaks[last], max(peaks[first], peak))
        return peaks[self.count]

    def fewest_slices(self, limit: int) -> list[Segment]:
        """The segments of the way with the fewest slices among those with no peak above the limit, which must exist."""
        slices = [0] + [INFINITE] * self.count
        before: list[Segment | None] = [None] * (self.count + 1)
        for last in range(1, self.count + 1):
            total = 0
            for first, streamed in self.runs(last):
                total += self.chain.tasks[first].slices if streamed else 0
                cost = slices[first] + total
                if cost < slices[last]:
                    segment = self.segment(first, last, streamed)
                    if segment.peak <= limit:
                        slices[last], before[last] = cost, segment
        path: list[Segment] = []
        last = self.count
        while last > 0:
            segment = before[last]
            assert segment is not None, "the limit is at least the least peak"
            path.append(segment)
            last = segment.first
        return path[::-1]
