"""A histogram of bounded size over values that come in chunks, whatever their range turns out to be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BINS = 4096
"""Bins of a histogram at most: some 32 KB."""

PIECE = 1 << 20
"""Values that are counted at once."""

LEAST_EXPONENT = -120
"""Bins are no narrower than 2^this."""

INDEX_BITS = 40
"""Bins are numbered with at most so many bits."""


class Histogram:
    """Counts of values in bins `[i 2^e, (i + 1) 2^e)`, i from `first` on; exact zeros, which cost nothing, are apart.

    When the range grows beyond `MOST_BINS`, e grows and bins are added up in pairs: exact, since bins begin at
    multiples of their width.
    """

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf
        self.zeros = 0
        self.exponent = LEAST_EXPONENT
        self.first = 0
        self.counts = np.zeros(0, np.int64)

    def add(self, values: NDArray[Any]) -> None:
        """Count finite values."""
        flat = values.reshape(-1)
        for start in range(0, flat.size, PIECE):
            self._count(flat[start : start + PIECE].astype(np.float64))

    def widen(self, values: NDArray[Any]) -> None:
        """Take up the extent of finite values alone."""
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def edges(self) -> NDArray[np.float64]:
        """Where the bins begin, and where the last one ends; n + 1 numbers, cut to what was seen."""
        edges = np.ldexp(np.arange(self.first, self.first + len(self.counts) + 1, dtype=np.float64), self.exponent)
        return np.clip(edges, self.low, self.high) if len(self.counts) else edges

    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        edges = self.edges()
        return (edges[:-1] + edges[1:]) / 2

    def with_zeros(self) -> NDArray[np.int64]:
        """The counts with exact zeros in the bin that holds 0."""
        counts = self.counts.copy()
        if self.zeros:
            counts[-self.first] += self.zeros
        return counts

    def _count(self, values: NDArray[np.float64]) -> None:
        self.widen(values)
        self._reach()
        other = values[values != 0]
        self.zeros += values.size - other.size
        places = np.floor(np.ldexp(other, -self.exponent)).astype(np.int64) - self.first
        self.counts += np.bincount(places, minlength=len(self.counts))

    def _reach(self) -> None:
        """Make bins for all that was seen, wider ones where there would be too many."""
        start = math.frexp(self.high - self.low)[1] - MOST_BINS.bit_length() + 1
        farthest = math.frexp(max(-self.low, self.high))[1] - INDEX_BITS
        exponent = max(self.exponent, start, farthest)
        while self._bin(self.high, exponent) - self._bin(self.low, exponent) >= MOST_BINS:
            exponent += 1
        first, last = self._bin(self.low, exponent), self._bin(self.high, exponent)
        counts = np.zeros(last - first + 1, np.int64)
        old = (np.arange(self.first, self.first + len(self.counts)) >> (exponent - self.exponent)) - first
        np.add.at(counts, old, self.counts)
        self.exponent, self.first, self.counts = exponent, first, counts

    @staticmethod
    def _bin(value: float, exponent: int) -> int:
        return math.floor(math.ldexp(value, -exponent))
