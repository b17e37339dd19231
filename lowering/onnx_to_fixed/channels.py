"""BatchNormalization without a layer before it: a factor and a summand per channel."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import TensorType, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.types import PER_TENSOR, DomainAttr
from ...passes.onnx.fold_batch_normalization import normalization
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, shape_of
from .elementwise import name_of
from .requantize import ScaleError
from .shapes import read_as


def lower_batch_normalization(builder: FixedBuilder, op: onnx.BatchNormalizationOp) -> SSAValue:
    """`round((x * m + b) / 2^shift) + zy`, saturated, with m and b of each channel; x's zero point is in b.

    Every sum fits 30 bits for 8-bit values, else 62, and the shift leaves m all the bits that this allows. Raises
    UserError where a factor is so large that none are left.
    """
    x, y = builder.type_of(op.x), builder.type_of(op.result)
    affine = normalization(op)
    factors = affine.factor * np.asarray(x.scales.data) / y.scale
    if x.axis.data != PER_TENSOR and np.allclose(factors, 1) and not affine.summand.any():
        return read_as(builder, builder.value(op.x), y, name_of(op))
    summands = affine.summand / y.scale - factors * x.zp
    reach = max(abs(limit) for limit in x.limits)
    room, wide = (30, i32) if x.bits <= 8 else (62, i64)
    total = float((np.abs(factors) * reach + np.abs(summands)).max())
    if not math.isfinite(total):
        raise ScaleError("its numbers are too large for its scales")
    shift = room - max(0, math.ceil(math.log2(total + 1))) - 1
    if shift < 1:
        raise UserError(f"{op.name} '{name_of(op)}': its numbers are too large for its result's scale {y.scale}")
    dtype = np.int32 if wide == i32 else np.int64
    numbers = [np.floor(v * 2.0**shift + 0.5).astype(dtype) for v in (factors, summands)]
    params = [builder.constant(v, wide, f"{name_of(op)}_{n}") for v, n in zip(numbers, ("m", "b"), strict=True)]
    body = Body([x.storage, wide, wide])
    element, factor, summand = body.arguments
    value = body.add(body.mul(body.extend(element, wide), factor), summand)
    shape, d = shape_of(op.x), dimensions(len(shape_of(op.x)))
    identity, channel = access(len(shape), *d), access(len(shape), d[1])
    region = body.finish(body.to_storage(body.round_shift(value, shift), y))
    return builder.emit(
        MapOp(
            [builder.value(op.x)],
            TensorType(y, shape),
            DomainAttr(shape),
            [identity, channel, channel, identity],
            region,
            params,
            node=name_of(op),
        )
    )
