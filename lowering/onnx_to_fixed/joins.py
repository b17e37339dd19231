"""Concat, Slice: tensors beside each other and parts of them, all in one type."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed import ConcatOp, SliceOp
from .builder import FixedBuilder, element_of, shape_of
from .elementwise import in_type, name_of


def lower_concat(builder: FixedBuilder, op: onnx.ConcatOp) -> SSAValue:
    """The parts in the result's type; a part with a type of its own is rescaled first."""
    type = builder.type_of(op.result)
    if isinstance(element_of(op.result), IntegerType) and any(builder.type_of(part) != type for part in op.parts):
        raise UserError(
            f"{op.name} '{name_of(op)}': integers of different scales beside each other; dequantize before it"
        )
    name = name_of(op)
    parts = [in_type(builder, builder.value(part), type, f"{name}_{index}") for index, part in enumerate(op.parts)]
    return builder.emit(ConcatOp(parts, op.axis_index, name))


def lower_slice(builder: FixedBuilder, op: onnx.SliceOp) -> SSAValue:
    """A part of the operand in the result's type."""
    name = name_of(op)
    part = builder.emit(SliceOp(builder.value(op.x), op.start_list, shape_of(op.result), name))
    return in_type(builder, part, builder.type_of(op.result), name)
