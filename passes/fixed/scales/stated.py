"""The types that QuantizeLinear and DequantizeLinear state."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import BlockArgument, SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType, integer_type
from ....dialects.onnx.base import element_of

INTEGER_MOVES = (
    onnx.ConcatOp,
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.MaxPoolOp,
    onnx.PadOp,
    onnx.ReduceMaxOp,
    onnx.ReduceMinOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops on integers whose result holds the integers of their operand: its reals are read in the same way."""


def stated_type(op: onnx.QuantizeLinearOp | onnx.DequantizeLinearOp) -> QType | None:
    """The type of an op's integers, None where there is one per channel. Constants take a byte each at least."""
    integers = op.x if isinstance(op, onnx.DequantizeLinearOp) else op.result
    storage = element_of(integers)
    assert isinstance(storage, IntegerType), "verified: one side holds integers"
    if op.scales_array.size != 1:
        return None
    if storage.width.data < 8 and isinstance(integers.owner, onnx.ConstantOp):
        storage = IntegerType(8, storage.signedness)
    return QType(storage, float(op.scales_array[0]), int(op.zero_points_array[0]))


def type_by_reading(argument: BlockArgument) -> QType:
    """How an argument's integers are read: by a DequantizeLinear, else as they are."""
    storage = element_of(argument)
    assert isinstance(storage, IntegerType)
    return reading(argument) or integer_type(storage)


def reading(argument: BlockArgument) -> QType | None:
    """The type of the first DequantizeLinear that an argument's integers reach; None where nothing reads reals."""
    reached: set[SSAValue] = {argument}
    for op in argument.block.ops:
        if reached.isdisjoint(op.operands):
            continue
        if isinstance(op, onnx.DequantizeLinearOp) and (type := stated_type(op)) is not None:
            return type
        if isinstance(op, INTEGER_MOVES):
            reached.update(op.results)
    return None
