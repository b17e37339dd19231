"""What ops are for the types of their values: what keeps them, what commutes with them, what is constant."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, FloatAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects import onnx
from ....dialects.onnx.weights import is_weight
from ..calibrate import is_real

PRESERVING = (
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.MaxPoolOp,
    onnx.ReduceMaxOp,
    onnx.ReduceMinOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TakeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops whose result holds only numbers of their operand: it is stored in the same type."""

CLAMPS = (onnx.ClipOp, onnx.ReluOp)
"""Ops that commute with quantization: their operand may be stored in the type of their result."""


def preserves(op: Operation) -> bool:
    """Whether an op's result is stored as its operand is: also a Pad with 0, which every type holds."""
    return isinstance(op, PRESERVING) or (isinstance(op, onnx.PadOp) and (op.fill == 0 or not is_real(op)))


def is_constant(op: Operation) -> bool:
    """True for a constant, and for the DequantizeLinear of one."""
    return len(op.results) == 1 and is_weight(op.results[0])


def numbers(attribute: Attribute) -> list[float]:
    """The numbers of an array of float attributes."""
    assert isinstance(attribute, ArrayAttr)
    return [entry.value.data for entry in attribute if isinstance(entry, FloatAttr)]


def only_weights(value: SSAValue) -> bool:
    """Whether all readers of a value multiply by it as a matrix, transposed or not."""
    readers = [use.operation for use in value.uses]
    return all(
        (isinstance(op, onnx.MatMulOp) and op.w is value)
        or (isinstance(op, onnx.TransposeOp | onnx.ReshapeOp) and only_weights(op.result))
        for op in readers
    )


def is_whole_product(value: SSAValue) -> bool:
    """Whether a real is a sum of products of integers, read at scale 1: it is computed as an exact 32-bit integer."""
    op = value.owner
    if not isinstance(op, onnx.ConvOp | onnx.GemmOp | onnx.MatMulOp) or len(op.operands) != 2:
        return False
    reads = [operand.owner for operand in op.operands]
    return all(isinstance(read, onnx.DequantizeLinearOp) and (read.scales_array == 1).all() for read in reads)


def give_each_reader_its_own(function: func.FuncOp) -> None:
    """Copy constants until each has one reader: how it is stored depends on who reads it."""
    for op in [op for op in function.body.walk() if op.results and is_weight(op.results[0])]:
        value = op.results[0]
        for use in list(value.uses)[1:]:
            copy = op.clone()
            Rewriter.insert_op(copy, InsertPoint.after(op))
            use.operation.operands[use.index] = copy.results[0]
