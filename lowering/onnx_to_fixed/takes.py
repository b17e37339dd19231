"""Take: elements at computed indices, as a map that holds a dimension at each of them."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.structured import At, is_index
from ...dialects.fixed.types import DomainAttr, QType, integer_type, storage_limits
from ...passes.fixed.layouts.transposes import identity_body
from .bodies import Body
from .builder import TYPE, FixedBuilder, access, dimensions, element_of, shape_of
from .elementwise import elementwise, in_type, name_of
from .integers.bounds import bounds_of
from .integers.numbers import Numbers


def lower_take(builder: FixedBuilder, op: onnx.TakeOp) -> SSAValue:
    """`y[.., j.., ..] = x[.., i[j..], ..]`: the dimension of x behind those of the result is held at the index."""
    type, value = op.attributes.get(TYPE), taken(builder, op, builder.value(op.x))
    return in_type(builder, value, type, name_of(op)) if isinstance(type, QType) else value


def taken(builder: FixedBuilder, op: onnx.TakeOp, x: SSAValue) -> SSAValue:
    """The elements of a tensor, which may be another than the op's, at its indices."""
    axis = op.axis_index
    index = index_of(builder, op)
    rank, shape = len(shape_of(op.indices)), shape_of(op.result)
    *d, held = dimensions(len(shape) + 1)
    element = element_of(x)
    maps = [access(len(shape) + 1, *d[:axis], held, *d[axis + rank :]), access(len(shape) + 1, *d)]
    domain = DomainAttr((*shape, shape_of(op.x)[axis]))
    at = At((len(shape),), (index,), (access(len(shape) + 1, *d[axis : axis + rank]),))
    type = TensorType(element, shape)
    return builder.emit(MapOp([x], type, domain, maps, identity_body(element), node=name_of(op), at=at))


def index_of(builder: FixedBuilder, op: onnx.TakeOp) -> SSAValue:
    """The indices, counted from the first. Raises UserError where they may leave the dimension."""
    low, high = bounds_of(builder, op.indices)
    size, name = shape_of(op.x)[op.axis_index], name_of(op)
    if low < -size or high >= size:
        raise UserError(
            f"onnx.Take '{name}': its indices are only known to lie in [{low}, {high}], which leaves a dimension of "
            f"{size}; put a Clip or a Mod before them, or inputs of a narrower type"
        )
    value = builder.value(op.indices)
    element = element_of(value)
    if low >= 0 and is_index(element):
        return value
    body = Body([builder.type_of(op.indices).storage])
    n = Numbers(body)
    number = n.argument(0, low, high)
    if low < 0:
        number = n.choose(n.test("slt", number, n.constant(0)), n.add(number, n.constant(size)), number)
        number = n.within(number, 0, size - 1)
    bits = next(bits for bits in (8, 16, 32) if number.high <= storage_limits(IntegerType(bits))[1])
    type = integer_type(IntegerType(bits))
    return elementwise(builder, [value], type, shape_of(value), body, n.stored(number, type.storage), f"{name}_index")
