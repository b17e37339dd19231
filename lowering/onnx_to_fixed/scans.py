"""What is repeated: a scan whose body is converted like the function around it."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import ArrayAttr, IntegerType, TensorType
from xdsl.ir import Block, Region, SSAValue

from ...dialects import fixed, onnx
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import element_of as model_element
from ...passes.fixed.scales.repeated import STATE_TYPES
from .builder import FixedBuilder, element_of, shape_of
from .elementwise import in_type, name_of
from .shapes import read_as


def lower_scan(builder: FixedBuilder, op: onnx.ScanOp, convert_ops: Callable[[FixedBuilder, Block], None]) -> None:
    """Append a `fixed.scan`, and remember what stands for the values of its body and for its results.

    A state has one type: what it begins with and what the body makes of it are rescaled where they have others.
    """
    attribute = op.attributes[STATE_TYPES]
    assert isinstance(attribute, ArrayAttr)
    types = [type for type in attribute if isinstance(type, QType)]
    states = [as_state(builder, v, t, op, "first") for v, t in zip(op.states, types, strict=True)]
    scanned = [builder.value(value) for value in op.ins]
    block = Block(arg_types=[*(state.type for state in states), *map(slice_type, scanned, op.in_axes.data)])
    builder.values.update(zip(op.body.block.args, block.args, strict=True))
    outer, builder.block = builder.block, block
    convert_ops(builder, op.body.block)
    following = [as_state(builder, v, t, op, "next") for v, t in zip(op.end.states, types, strict=True)]
    parts = [builder.value(value) for value in op.end.outs]
    builder.emit_last(fixed.NextOp(following, parts))
    builder.block = outer
    wholes = [TensorType(element_of(part), shape_of(whole)) for part, whole in zip(parts, op.stacked, strict=True)]
    scan = fixed.ScanOp(
        op.trips,
        states,
        scanned,
        Region(block),
        [*(state.type for state in states), *wholes],
        op.in_axes.data,
        [bool(flag) for flag in op.in_reversed.data],
        op.out_axes.data,
        [bool(flag) for flag in op.out_reversed.data],
        name_of(op),
    )
    builder.emit_last(scan)
    builder.values.update(zip(op.results, scan.results, strict=True))


def as_state(builder: FixedBuilder, source: SSAValue, type: QType, op: onnx.ScanOp, what: str) -> SSAValue:
    """A value of the model in the type of a state: integers are only read so."""
    value, name = builder.value(source), f"{name_of(op)}_{what}"
    if isinstance(model_element(source), IntegerType):
        return read_as(builder, value, type, name)
    return in_type(builder, value, type, name)


def slice_type(whole: SSAValue, axis: int) -> TensorType[QType]:
    """The type of a tensor's slices along a dimension."""
    shape, element = shape_of(whole), element_of(whole)
    assert isinstance(element, QType)
    return TensorType(element, [*shape[:axis], *shape[axis + 1 :]])
