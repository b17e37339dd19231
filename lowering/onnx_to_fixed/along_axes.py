"""What runs along one axis: where an extreme is, sums up to each element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, TensorType, i32, i64
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr

from ...dialects import onnx
from ...dialects.fixed.forms import ReduceOp
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.structured import scalar_type
from ...dialects.fixed.types import DomainAttr, QType, Reduction, storage_limits
from ...dialects.onnx.scalar import ArgOp
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, element_of, shape_of
from .elementwise import name_of
from .rows import Rows, accumulator, change_of_scale, mapped, reach_of
from .shapes import reshaped


def lower_arg_max(builder: FixedBuilder, op: onnx.ArgMaxOp) -> SSAValue:
    """The index of the greatest stored integer along an axis, as the result's integers."""
    return arg_max(builder, op, builder.value(op.x))


def lower_arg_min(builder: FixedBuilder, op: onnx.ArgMinOp) -> SSAValue:
    """The index of the greatest of `least + greatest - x`, which the type of x holds as well."""
    source = builder.value(op.x)
    element = element_of(source)
    assert isinstance(element, QType | IntegerType)
    storage = scalar_type(element)
    low, high = storage_limits(storage)
    wide = i32 if storage.width.data < 32 else i64

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        opposite = body.sub(body.constant(low + high, wide), body.extend(arguments[0], wide))
        return body.saturate(opposite, low, high, storage)

    mirrored = mapped(builder, [source], storage, shape_of(op.x), scalar, f"{name_of(op)}_mirrored")
    return arg_max(builder, op, mirrored)


def arg_max(builder: FixedBuilder, op: ArgOp, source: SSAValue) -> SSAValue:
    """The index of the first greatest element, or of the last: found first when read from the end."""
    shape = shape_of(op.x)
    axis = op.axis_index % len(shape)
    type = builder.type_of(op.result)
    result = index_of_greatest(builder, source, axis, op.last is not None, type, name_of(op))
    return reshaped(builder, result, shape_of(op.result), f"{name_of(op)}_dropped")


def index_of_greatest(
    builder: FixedBuilder, source: SSAValue, axis: int, last: bool, y: QType | IntegerType, name: str
) -> SSAValue:
    """The same with the axis kept as 1, as integers of a type that is not narrower than i32."""
    rows = Rows(shape_of(source), (axis,))
    whole, kept = rows.maps()
    count = rows.shape[axis]
    if last:
        reading = list(whole.results)
        reading[axis] = AffineExpr.constant(count - 1) - reading[axis]
        whole = access(whole.num_dims, *reading)
    body = Body([i32])
    index = body.arguments[0]
    index = body.sub(body.constant(count - 1, i32), index) if last else index
    region, type = body.finish(body.extend(index, scalar_type(y))), TensorType(y, rows.kept_shape)
    return builder.emit(ReduceOp(Reduction.ARGMAX, [source], type, rows.domain, [whole, kept], region, i32, node=name))


def lower_hardmax(builder: FixedBuilder, op: onnx.HardmaxOp) -> SSAValue:
    """1 where an element's place is the index of the first greatest, else 0."""
    shape, y, name = shape_of(op.x), builder.type_of(op.result), name_of(op)
    axis = op.axis_index % len(shape)
    index = index_of_greatest(builder, builder.value(op.x), axis, False, i32, f"{name}_index")
    column = [shape[axis] if a == axis else 1 for a in range(len(shape))]
    places = builder.constant(np.arange(shape[axis], dtype=np.int32).reshape(column), i32, f"{name}_places")
    zero, one = (int(v) for v in quantize(np.array([0.0, 1.0]), y))

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        is_first = body.add_op(arith.CmpiOp(arguments[0], arguments[1], "eq"))
        chosen = body.add_op(arith.SelectOp(is_first, body.constant(one, i32), body.constant(zero, i32)))
        return body.saturate(chosen, *y.limits, y.storage)

    return mapped(builder, [index, places], y, shape, scalar, name)


def lower_cum_sum(builder: FixedBuilder, op: onnx.CumSumOp) -> SSAValue:
    """A sum over a window as long as the axis that ends (or begins) at each element: outside of it nothing is added."""
    x, y, shape, name = builder.type_of(op.x), builder.type_of(op.result), shape_of(op.x), name_of(op)
    axis, rank = op.axis_index % len(shape), len(shape)
    count = shape[axis]
    bound = reach_of(x) * count
    requantized = change_of_scale(builder, x.scale / y.scale, bound)
    acc = accumulator(bound, name)
    d = dimensions(rank + 1)
    exclusive = 1 if op.exclusive is not None else 0
    first = exclusive if op.reverse is not None else 1 - count - exclusive
    reading = [d[a] + d[rank] + first if a == axis else d[a] for a in range(rank)]
    body = Body([acc])
    region = body.finish(body.to_storage(requantized(body, body.arguments[0]), y))
    domain, maps = DomainAttr(shape, (count,)), [access(rank + 1, *reading), access(rank + 1, *d[:rank])]
    source, type = builder.value(op.x), TensorType(y, shape)
    return builder.emit(ReduceOp(Reduction.SUM, [source], type, domain, maps, region, acc, x.zp, node=name))
