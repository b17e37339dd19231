"""The problem of fragmentation: buffers, where each may be moved, and what a set of moves makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..offsets.placement import Overlap, Request


@dataclass(frozen=True, order=True)
class Move:
    """After step `after`, copy a buffer, given by its number among the requests, to another place."""

    after: int
    buffer: int


Moves = tuple[Move, ...]
"""Moves in order of execution; those after the same step run one after the other."""


@dataclass(frozen=True)
class Pieces:
    """What moves make of the requests: the parts of lives between moves, each a request of its own.

    A piece has the number of its request where it is the first, and follows the requests otherwise. Each step takes
    `scale` units of time, the moves after it the units behind the first. `owners` has the request of each piece.
    """

    requests: tuple[Request, ...]
    overlaps: tuple[Overlap, ...]
    owners: tuple[int, ...]
    scale: int

    def steps(self, piece: int) -> tuple[int, int]:
        """The first and the last step of a piece; one that a move begins has the step before that."""
        request = self.requests[piece]
        return request.lower // self.scale, (request.upper - 1) // self.scale


@dataclass(frozen=True)
class Fragmented:
    """Requests over steps, and the steps after which each may be moved. `alignment`, in bytes, is that of new places.

    With `in_place` a copy may overlap its source where it lies lower: distance 0.
    """

    requests: tuple[Request, ...]
    overlaps: tuple[Overlap, ...]
    gaps: tuple[tuple[int, ...], ...]
    alignment: int = 1
    in_place: bool = True

    def price(self, moves: Sequence[Move]) -> int:
        """Bytes moved."""
        return sum(self.requests[move.buffer].size for move in moves)

    def pieces(self, moves: Sequence[Move]) -> Pieces:
        """The problem of placement that is left when these moves are made."""
        scale = len(moves) + 1
        pieces = [replace(r, lower=r.lower * scale, upper=(r.upper - 1) * scale + 1) for r in self.requests]
        owners, latest = list(range(len(pieces))), list(range(len(pieces)))
        overlaps: list[Overlap] = []
        for number, move in enumerate(moves):
            turn = 1 + sum(earlier.after == move.after for earlier in moves[:number])
            time, old, new = move.after * scale + turn, latest[move.buffer], len(pieces)
            alignment = max(self.alignment, pieces[old].alignment)
            pieces.append(replace(pieces[old], lower=time, alignment=alignment, offset=None))
            pieces[old] = replace(pieces[old], upper=time + 1)
            owners.append(move.buffer)
            latest[move.buffer] = new
            if self.in_place:
                overlaps.append(Overlap(old, new, 0))
        overlaps += [replace(overlap, input=latest[overlap.input]) for overlap in self.overlaps]
        return Pieces(tuple(pieces), tuple(overlaps), tuple(owners), scale)

    def restricted(self, buffers: Sequence[int]) -> Fragmented:
        """The same problem with these buffers only, renumbered in their order."""
        numbers = {buffer: number for number, buffer in enumerate(buffers)}
        overlaps = [
            replace(overlap, input=numbers[overlap.input], output=numbers[overlap.output])
            for overlap in self.overlaps
            if overlap.input in numbers and overlap.output in numbers
        ]
        return replace(
            self,
            requests=tuple(self.requests[buffer] for buffer in buffers),
            overlaps=tuple(overlaps),
            gaps=tuple(self.gaps[buffer] for buffer in buffers),
        )

    @cached_property
    def movable(self) -> dict[int, tuple[int, ...]]:
        """For each step after which something may move, the buffers, by their numbers."""
        found: dict[int, list[int]] = {}
        for buffer, gaps in enumerate(self.gaps):
            for gap in gaps:
                found.setdefault(gap, []).append(buffer)
        return {gap: tuple(buffers) for gap, buffers in found.items()}

    def crossing_bytes(self, gap: int) -> int:
        """Bytes that are alive both in a step and in the next."""
        return sum(r.size for r in self.requests if r.lower <= gap and r.upper > gap + 1)
