"""The width in which integers are kept between ops: the narrowest that holds them, where no reader asks for another.

ONNX computes indices in 64 bits; what is proven to stay below 128 takes a byte, and its arithmetic 32 bits.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType, integer_type, storage_limits
from ....dialects.onnx.base import element_of
from ....dialects.onnx.weights import is_weight
from ..builder import FixedBuilder
from .bounds import bounds_of

COMPUTES = (onnx.CastOp, onnx.CompareOp, onnx.IntegerBinaryOp, onnx.IntegerUnaryOp, onnx.TakeOp, onnx.WhereOp)
"""Ops that take integers of any width."""

MOVES = (onnx.FlattenOp, onnx.IdentityOp, onnx.ReshapeOp, onnx.SqueezeOp, onnx.UnsqueezeOp)
"""Ops whose result is stored as their operand is."""


def any_width(value: SSAValue) -> bool:
    """Whether all readers of a value take integers of any width; the function's results are the caller's."""
    readers = [use.operation for use in value.uses]
    return all(isinstance(op, COMPUTES) or (isinstance(op, MOVES) and any_width(op.results[0])) for op in readers)


def stored_type(builder: FixedBuilder, value: SSAValue, low: int, high: int) -> QType:
    """The type of an integer of the model that lies between these bounds: of its own, or a narrower signed one."""
    type = builder.type_of(value)
    if element_of(value) == IntegerType(1) or type != integer_type(type.storage) or not any_width(value):
        return type
    for bits in (8, 16, 32):
        least, greatest = storage_limits(IntegerType(bits))
        if bits < type.bits and least <= low and high <= greatest:
            return integer_type(IntegerType(bits))
    return type


def narrow_constants(builder: FixedBuilder, *values: SSAValue) -> None:
    """Store constants that nothing has read yet in the narrowest integers that hold them."""
    for value in values:
        if is_weight(value) and value not in builder.values and isinstance(value.owner, onnx.ConstantOp):
            type = stored_type(builder, value, *bounds_of(builder, value))
            builder.values[value] = builder.constant(builder.integers(value)[0], type)
