"""Means (reference/integer_ops/pooling.h, reference/reduce.h)."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.dialects.builtin import TensorType, i32
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.fixed.forms import ReduceOp
from ....dialects.fixed.types import Reduction
from ....passes.fixed.layouts.transposes import transpose
from ..bodies import Body
from ..builder import FixedBuilder, shape_of
from ..elementwise import name_of
from ..pools import pool_accesses, pool_window
from ..requantize import NotInArithmetic
from ..rows import Rows, reach_of, reduced
from ..shapes import reshaped
from .elementwise import divided
from .multipliers import high_product, multipliers_of, require_room

LARGEST_SUM = (1 << 31) - (1 << 16)
"""What a sum of 32 bits and half of its divisor stay below."""


def lower_average_pool(builder: FixedBuilder, op: onnx.AveragePoolOp) -> SSAValue:
    """The sum of the stored integers over their number, ties away from zero: as they are, whatever the scales."""
    x, y, name = builder.type_of(op.x), builder.type_of(op.result), name_of(op)
    window = pool_window(op)
    spatial = len(window.sizes)
    to_nhwc = (0, *range(2, spatial + 2), 1)
    out_shape, extent = shape_of(op.result), shape_of(op.x)[2:]
    if op.includes_padding or x.bits != y.bits:
        raise NotInArithmetic("TFLite has no such mean; use --arithmetic exact")
    if max(abs(limit) for limit in x.limits) * prod(window.sizes) >= LARGEST_SUM:
        raise NotInArithmetic("its sums leave 32 bits in TFLite's arithmetic; use --arithmetic exact")
    counts = window.counts(out_shape[2:], extent)
    source = builder.emit(transpose(builder.value(op.x), to_nhwc, f"{name}_nhwc"))
    result_shape = tuple(out_shape[axis] for axis in to_nhwc)
    domain, in_map, out_map, position = pool_accesses(window, result_shape)
    params = [builder.constant(counts.astype(np.int32), i32)] if counts.ndim else []
    body = Body([i32, *(i32 for _ in params)])
    count = body.arguments[1] if params else body.constant(int(counts), i32)
    value = body.saturate(divided(body, body.arguments[0], count), *y.limits, y.storage)
    maps = [in_map, *(position for _ in params), out_map]
    type = TensorType(y, result_shape)
    region = body.finish(value)
    result = builder.emit(ReduceOp(Reduction.SUM, [source], type, domain, maps, region, i32, 0, params, node=name))
    return builder.emit(transpose(result, (0, spatial + 1, *range(1, spatial + 1)), f"{name}_nchw"))


def lower_reduce_mean(builder: FixedBuilder, op: onnx.ReduceMeanOp) -> SSAValue:
    """The sum times the factor of the scales, whose multiplier is divided by the number of elements."""
    x, y, name = builder.type_of(op.x), builder.type_of(op.result), name_of(op)
    shape = shape_of(op.x)
    images = len(shape) >= 3 and op.reduced and min(op.reduced) >= 2
    order = (0, *range(2, len(shape)), 1) if images else tuple(range(len(shape)))
    stored = tuple(shape[axis] for axis in order)
    rows = Rows(stored, tuple(order.index(axis) for axis in op.reduced))
    bound = reach_of(x) * rows.count
    factor = multipliers_of(np.asarray(x.scale / y.scale))
    more = min(rows.count.bit_length() - 1, 32, 31 + int(factor.shifts))
    multiplier, shift = (int(factor.multipliers) << more) // rows.count, int(factor.shifts) - more
    require_room(bound, max(shift, 0))

    def finish(body: Body, value: SSAValue, rest: object) -> SSAValue:
        if shift > 0:
            value = body.mul(value, body.constant(1 << shift, i32))
        return body.to_storage(high_product(body, value, body.constant(multiplier, i32), max(-shift, 0)), y)

    source = builder.value(op.x)
    if images:
        source = builder.emit(transpose(source, order, f"{name}_nhwc"))
    result = reduced(builder, Reduction.SUM, source, rows, i32, y, finish, name, x.zp)
    if images:
        back = (0, len(shape) - 1, *range(1, len(shape) - 1))
        result = builder.emit(transpose(result, back, f"{name}_nchw"))
    return reshaped(builder, result, shape_of(op.result), f"{name}_dropped")
