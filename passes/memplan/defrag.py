"""Compile-time defragmentation: buffers are moved in the arena where their bytes would fit but the holes do not.

After SeeDot (Gopinath et al., PLDI 2019), which compacts its memory at points known at compile time. A move cuts a life
in two, and the halves may lie at different offsets.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.memplan import ArenaOp, BufferOp, RetireOp, RowsOp, ViewOp
from ...dialects.memplan.liveness import Life, Liveness, is_planned
from .defragmenting.insert import Mover, gaps_of, is_opaque
from .defragmenting.moves import Fragmented, Moves
from .defragmenting.regions import find_moves
from .inplace import annotate
from .lifetimes.requests import sharing, single_requests
from .limits.effort import EFFORT, scaled, verify_effort
from .offsets.placement import NODE_LIMIT, Overlap, Placement, Problem, Request, place
from .place import verify_alignment

DEFRAG = "memplan.defrag"
"""The attribute of a function that says what was moved: `capacity`, number of `moves`, and bytes: those moved, the
`peak` now and `before`. Or `refused`, why nothing was."""

MOVES = 50_000
"""Single moves, a buffer after a step each, up to which sets of moves are looked for."""

SETS = 3
"""How many sets of moves are tried out."""


@dataclass(frozen=True)
class DefragPass(ModulePass):
    """Insert moves where the best placement needs more than `capacity` bytes although fewer are alive: the cheapest.

    A move of buffer `B` is a form that copies it, with the node `B.move`, and all later steps read the copy. At most
    `max-moves` are made, between steps, of buffers that are written in full; rows and arguments stay. Where everything
    fits, or nothing helps, only the attribute is written. Functions that are placed already are left alone.

    The plan counts on `memplan-inplace`, which is to run next, unless `in-place=false`: then only the distances that
    stand there already count, and a copy lies apart from its source. `alignment` (bytes) and `node-limit`, of the
    search before any move, are those of `memplan-place`; `effort`, by default 100, scales it.
    """

    name = "memplan-defrag"
    capacity: int
    max_moves: int = 4
    alignment: int = 4
    in_place: bool = True
    node_limit: int = NODE_LIMIT // 20
    effort: int = EFFORT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.capacity < 1 or self.max_moves < 0:
            raise UserError(
                "memplan-defrag: capacity is at least 1 byte and max-moves not negative, "
                f"got {self.capacity} and {self.max_moves}"
            )
        verify_alignment(self.name, self.alignment)
        verify_effort(self.name, self.effort)
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not has_addresses(function):
                function.attributes[DEFRAG] = self._defragment(function)

    def _defragment(self, function: FuncOp) -> DictionaryAttr:
        """Move what has to be moved; returns the attribute."""
        least = self._least(function)
        if least > self.capacity:
            return refused(f"no placement of what is alive together takes less than {least} bytes")
        before, problem = self._place(function, scaled(self.node_limit, self.effort)), self._problem(function)
        if before.peak <= self.capacity:
            return moved(self.capacity, 0, 0, before.peak, before.peak)
        if sum(map(len, problem.gaps)) > MOVES:
            return refused(f"{before.peak} bytes are needed, and there are too many buffers to look for moves")
        if not problem.movable:
            return refused(f"{before.peak} bytes are needed, and no buffer can be moved")
        for moves in find_moves(problem, self.capacity, before, self.max_moves)[:SETS]:
            trial = function.clone()
            insert(trial, moves)
            placement = self._place(trial, scaled(self.node_limit, self.effort))
            if placement.peak <= self.capacity:
                insert(function, moves)
                return moved(self.capacity, len(moves), problem.price(moves), placement.peak, before.peak)
        return refused(
            f"{before.peak} bytes are needed, and no placement in {self.capacity} was found with {self.max_moves} moves"
        )

    def _liveness(self, function: FuncOp) -> Liveness:
        """That of a copy with the distances that will be there when it is placed."""
        copy = function.clone()
        if self.in_place:
            annotate(copy)
        return Liveness(copy)

    def _requests(self, function: FuncOp) -> tuple[list[Request], list[Overlap]]:
        """What `memplan-place` will be asked for."""
        liveness = self._liveness(function)
        lives = buffers_of(liveness)
        return single_requests(liveness, lives, self.alignment), sharing(liveness, lives)

    def _least(self, function: FuncOp) -> int:
        """Bytes that every placement needs."""
        return Problem.of(*self._requests(function)).lower_bound()

    def _place(self, function: FuncOp, node_limit: int) -> Placement:
        """The placement that `memplan-place` would find with as many nodes."""
        requests, overlaps = self._requests(function)
        return place(requests, node_limit > 0, node_limit, overlaps, self.capacity)

    def _problem(self, function: FuncOp) -> Fragmented:
        liveness = self._liveness(function)
        lives = buffers_of(liveness)
        return Fragmented(
            tuple(single_requests(liveness, lives, self.alignment)),
            tuple(sharing(liveness, lives)),
            gaps_of(liveness, lives),
            self.alignment,
            self.in_place and not is_opaque(liveness),
        )


def has_addresses(function: FuncOp) -> bool:
    """True where addresses or ends of lives are written down."""
    return any(isinstance(op, ArenaOp | ViewOp | RowsOp | RetireOp) for op in function.body.block.ops)


def buffers_of(liveness: Liveness) -> list[Life]:
    """The lives that are to be placed, in the order of `memplan-place`."""
    return [life for life in liveness.scratch if isinstance(life.root.owner, BufferOp)]


def insert(function: FuncOp, moves: Moves) -> None:
    """Insert moves of the function's buffers."""
    liveness = Liveness(function)
    lives, mover = buffers_of(liveness), Mover(liveness)
    for move in moves:
        mover.move(lives[move.buffer], move.after)


def moved(capacity: int, moves: int, bytes: int, peak: int, before: int) -> DictionaryAttr:
    """The attribute for a placement that fits."""
    numbers = {"capacity": capacity, "moves": moves, "bytes": bytes, "peak": peak, "before": before}
    return DictionaryAttr({name: IntegerAttr(number, i64) for name, number in numbers.items()})


def refused(reason: str) -> DictionaryAttr:
    """The attribute for a function that stays as it is."""
    return DictionaryAttr({"refused": StringAttr(reason)})
