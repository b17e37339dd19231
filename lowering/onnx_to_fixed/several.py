"""Scalar functions of several tensors as maps: extremes, means, remainders, powers, slopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.types import DomainAttr, QType
from ...dialects.onnx.weights import is_weight, weight_reals
from .bodies import Body
from .builder import FixedBuilder, Requantizer, shape_of
from .elementwise import broadcast_map, elementwise, name_of, rescaled, weighted_sum
from .functions import function_map
from .quotients import reach
from .straight_lines import numbers

REMAINDER_BITS = 30
"""Bits of the operands of a remainder: the product of a quotient and a divisor then has no more than 60."""


def lower_extreme(builder: FixedBuilder, op: onnx.MaxOp | onnx.MinOp) -> SSAValue:
    """The greatest or least of the operands, each rescaled and saturated first."""
    types = [builder.type_of(x) for x in op.inputs]
    y = builder.type_of(op.result)
    body = Body([t.storage for t in types])
    combine = body.greatest if isinstance(op, onnx.MaxOp) else body.least
    result: SSAValue | None = None
    for element, type in zip(body.arguments, types, strict=True):
        value = body.offset(rescaled(builder, body, element, type, y), y.zp)
        value = body.saturate(value, *y.limits, i32)
        result = value if result is None else combine(result, value)
    assert result is not None, "verified: at least one operand"
    value = body.saturate(result, *y.limits, y.storage)
    return elementwise(builder, [builder.value(x) for x in op.inputs], y, shape_of(op.result), body, value, name_of(op))


def lower_mean(builder: FixedBuilder, op: onnx.MeanOp) -> SSAValue:
    """The sum of the operands, a share of each."""
    return weighted_sum(builder, op, op.inputs, [1 / len(op.inputs)] * len(op.inputs))


def lower_mod(builder: FixedBuilder, op: onnx.ModOp) -> SSAValue:
    """`A - trunc(A / B) B` with A and B in units of 2^-shift, 0 where B is 0; with floor plus B where signs differ.

    A and B have 30 bits, what is computed of them 64: interval analysis sees that it fits. A constant B is no integer
    of its type: it has all these bits.
    """
    a, b, y = builder.type_of(op.lhs), builder.type_of(op.rhs), builder.type_of(op.result)
    shift = REMAINDER_BITS - 1 - int(np.floor(np.log2(max(a.scale * reach(a), b.scale * reach(b)))))
    limit = 1 << REMAINDER_BITS
    requantizer = Requantizer(builder, np.asarray(np.ldexp(1.0, -shift) / y.scale), 4 * limit)
    known = is_weight(op.rhs)
    body = Body([a.storage, i32 if known else b.storage])
    dividend = in_units(body, body.arguments[0], a, shift)
    divisor = body.extend(body.arguments[1], i64) if known else in_units(body, body.arguments[1], b, shift)
    positive = body.greatest(body.greatest(divisor, body.negated(divisor)), body.constant(1, i64))
    whole = body.mul(body.divide(dividend, positive), positive)
    rest = body.saturate(body.sub(dividend, whole), -limit, limit, i64)
    if op.is_floored:
        signs = body.mul(body.saturate(rest, -1, 1, i64), body.saturate(divisor, -1, 1, i64))
        rest = body.choose("slt", signs, 0, body.add(rest, divisor), rest)
    value = body.choose("eq", divisor, 0, body.constant(0, i64), rest)
    value = body.to_storage(requantizer.apply(body, value), y)
    shape = shape_of(op.result)
    source = builder.value(op.lhs)
    if not known:
        return elementwise(builder, [source, builder.value(op.rhs)], y, shape, body, value, name_of(op))
    units = np.rint(np.ldexp(weight_reals(op.rhs), shift)).astype(np.int32)
    divisors = builder.constant(units, i32, f"{name_of(op)}_divisors")
    return with_numbers(builder, source, divisors, y, shape, body, value, name_of(op))


def in_units(body: Body, element: SSAValue, type: QType, shift: int) -> SSAValue:
    """The real of an element in units of 2^-shift, as i64."""
    factor = max(1, round(float(np.ldexp(type.scale, shift))))
    return body.mul(body.offset(body.extend(element, i64), -type.zp), body.constant(factor, i64))


def with_numbers(
    builder: FixedBuilder,
    source: SSAValue,
    numbers: SSAValue,
    y: QType,
    shape: tuple[int, ...],
    body: Body,
    value: SSAValue,
    name: str,
) -> SSAValue:
    """A map of one input and of a constant that broadcasts to the result."""
    maps = [broadcast_map(s, shape) for s in (shape_of(source), shape_of(numbers), shape)]
    region, domain = body.finish(value), DomainAttr(shape)
    return builder.emit(MapOp([source], TensorType(y, shape), domain, maps, region, [numbers], node=name))


def lower_pow(builder: FixedBuilder, op: onnx.PowOp) -> SSAValue:
    """A function of the operand that is no constant. Raises UserError where the other one is not one number."""
    x, other = (op.lhs, op.rhs) if is_weight(op.rhs) else (op.rhs, op.lhs)
    number = np.unique(weight_reals(other)) if is_weight(other) else np.zeros(0)
    if number.size != 1:
        raise UserError(f"{op.name} '{name_of(op)}': the exponent or the base must be a constant, one number")

    def power(reals: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.power(reals, number[0]) if x is op.lhs else np.power(number[0], reals)

    return function_map(builder, op, x, power)


def lower_p_relu(builder: FixedBuilder, op: onnx.PReluOp) -> SSAValue:
    """x where it is not negative, else x times the slope."""
    return constant_slopes(builder, op) if is_weight(op.rhs) else computed_slopes(builder, op)


def constant_slopes(builder: FixedBuilder, op: onnx.PReluOp) -> SSAValue:
    """`round((x - zx) * m / 2^shift) + zy` with m of 1 or of the slope."""
    x, y = builder.type_of(op.lhs), builder.type_of(op.result)
    slopes = weight_reals(op.rhs)
    factors = np.append(slopes.reshape(-1), 1.0) * x.scale / y.scale
    chosen = numbers(factors, np.zeros(1), reach(x))
    dtype = np.int32 if chosen.type == i32 else np.int64
    integers = chosen.factors[:-1].reshape(slopes.shape).astype(dtype)
    param = builder.constant(integers, chosen.type, f"{name_of(op)}_slopes")
    body = Body([x.storage, chosen.type])
    centred = body.offset(body.extend(body.arguments[0], chosen.type), -x.zp)
    one = body.constant(int(chosen.factors[-1]), chosen.type)
    factor = body.choose("slt", centred, 0, body.arguments[1], one)
    value = body.to_storage(body.round_shift(body.mul(centred, factor), chosen.shift), y)
    return with_numbers(builder, builder.value(op.lhs), param, y, shape_of(op.result), body, value, name_of(op))


def computed_slopes(builder: FixedBuilder, op: onnx.PReluOp) -> SSAValue:
    """Two changes of scale: that of x, and that of the product."""
    x, slope, y = builder.type_of(op.lhs), builder.type_of(op.rhs), builder.type_of(op.result)
    bound = reach(x) * reach(slope)
    wide = i32 if bound < 1 << 31 else i64
    body = Body([x.storage, slope.storage])
    element = body.offset(body.extend(body.arguments[0], wide), -x.zp)
    factor = body.offset(body.extend(body.arguments[1], wide), -slope.zp)
    requantizer = Requantizer(builder, np.asarray(x.scale * slope.scale / y.scale), bound)
    below = saturated(body, requantizer.apply(body, body.mul(element, factor)))
    above = saturated(body, rescaled(builder, body, body.arguments[0], x, y))
    value = body.to_storage(body.choose("slt", element, 0, below, above), y)
    inputs = [builder.value(op.lhs), builder.value(op.rhs)]
    return elementwise(builder, inputs, y, shape_of(op.result), body, value, name_of(op))


def saturated(body: Body, value: SSAValue) -> SSAValue:
    """As i32, beyond which every result of 16 bits is saturated anyway."""
    assert isinstance(value.type, IntegerType)
    limit = 1 << 20
    return body.saturate(value, -limit, limit, i32)
