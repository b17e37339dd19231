"""Means over whole dimensions: GlobalAveragePool and ReduceMean."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.fixed.forms import ReduceOp
from ...dialects.fixed.types import DomainAttr, Reduction
from .bodies import Body
from .builder import FixedBuilder, Requantizer, access, dimensions, shape_of
from .elementwise import name_of
from .pools import Window, pool
from .requantize import accumulator_bits
from .shapes import reshaped


def lower_global_average_pool(builder: FixedBuilder, op: onnx.GlobalAveragePoolOp) -> SSAValue:
    """An average pool whose window is the whole image."""
    return pool(builder, op, whole(shape_of(op.x)[2:]), Reduction.SUM, shape_of(op.result))


def whole(extent: tuple[int, ...]) -> Window:
    """A window of this size at one place."""
    ones = (1,) * len(extent)
    return Window(extent, ones, ones, (0,) * (2 * len(extent)))


def lower_reduce_mean(builder: FixedBuilder, op: onnx.ReduceMeanOp) -> SSAValue:
    """Over spatial dimensions a pool, which is stored channels last; over others a sum in the operand's own order."""
    shape, reduced = shape_of(op.x), op.reduced
    if len(shape) >= 3 and reduced and min(reduced) >= 2:
        window = whole(tuple(n if axis in reduced else 1 for axis, n in enumerate(shape) if axis >= 2))
        result = pool(builder, op, window, Reduction.SUM, op.kept_shape)
    else:
        result = mean(builder, op)
    return reshaped(builder, result, shape_of(op.result), f"{name_of(op)}_dropped")


def mean(builder: FixedBuilder, op: onnx.ReduceMeanOp) -> SSAValue:
    """The sum over the reduced dimensions, rescaled by 1 / count; they are kept as 1."""
    shape, reduced = shape_of(op.x), op.reduced
    x, y = builder.type_of(op.x), builder.type_of(op.result)
    outer = [axis for axis in range(len(shape)) if axis not in reduced]
    d = dict(zip((*outer, *reduced), dimensions(len(shape)), strict=True))
    count = prod(shape[axis] for axis in reduced)
    bound = max(x.limits[1] - x.zp, x.zp - x.limits[0]) * count
    requantizer = Requantizer(builder, np.asarray(x.scale / y.scale / count), bound, op=op)
    acc = IntegerType(accumulator_bits(bound))
    body = Body([acc])
    return builder.emit(
        ReduceOp(
            Reduction.SUM,
            [builder.value(op.x)],
            TensorType(y, op.kept_shape),
            DomainAttr([shape[axis] for axis in outer], [shape[axis] for axis in reduced]),
            [
                access(len(shape), *(d[axis] for axis in range(len(shape)))),
                access(len(shape), *(0 if axis in reduced else d[axis] for axis in range(len(shape)))),
            ],
            body.finish(body.to_storage(requantizer.apply(body, body.arguments[0]), y)),
            acc,
            x.zp,
            node=name_of(op),
        )
    )
