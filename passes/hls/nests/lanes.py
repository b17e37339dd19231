"""Which elements of a memory the lanes of a loop access at once."""

from __future__ import annotations

from itertools import product

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from ....dialects.hls import UnrollOp
from ...loops.indices.advance import trips_of
from ...loops.indices.affine import Affine, linear, loops_around

Access = memref.LoadOp | memref.StoreOp

SAME_MEMORY = (
    memref.ReinterpretCastOp,
    memref.CollapseShapeOp,
    memref.ExpandShapeOp,
    memref.CastOp,
    memref.ViewOp,
)
"""Another shape for the same memory, or a part of it."""

PORTS = 2
"""Of a block RAM."""

MOST_BANKS = 1 << 10
"""More parts of an array than synthesis handles."""


def root_of(memory: SSAValue) -> SSAValue:
    """The memory that a memref is a view of."""
    while isinstance(memory.owner, SAME_MEMORY):
        memory = memory.owner.operands[0]
    return memory


def is_unrolled(loop: scf.ForOp) -> bool:
    """True for a loop all of whose iterations run at once."""
    return any(isinstance(op, UnrollOp) and op.factor is None for op in loop.body.block.ops)


def address_of(op: Access) -> Affine:
    """The number of the element that is accessed."""
    type = op.memref.type
    assert isinstance(type, MemRefType)
    return linear(op.indices, type.get_shape())


def lanes_around(op: Access) -> list[scf.ForOp]:
    """The unrolled loops around an access, outermost first."""
    return [loop for loop in loops_around(op) if is_unrolled(loop)]


def offsets_of(op: Access, address: Affine) -> list[int]:
    """The distances of the elements that are accessed at once from the first lane's, each once."""
    moves = address.moves
    steps = [(moves[loop], trips_of(loop) or 1) for loop in lanes_around(op) if loop in moves]
    places = product(*(range(0, step * trips, step) for step, trips in steps))
    return sorted({sum(place) for place in places})


def banks_for(offsets: list[int]) -> int | None:
    """The least number of banks, element `i` in bank `i % banks`, that keeps these apart; None beyond the most."""
    for banks in range(len(offsets), MOST_BANKS + 1):
        if len({offset % banks for offset in offsets}) == len(offsets):
            return banks
    return None


def accesses_of(function: func.FuncOp) -> list[Access]:
    """All accesses of a function, in order."""
    return [op for op in function.walk() if isinstance(op, Access)]
