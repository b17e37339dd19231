"""Operators that move no numbers, or only change their order."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.fixed import ReshapeOp
from ...dialects.fixed.types import QType
from ...passes.fixed.layouts.transposes import transpose
from .builder import TYPE, FixedBuilder, element_of, shape_of
from .elementwise import name_of


def lower_reshape(builder: FixedBuilder, op: Operation) -> SSAValue:
    """Reshape, Flatten, Squeeze, Unsqueeze: the same elements under another shape."""
    return reshaped(builder, builder.value(op.operands[0]), shape_of(op.results[0]), name_of(op))


def reshaped(builder: FixedBuilder, source: SSAValue, shape: tuple[int, ...], name: str) -> SSAValue:
    """A value under another shape; itself where it has that shape."""
    if shape_of(source) == shape:
        return source
    return builder.emit(ReshapeOp(source, TensorType(element_of(source), shape), name))


def lower_transpose(builder: FixedBuilder, op: onnx.TransposeOp) -> SSAValue:
    """A transpose, which fixed-fold-transposes takes away where it can."""
    return builder.emit(transpose(builder.value(op.x), op.permutation, name_of(op)))


def lower_identity(builder: FixedBuilder, op: Operation) -> SSAValue:
    """The operand itself."""
    return builder.value(op.operands[0])


def lower_dequantize(builder: FixedBuilder, op: onnx.DequantizeLinearOp) -> SSAValue:
    """The operand itself where it is stored so; else the same integers, read in another way."""
    type = op.attributes[TYPE]
    assert isinstance(type, QType)
    return read_as(builder, builder.value(op.x), type, name_of(op))


def read_as(builder: FixedBuilder, source: SSAValue, type: QType, name: str) -> SSAValue:
    """The integers of a value under another scale and zero point; itself where it has these."""
    if element_of(source) == type:
        return source
    return builder.emit(ReshapeOp(source, TensorType(type, shape_of(source)), name))
