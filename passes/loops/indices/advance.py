"""Values that loops carry and that move by a constant."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, OpResult, SSAValue


def constant_of(value: SSAValue) -> int | None:
    """The number, where a value is a constant."""
    op = value.owner
    return op.value.value.data if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr) else None


def trips_of(loop: scf.ForOp) -> int | None:
    """How often a loop runs, where its bounds are constants."""
    lower, upper, step = (constant_of(bound) for bound in (loop.lb, loop.ub, loop.step))
    if lower is None or upper is None or step is None or step <= 0:
        return None
    return max(0, -(-(upper - lower) // step))


def advance(loop: scf.ForOp, number: int) -> int | None:
    """By how much the carried value of this number moves in an iteration; None where it is not always as much."""
    last = loop.body.block.last_op
    assert last is not None, "verified: a loop's body ends in scf.yield"
    return distance(last.operands[number], loop.body.block.args[number + 1])


def distance(value: SSAValue, start: BlockArgument) -> int | None:
    """`value - start`, where that is a constant."""
    if value is start:
        return 0
    if not isinstance(value, OpResult):
        return None
    op = value.op
    match op:
        case arith.AddiOp() | arith.SubiOp():
            left, right = distance(op.lhs, start), constant_of(op.rhs)
            if left is None or right is None:
                return None
            return left + right if isinstance(op, arith.AddiOp) else left - right
        case arith.ExtSIOp() | arith.TruncIOp():
            return distance(op.input, start)
        case scf.ForOp():
            before = distance(op.iter_args[value.index], start)
            each, trips = advance(op, value.index), trips_of(op)
            return None if before is None or each is None or trips is None else before + trips * each
        case _:
            return None
