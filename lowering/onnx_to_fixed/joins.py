"""Concat, Slice: tensors beside each other and parts of them, all in one type."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.fixed import ConcatOp, SliceOp
from ...dialects.fixed.types import QType
from .builder import TYPE, FixedBuilder, element_of, shape_of
from .elementwise import in_type, name_of
from .shapes import read_as


def lower_concat(builder: FixedBuilder, op: onnx.ConcatOp) -> SSAValue:
    """The parts in the result's type: reals are rescaled first, integers only read so."""
    name, type = name_of(op), op.attributes.get(TYPE)
    parts = [builder.value(part) for part in op.parts]
    if isinstance(type, QType):
        if isinstance(element_of(op.result), IntegerType):
            parts = [read_as(builder, part, type, f"{name}_{index}") for index, part in enumerate(parts)]
        else:
            parts = [in_type(builder, part, type, f"{name}_{index}", op) for index, part in enumerate(parts)]
    return builder.emit(ConcatOp(parts, op.axis_index, name))


def lower_slice(builder: FixedBuilder, op: onnx.SliceOp) -> SSAValue:
    """A part of the operand in the result's type."""
    name = name_of(op)
    part = builder.emit(SliceOp(builder.value(op.x), op.start_list, shape_of(op.result), name))
    return in_type(builder, part, builder.type_of(op.result), name, op)
