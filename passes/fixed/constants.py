"""Where constants stand: before what is repeated, so that they belong to the function and to no round."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.fixed import ConstantOp, ScanOp


def outermost(op: Operation) -> Operation:
    """The op of the function's own block that an op is, or stands in."""
    while isinstance(parent := op.parent_op(), ScanOp):
        op = parent
    return op


def insert_constant(constant: ConstantOp, user: Operation) -> None:
    """Insert a new constant before what uses it."""
    Rewriter.insert_op(constant, InsertPoint.before(outermost(user)))
