"""Sums, products and changes of scale (reference/add.h, sub.h, mul.h, prelu.h, requantize.h, activations.cc)."""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import i32
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.numbers import quantize
from ....dialects.fixed.types import QType
from ..bodies import Body
from ..builder import FixedBuilder, shape_of
from ..elementwise import elementwise, name_of
from ..requantize import NotInArithmetic
from ..rows import reach_of
from .multipliers import DoubleRounding, multiplied

SUM_SHIFT = {8: 20, 16: 15}
"""How far addends are shifted left before their scales are made one, by their bits."""

F32 = np.float32


def centred(body: Body, element: SSAValue, type: QType) -> SSAValue:
    """An element without its zero point, in 32 bits."""
    return body.offset(body.extend(element, i32), -type.zp)


def lower_add(builder: FixedBuilder, op: onnx.AddOp) -> SSAValue:
    """lhs + rhs"""
    return scaled_sum(builder, op, negated=False)


def lower_sub(builder: FixedBuilder, op: onnx.SubOp) -> SSAValue:
    """lhs - rhs"""
    return scaled_sum(builder, op, negated=True)


def scaled_sum(builder: FixedBuilder, op: onnx.AddOp | onnx.SubOp, negated: bool) -> SSAValue:
    """Both addends in half of the greater scale's 2^-shift, then their sum in the result's scale."""
    types, y = [builder.type_of(op.lhs), builder.type_of(op.rhs)], builder.type_of(op.results[0])
    if any(t.bits not in SUM_SHIFT or t.bits != y.bits for t in types):
        raise NotInArithmetic("TFLite adds values of 8 or of 16 bits; use --arithmetic exact")
    shift, twice = SUM_SHIFT[y.bits], 2.0 * max(t.scale for t in types)
    body = Body([t.storage for t in types])
    terms: list[SSAValue] = []
    for element, type in zip(body.arguments, types, strict=True):
        factor, value = type.scale / twice, centred(body, element, type)
        half = factor == 0.5
        shifted = body.mul(value, body.constant(1 << shift - half, i32))
        terms.append(shifted if half else multiplied(body, shifted, reach_of(type) << shift, factor))
    total = body.sub(*terms) if negated else body.add(*terms)
    bound = sum(int(reach_of(t) * t.scale / twice * 2.0**shift) + 2 for t in types)
    factor = twice / ((1 << shift) * y.scale)
    if factor >= 1:
        raise NotInArithmetic("TFLite has no sum in so fine a scale; use --arithmetic exact")
    value = DoubleRounding(builder, np.asarray(factor), bound, y).stored(body, total, y)
    return elementwise(
        builder, [builder.value(op.lhs), builder.value(op.rhs)], y, shape_of(op.results[0]), body, value, name_of(op)
    )


def lower_mul(builder: FixedBuilder, op: onnx.MulOp) -> SSAValue:
    """The product of the integers, in the result's scale; the factor is made of floats."""
    types, y = [builder.type_of(op.lhs), builder.type_of(op.rhs)], builder.type_of(op.results[0])
    bound = reach_of(types[0]) * reach_of(types[1])
    factor = float(F32(types[0].scale) * F32(types[1].scale) / F32(y.scale))
    body = Body([t.storage for t in types])
    lhs, rhs = (centred(body, e, t) for e, t in zip(body.arguments, types, strict=True))
    value = body.to_storage(multiplied(body, body.mul(lhs, rhs), bound, factor), y)
    inputs = [builder.value(op.lhs), builder.value(op.rhs)]
    return elementwise(builder, inputs, y, shape_of(op.results[0]), body, value, name_of(op))


def lower_p_relu(builder: FixedBuilder, op: onnx.PReluOp) -> SSAValue:
    """x from 0 on, x times a slope below it, each in the result's scale."""
    x, slope, y = builder.type_of(op.operands[0]), builder.type_of(op.operands[1]), builder.type_of(op.results[0])
    body = Body([x.storage, slope.storage])
    value = centred(body, body.arguments[0], x)
    product = body.mul(value, centred(body, body.arguments[1], slope))
    above = multiplied(body, value, reach_of(x), float(F32(x.scale) / F32(y.scale)))
    factor = float(F32(x.scale) * F32(slope.scale) / F32(y.scale))
    below = multiplied(body, product, reach_of(x) * reach_of(slope), factor)
    result = body.to_storage(body.choose("sge", value, 0, above, below), y)
    inputs = [builder.value(operand) for operand in op.operands]
    return elementwise(builder, inputs, y, shape_of(op.results[0]), body, result, name_of(op))


def lower_quantize(builder: FixedBuilder, op: onnx.QuantizeLinearOp) -> SSAValue:
    """A change of type; the factor is made of doubles."""
    if builder.type_of(op.x) == builder.type_of(op.results[0]):
        return builder.value(op.x)
    return clamp(builder, op, (-np.inf, np.inf), exact=True)


def lower_relu(builder: FixedBuilder, op: onnx.ReluOp) -> SSAValue:
    """max(x, 0)"""
    return clamp(builder, op, (0.0, np.inf))


def lower_clip(builder: FixedBuilder, op: onnx.ClipOp) -> SSAValue:
    """min(max(x, low), high)"""
    return clamp(builder, op, (op.low_value, op.high_value))


def clamp(builder: FixedBuilder, op: Operation, limits: tuple[float, float], exact: bool = False) -> SSAValue:
    """Between two bounds on stored integers, behind a change of type where there is one."""
    x, y = builder.type_of(op.operands[0]), builder.type_of(op.results[0])
    bounds = [int(q) for q in quantize(np.array(limits), y)]
    body = Body([x.storage])
    value = body.arguments[0]
    if x != y:
        factor = x.scale / y.scale if exact else float(F32(x.scale) / F32(y.scale))
        value = body.offset(multiplied(body, centred(body, value, x), reach_of(x), factor), y.zp)
    value = body.saturate(value, bounds[0], bounds[1], y.storage)
    return elementwise(builder, [builder.value(op.operands[0])], y, shape_of(op.results[0]), body, value, name_of(op))


def divided(body: Body, total: SSAValue, count: SSAValue) -> SSAValue:
    """total / count, ties away from zero: `(t + c / 2) / c` above 0, `(t - c / 2) / c` else."""
    half = body.shift_right(count, 1)
    positive = body.add(total, half)
    numerator = body.choose("sgt", total, 0, positive, body.sub(total, half))
    return body.add_op(arith.DivSIOp(numerator, count))
