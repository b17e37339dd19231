"""Moves for one tight time after the other: what does not fit is mostly a matter of a few buffers.

The buffers around one that lies above the capacity are a problem of their own, as small a one as still does not fit;
its moves are found fast, and the rest of the buffers need none for it. What this misses, a search over all finds.
"""

from __future__ import annotations

from dataclasses import replace

from ..offsets.placement import Placement
from .moves import Fragmented, Moves
from .search import NODES, Attempt, MoveSearch, merged

WORK = 8_000
"""How many buffers the greedy screening may place, in all regions and once more in the whole: a second or two each."""


def find_moves(problem: Fragmented, capacity: int, start: Placement, max_moves: int) -> list[Moves]:
    """Sets of at most `max_moves` moves with which a placement within `capacity` bytes was found, the cheapest first.

    `start` is the best placement without moves, which does not fit.
    """
    search = MoveSearch(problem, capacity, WORK)
    attempt = search.attempt((), start)
    by_region = attempt
    while by_region.excess and len(by_region.moves) < max_moves:
        moves = region_moves(problem, capacity, by_region, max_moves)
        if moves is None:
            break
        by_region = search.attempt(moves, nodes=4 * NODES)
    search.run(attempt, max_moves)
    return search.sets()


def region_moves(problem: Fragmented, capacity: int, attempt: Attempt, max_moves: int) -> Moves | None:
    """The moves of an attempt, and those that make one more region fit, the smallest; None where none is found."""
    steps = max(request.upper for request in problem.requests)
    margin, tried = 1, set[tuple[int, ...]]()
    while margin < steps:
        for first, last in attempt.above(capacity):
            buffers = alive_between(problem, first - margin, last + margin)
            if len(buffers) < len(problem.requests) and buffers not in tried:
                tried.add(buffers)
                moves = local_moves(problem, capacity, attempt.moves, buffers, max_moves)
                if moves is not None:
                    return moves
        margin *= 2
    return None


def local_moves(
    problem: Fragmented, capacity: int, moves: Moves, buffers: tuple[int, ...], max_moves: int
) -> Moves | None:
    """Moves, and those that make these buffers fit for themselves; None where they do already, and where none do."""
    search = MoveSearch(problem.restricted(buffers), capacity, WORK // max_moves)
    here = tuple(replace(move, buffer=buffers.index(move.buffer)) for move in moves if move.buffer in buffers)
    elsewhere = tuple(move for move in moves if move.buffer not in buffers)
    start = search.attempt(here, nodes=NODES)
    if not start.excess:
        return None
    search.run(start, max_moves - len(elsewhere))
    sets = search.sets()
    return merged(elsewhere, tuple(replace(move, buffer=buffers[move.buffer]) for move in sets[0])) if sets else None


def alive_between(problem: Fragmented, first: int, last: int) -> tuple[int, ...]:
    """The buffers that are alive in one of these steps."""
    return tuple(b for b, r in enumerate(problem.requests) if r.lower <= last and r.upper > first)
