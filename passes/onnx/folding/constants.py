"""What the folding passes share: reading constants, and replacing an op's value by a new constant."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects import onnx
from ....dialects.dense import from_numpy, to_numpy
from ....dialects.onnx.base import element_of


def constant_value(value: SSAValue) -> NDArray[Any] | None:
    """The numbers of an onnx.Constant, None for anything else."""
    owner = value.owner
    return to_numpy(owner.value) if isinstance(owner, onnx.ConstantOp) else None


def insert_constant(before: Operation, array: NDArray[Any], like: SSAValue) -> SSAValue:
    """A new constant before an op, with the element type and name of an old one."""
    owner = like.owner
    op = onnx.ConstantOp(from_numpy(array, element_of(like)))
    if isinstance(owner, onnx.OnnxOp) and owner.node is not None:
        op.properties["node"] = owner.node
    return insert_before(before, op)


def insert_before(anchor: Operation, op: Operation) -> SSAValue:
    """Insert an op and return its result."""
    Rewriter.insert_op(op, InsertPoint.before(anchor))
    return op.results[0]


def outermost(op: Operation) -> Operation:
    """The op of the function's own block that an op is, or stands in."""
    while isinstance(parent := op.parent_op(), onnx.OnnxOp):
        op = parent
    return op


def erase_unused(module: ModuleOp) -> None:
    """Remove `onnx` ops, from the last to the first, whose results nothing uses."""
    for op in reversed([op for op in module.walk() if isinstance(op, onnx.OnnxOp)]):
        if not any(result.uses.get_length() for result in op.results):
            Rewriter.erase_op(op)
