"""A number for each byte, kept once for neighbours that have the same: what the plan checker knows of a memory.

Runs are disjoint intervals of bytes in increasing order, an array of shape (runs, 2), the ends exclusive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Runs = NDArray[np.int64]


def run(start: int, end: int) -> Runs:
    """All bytes from `start` to `end` (exclusive)."""
    return np.array([[start, end]], np.int64)


def runs_of_mask(mask: NDArray[np.bool_]) -> Runs:
    """The runs of True in a flat mask."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges.astype(np.int64).reshape(-1, 2)


def within(runs: Runs, start: int, end: int) -> Runs:
    """The part of runs inside [start, end)."""
    first, last = np.searchsorted(runs[:, 1], start, "right"), np.searchsorted(runs[:, 0], end, "left")
    return runs[first:last].clip(start, end)


class Numbers:
    """A number for each byte from 0 on; at first they are all the same.

    Segment `k` reaches from `starts[k]` to the start of the next one; the last has no end.
    """

    def __init__(self, value: int):
        self.starts, self.values = [0], [value]

    def copy(self) -> Numbers:
        """The same numbers, to be changed apart."""
        other = Numbers(0)
        other.starts, other.values = self.starts.copy(), self.values.copy()
        return other

    def common(self, start: int, end: int) -> int | None:
        """The number of all bytes in [start, end), which is not empty; None where they differ."""
        first = bisect_right(self.starts, start) - 1
        return self.values[first] if bisect_left(self.starts, end) == first + 1 else None

    def cuts(self, start: int, end: int) -> list[int]:
        """Where the number changes inside (start, end)."""
        return self.starts[bisect_right(self.starts, start) : bisect_left(self.starts, end)]

    def at(self, bytes: Ints) -> Ints:
        """The numbers of some bytes, which increase."""
        first = bisect_right(self.starts, int(bytes[0])) - 1 if len(bytes) else 0
        last = bisect_right(self.starts, int(bytes[-1])) if len(bytes) else 1
        places = np.searchsorted(np.array(self.starts[first:last], np.int64), bytes, "right") - 1
        return np.array(self.values[first:last], np.int64)[places]

    def put(self, runs: Runs, value: int) -> None:
        """Give the bytes of runs another number."""
        if not len(runs):
            return
        start, end = int(runs[0, 0]), int(runs[-1, 1])
        if len(runs) == 1:
            self._replace(start, end, [start], [value])
            return
        pieces = Pieces.of(run(start, end), self, edges=runs)
        place = np.searchsorted(runs[:, 0], pieces.starts, "right") - 1
        numbers = np.where(pieces.starts < runs[place, 1], value, pieces.values[0])
        kept = np.diff(numbers, prepend=numbers[0] - 1) != 0
        self._replace(start, end, pieces.starts[kept].tolist(), numbers[kept].tolist())

    def _replace(self, start: int, end: int, starts: list[int], values: list[int]) -> None:
        """Put other segments in [start, end), the first of which begins at the start."""
        first, last = bisect_left(self.starts, start), bisect_right(self.starts, end)
        after = self.values[last - 1]
        if first and self.values[first - 1] == values[0]:
            starts, values = starts[1:], values[1:]
        if (values[-1] if values else self.values[first - 1]) != after:
            starts, values = [*starts, end], [*values, after]
        self.starts[first:last], self.values[first:last] = starts, values

    def where(self, start: int, end: int, value: int, equal: bool) -> Runs:
        """The runs in [start, end) whose bytes have a number, or another one."""
        common = self.common(start, end)
        if common is not None:
            return run(start, end) if (common == value) == equal else np.zeros((0, 2), np.int64)
        pieces = Pieces.of(run(start, end), self)
        kept = (pieces.values[0] == value) == equal
        return np.stack([pieces.starts, pieces.starts + pieces.sizes], axis=1)[kept]


@dataclass(frozen=True)
class Pieces:
    """Runs cut into pieces in which several numbers are each the same; `values` has a row of them for each."""

    starts: Ints
    sizes: Ints
    values: tuple[Ints, ...]

    @staticmethod
    def of(runs: Runs, *numbers: Numbers | tuple[Numbers, int], edges: Runs | None = None) -> Pieces:
        """Cut runs (at least one) where one of the numbers changes, and at some edges.

        A pair (numbers, shift) has the number of byte `b` at byte `b + shift`.
        """
        start, end = int(runs[0, 0]), int(runs[-1, 1])
        pairs = [pair if isinstance(pair, tuple) else (pair, 0) for pair in numbers]
        inner = [cut - shift for each, shift in pairs for cut in each.cuts(start + shift, end + shift)]
        if len(runs) == 1 and not inner and edges is None:
            starts, sizes = runs[:, 0], runs[:, 1] - runs[:, 0]
        else:
            borders = (runs, *(() if edges is None else (edges,)))
            cuts = np.unique(np.concatenate([np.array(inner, np.int64), *(each.reshape(-1) for each in borders)]))
            place = np.searchsorted(runs[:, 0], cuts[:-1], "right") - 1
            inside = cuts[:-1] < runs[place, 1]
            starts, sizes = cuts[:-1][inside], np.diff(cuts)[inside]
        return Pieces(starts, sizes, tuple(each.at(starts + shift) for each, shift in pairs))

    def count(self, wrong: NDArray[np.bool_]) -> tuple[int, int]:
        """How many bytes some of the pieces have, and the first of them."""
        return int(self.sizes[wrong].sum()), int(self.starts[wrong.argmax()])


def rows_touched(runs: Runs, size: int, count: int) -> Sequence[int]:
    """Which of `count` equal parts, `size` bytes each, the runs touch."""
    changes = np.zeros(count + 1, np.int64)
    np.add.at(changes, runs[:, 0] // size, 1)
    np.subtract.at(changes, (runs[:, 1] - 1) // size + 1, 1)
    return np.flatnonzero(np.cumsum(changes[:-1]) > 0).tolist()
