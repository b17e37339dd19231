"""Lists of indices as what an access map can say: sums of digits times coefficients, and lists cut into such parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

MAX_PARTS = 64
"""The most parts that a list of indices is cut into: each becomes a copy of its own."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Progression:
    """`offset + sum(coefficients[d] * digit[d])`, the digits counting like those of a number, the last one fastest.

    >>> progression([0, 0, 1, 1, 2, 2])
    Progression(offset=0, sizes=(3, 2), coefficients=(1, 0))
    """

    offset: int
    sizes: tuple[int, ...]
    coefficients: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many indices there are."""
        return prod(self.sizes)

    @property
    def is_contiguous(self) -> bool:
        """Whether each index is the one after the index before."""
        return self.sizes == () or self.coefficients == (1,)


def progression(indices: Sequence[int] | Indices) -> Progression | None:
    """A list of indices as one progression, None where it is none."""
    firsts = np.asarray(indices, np.int64)
    sizes, coefficients = list[int](), list[int]()
    while len(firsts) > 1:
        step = int(firsts[1] - firsts[0])
        breaks = np.flatnonzero(np.diff(firsts) != step)
        size = int(breaks[0]) + 1 if len(breaks) else len(firsts)
        if len(firsts) % size:
            return None
        blocks = firsts.reshape(-1, size)
        if (np.diff(blocks, axis=1) != step).any():
            return None
        sizes.insert(0, size)
        coefficients.insert(0, step)
        firsts = blocks[:, 0]
    return Progression(int(firsts[0]), tuple(sizes), tuple(coefficients))


def parts(indices: Sequence[int] | Indices) -> list[Progression]:
    """The fewest progressions of one digit that a list consists of; among these, those that keep neighbours together.

    At most `MAX_PARTS + 1` of them are looked for.
    """
    array = np.asarray(indices, np.int64)
    fewest, together = runs(array), kept_together(array)
    return together if len(together) <= len(fewest) else fewest


def runs(array: Indices) -> list[Progression]:
    """Parts of equal steps, each as long as can be."""
    found: list[Progression] = []
    start, steps = 0, np.diff(array)
    changes = np.flatnonzero(np.diff(steps)) + 1
    while start < len(array) and len(found) <= MAX_PARTS:
        later = changes[np.searchsorted(changes, start, side="right") :]
        stop = int(later[0]) + 1 if len(later) else len(array)
        found.append(Progression(int(array[start]), *digit(array[start:stop])))
        start = stop
    return found


def kept_together(array: Indices) -> list[Progression]:
    """The same, cut around the longest part of neighbours in order, which is often a whole tensor."""
    breaks = np.flatnonzero(np.diff(array) != 1) + 1
    bounds = np.array([0, *breaks, len(array)])
    longest = int(np.diff(bounds).argmax())
    first, last = int(bounds[longest]), int(bounds[longest + 1])
    middle = Progression(int(array[first]), *digit(array[first:last]))
    return [*runs(array[:first]), middle, *runs(array[last:])]


def digit(array: Indices) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sizes and coefficients of a part of equal steps."""
    return ((len(array),), (int(array[1] - array[0]),)) if len(array) > 1 else ((), ())
