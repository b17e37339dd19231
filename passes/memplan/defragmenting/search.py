"""Search for the moves that make a placement fit: few of them, of few bytes.

The best placement so far says what does not fit: the buffers above the capacity. Whatever is alive together with one of
them is in its way, and so it is itself; these are moved, one at a time or, just before the buffer is born, several
(compaction). Greedy placement screens, search is for the sets of moves that come close (a beam over their number).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..offsets.placement import Placement, place
from .moves import Fragmented, Move, Moves, Pieces

WIDTH = 4
"""How many sets of moves are extended at a time."""

TRIES = 4
"""For how many sets of moves a search is made each time that the sets have been extended."""

NODES = 1_000
"""Nodes of each of these searches."""


@dataclass(frozen=True)
class Attempt:
    """A placement with moves. `excess` are the bytes above the capacity, over all buffers; `price` the bytes moved."""

    excess: int
    price: int
    moves: Moves
    pieces: Pieces
    offsets: tuple[int, ...]

    @property
    def rank(self) -> tuple[int, int, int, Moves]:
        """What is better is smaller."""
        return self.excess, self.price, len(self.moves), self.moves

    def above(self, capacity: int) -> list[tuple[int, int]]:
        """The first and the last steps of what lies above the capacity."""
        tops = zip(self.offsets, self.pieces.requests, strict=True)
        return [self.pieces.steps(piece) for piece, (offset, r) in enumerate(tops) if offset + r.size > capacity]


class MoveSearch:
    """The search: `fitting` are the attempts that fit, `tried` the sets of moves seen, `work` what it may still do."""

    def __init__(self, problem: Fragmented, capacity: int, work: int):
        self.problem, self.capacity = problem, capacity
        self.fitting: list[Attempt] = []
        self.tried: set[Moves] = set()
        self.work = work

    @property
    def best_price(self) -> int:
        """The fewest bytes moved so far that made it fit."""
        return min((found.price for found in self.fitting), default=1 << 62)

    def run(self, start: Attempt, max_moves: int) -> None:
        """Extend the best attempts, up to so many moves in all, until they fit, then only by what is cheaper."""
        frontier = [start]
        for _ in range(max_moves - len(start.moves)):
            extended: list[Attempt] = []
            for attempt in frontier:
                share = self.work // (2 * len(frontier))
                extended += self._screen(self._extensions(attempt, max_moves), share)
            extended.sort(key=lambda attempt: attempt.rank)
            close = [attempt for attempt in extended if attempt.excess][: 2 * WIDTH]
            close = [self._searched(attempt) if n < TRIES else attempt for n, attempt in enumerate(close)]
            frontier = sorted((a for a in close if a.excess), key=lambda attempt: attempt.rank)[:WIDTH]
            if not frontier:
                break
        if self.fitting:
            self._drop(self.sets()[0], start.moves)

    def sets(self) -> list[Moves]:
        """The sets of moves that fit, the cheapest first."""
        return [found.moves for found in sorted(self.fitting, key=lambda found: found.rank)]

    def attempt(self, moves: Moves, placement: Placement | None = None, nodes: int = 0) -> Attempt:
        """Place with these moves: greedily, or by search where it may visit nodes."""
        pieces = self.problem.pieces(moves)
        if placement is None:
            placement = place(pieces.requests, nodes > 0, nodes, pieces.overlaps, self.capacity)
        tops = [o + r.size for o, r in zip(placement.offsets, pieces.requests, strict=True)]
        excess = sum(max(0, top - self.capacity) for top in tops)
        found = Attempt(excess, self.problem.price(moves), moves, pieces, placement.offsets)
        if not excess:
            self.fitting.append(found)
        return found

    def _screen(self, candidates: Sequence[Moves], share: int) -> Iterator[Attempt]:
        """Greedy placements with sets of moves, the cheapest first, until this share of the work is done."""
        for moves in candidates:
            if moves in self.tried or self.problem.price(moves) >= self.best_price:
                continue
            if share <= 0:
                return
            self.tried.add(moves)
            size = len(self.problem.requests) + len(moves)
            share, self.work = share - size, self.work - size
            yield self.attempt(moves)

    def _searched(self, attempt: Attempt) -> Attempt:
        """The better of an attempt and one with search, unless something cheaper fits."""
        if attempt.price >= self.best_price:
            return attempt
        return min(attempt, self.attempt(attempt.moves, nodes=NODES), key=lambda found: found.rank)

    def _drop(self, moves: Moves, kept: Moves) -> None:
        """Leave out moves that are not needed, the largest first."""
        for move in sorted(set(moves) - set(kept), key=lambda move: (-self.problem.requests[move.buffer].size, move)):
            fewer = tuple(other for other in moves if other != move)
            if fewer and not self.attempt(fewer, nodes=NODES).excess:
                moves = fewer

    def _extensions(self, attempt: Attempt, max_moves: int) -> list[Moves]:
        """Larger sets of moves, by price: first those near what does not fit, then by one move anywhere."""
        found: set[Moves] = set()
        for first, last in attempt.above(self.capacity):
            near = [gap for gap in self.problem.movable if first - 1 <= gap <= last]
            before = max((gap for gap in self.problem.movable if gap < first), default=None)
            for gap in {*near, *(() if before is None else (before,))}:
                buffers = self._movers(gap, self.problem.movable[gap])
                most = max_moves - len(attempt.moves) if gap == before else 1
                for count in range(1, most + 1):
                    found.update(self._in_order(gap, chosen, attempt) for chosen in combinations(buffers[:8], count))
                found.update((Move(gap, buffer),) for buffer in buffers)
        anywhere = {
            (Move(gap, b),) for gap, buffers in self.problem.movable.items() for b in self._movers(gap, buffers)
        }
        return [
            merged(attempt.moves, moves)
            for group in (found, anywhere - found)
            for moves in sorted(group, key=lambda moves: (self.problem.price(moves), len(moves), moves))
            if len(attempt.moves) + len(moves) <= max_moves and not set(moves) & set(attempt.moves)
        ]

    def _movers(self, gap: int, buffers: Sequence[int]) -> list[int]:
        """Those buffers for whose copy there is room after a step."""
        free = self.capacity - (0 if self.problem.in_place else self.problem.crossing_bytes(gap))
        return [buffer for buffer in buffers if self.problem.requests[buffer].size <= free]

    def _in_order(self, gap: int, buffers: Sequence[int], attempt: Attempt) -> Moves:
        """Moves of several buffers after one step: the lowest first, since the bytes below it become free."""
        offsets = dict(zip(attempt.pieces.owners, attempt.offsets, strict=True))
        return tuple(Move(gap, buffer) for buffer in sorted(buffers, key=lambda buffer: offsets[buffer]))


def merged(moves: Moves, more: Moves) -> Moves:
    """All moves in order of their steps; of those after the same step, `more` come last."""
    return tuple(sorted((*moves, *more), key=lambda move: move.after))
