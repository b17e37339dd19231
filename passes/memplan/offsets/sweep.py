"""First-fit in order of birth, beside what is alive then: what dies later is all that has to be known of neighbours.

Where all sizes are equal it wastes nothing, and problems in which there are too many pairs of neighbours to list them
have no other placement.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort

import numpy as np

from .problem import FREE, Ints, Problem

Taken = list[tuple[int, int, int]]
"""Where living buffers begin and end, and their numbers, in order of their offsets."""


def sweep(problem: Problem) -> Ints | None:
    """The offsets, each the lowest beside what is alive at the birth; None where some are given to later ones."""
    given = problem.given != FREE
    if given.any() and problem.lower[given].max() > problem.lower.min():
        return None
    lower, upper, sizes, alignments = (
        row.tolist() for row in (problem.lower, problem.upper, problem.sizes, problem.alignments)
    )
    distances: dict[int, dict[int, int]] = {}
    for input, output, distance in problem.pairs.T.tolist():
        distances.setdefault(output, {})[input] = distance
    offsets = np.where(given, problem.given, 0).tolist()
    deaths: list[tuple[int, int]] = []
    taken: Taken = []
    for buffer in np.lexsort((-problem.sizes, ~given, problem.lower)).tolist():
        if upper[buffer] <= lower[buffer]:
            continue
        while deaths and deaths[0][0] <= lower[buffer]:
            dead = heapq.heappop(deaths)[1]
            del taken[bisect_left(taken, (offsets[dead], offsets[dead] + sizes[dead], dead))]
        offset = offsets[buffer]
        if not given[buffer]:
            offset = offsets[buffer] = lowest_beside(
                taken, sizes[buffer], alignments[buffer], distances.get(buffer, {})
            )
        insort(taken, (offset, offset + sizes[buffer], buffer))
        heapq.heappush(deaths, (upper[buffer], buffer))
    return np.array(offsets, np.int64)


def lowest_beside(taken: Taken, size: int, alignment: int, distances: dict[int, int]) -> int:
    """The lowest offset, a multiple of the alignment, for `size` bytes that lie apart from what is taken.

    They may also lie on an input, given by its number, that begins at least a distance above them.
    """
    offset, moved = 0, True
    while moved:
        moved = False
        for start, end, number in taken:
            if start - size >= offset:
                break
            if end > offset and start - distances.get(number, size) < offset:
                offset, moved = -(-end // alignment) * alignment, bool(distances)
    return offset
