"""First-fit placement in several orders."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .problem import FREE, Ints, Problem


def greedy(problem: Problem) -> Ints:
    """The offsets of the best first-fit plan over a few orders."""
    plans = [first_fit(problem, order) for order in orders(problem)]
    return min(plans, key=problem.peak)


def orders(problem: Problem) -> list[Ints]:
    """Orders in which first-fit may place: by size, area, length, and begin or end of the life."""
    lower, upper, sizes = problem.lower, problem.upper, problem.sizes
    length = upper - lower
    keys = [
        (lower, -sizes),
        (-upper, -sizes),
        (-length, -sizes),
        (lower, -sizes * length),
        (-sizes, -length),
        (-sizes, lower),
        (-sizes, -upper),
    ]
    return [np.lexsort(key) for key in keys]


def first_fit(problem: Problem, order: Ints) -> Ints:
    """Place the buffers in this order, each at the lowest offset that the placed ones leave free."""
    alignments = problem.alignments.tolist()
    offsets = problem.given.tolist()
    for buffer in order.tolist():
        if offsets[buffer] != FREE:
            continue
        above, below = problem.gaps[buffer]
        neighbours = zip(problem.neighbours[buffer].tolist(), above.tolist(), below.tolist(), strict=True)
        taken = sorted((offsets[k] - down, offsets[k] + up) for k, up, down in neighbours if offsets[k] >= 0)
        offsets[buffer] = lowest(taken, alignments[buffer])
    return np.array(offsets, np.int64)


def lowest(taken: Iterable[tuple[int, int]], alignment: int) -> int:
    """The lowest offset, a multiple of the alignment, that is not after a start and before its end; starts ascend."""
    offset = 0
    for start, end in taken:
        if start >= offset:
            break
        if end > offset:
            offset = -(-end // alignment) * alignment
    return offset
