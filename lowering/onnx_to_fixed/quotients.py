"""Div and Reciprocal by integer division, rounded to nearest; a divisor of 0 saturates by the sign of the numerator."""

from __future__ import annotations

import math

from xdsl.dialects.builtin import IntegerType, i32, i64
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.fixed.types import QType
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import elementwise, name_of
from .requantize import ScaleError

BEYOND = 1 << 17
"""A quotient that every result of 16 bits saturates, whatever its zero point is."""


def lower_div(builder: FixedBuilder, op: onnx.DivOp) -> SSAValue:
    """`round((a - za) * M / ((b - zb) * 2^shift)) + zy`, saturated"""
    a, b = builder.type_of(op.lhs), builder.type_of(op.rhs)
    y = builder.type_of(op.result)
    body = Body([a.storage, b.storage])
    wide, multiplier, shift = scaled_ratio(a.scale / b.scale / y.scale, reach(a), reach(b), y.bits)
    lhs, rhs = (
        body.offset(body.extend(element, wide), -type.zp) for element, type in zip(body.arguments, (a, b), strict=True)
    )
    numerator = body.mul(lhs, body.constant(multiplier, wide))
    value = body.to_storage(quotient(body, numerator, lhs, rhs, shift), y)
    inputs = [builder.value(op.lhs), builder.value(op.rhs)]
    return elementwise(builder, inputs, y, shape_of(op.result), body, value, name_of(op))


def reciprocal(builder: FixedBuilder, op: Operation, x: SSAValue) -> SSAValue:
    """`round(M / ((x - zx) * 2^shift)) + zy`, saturated; of 0 the greatest number"""
    type, y = builder.type_of(x), builder.type_of(op.results[0])
    wide, multiplier, shift = scaled_ratio(1.0 / type.scale / y.scale, 1, reach(type), y.bits)
    body = Body([type.storage])
    divisor = body.offset(body.extend(body.arguments[0], wide), -type.zp)
    numerator = body.constant(multiplier, wide)
    value = body.to_storage(quotient(body, numerator, body.constant(1, wide), divisor, shift), y)
    return elementwise(builder, [builder.value(x)], y, shape_of(op.results[0]), body, value, name_of(op))


def reach(type: QType) -> int:
    """The greatest distance of an integer from the zero point."""
    return max(type.limits[1] - type.zp, type.zp - type.limits[0])


def scaled_ratio(factor: float, numerator: int, divisor: int, bits: int) -> tuple[IntegerType, int, int]:
    """The type to compute in, M and shift: `M / 2^shift` is the factor to 2 bits more than the result has.

    `numerator` and `divisor` bound the integers. Raises ScaleError where 64 bits do not hold the products.
    """
    if math.isnan(factor):
        raise ScaleError("its scales are so far apart that their ratio is no number")
    for wide, room in ((i32, 30), (i64, 62)):
        most = room - (numerator - 1).bit_length()
        shift = min(
            most - math.ceil(math.log2(factor)) if 0 < factor < math.inf else -1, room - (divisor - 1).bit_length()
        )
        while shift >= 0 and round(factor * 2.0**shift) * numerator >= 1 << room:
            shift -= 1
        if shift >= 0 and round(factor * 2.0**shift) >= 1 << bits + 1 or exact(factor, shift):
            return wide, round(factor * 2.0**shift), shift
    raise ScaleError("the ratio of its scales is too large or too small for integer division")


def exact(factor: float, shift: int) -> bool:
    """True where the factor has no more than `shift` fractional bits."""
    return shift >= 0 and factor > 0 and (factor * 2.0**shift).is_integer()


def quotient(body: Body, numerator: SSAValue, sign_of: SSAValue, divisor: SSAValue, shift: int) -> SSAValue:
    """numerator / (divisor * 2^shift), ties away from zero; BEYOND with the sign of `sign_of` where the divisor is 0.

    The divisor's magnitude is at least 1 before it divides, which interval analysis sees.
    """
    wide = numerator.type
    assert isinstance(wide, IntegerType)
    magnitude = body.greatest(divisor, body.negated(divisor))
    positive = body.greatest(magnitude, body.constant(1, wide))
    if shift:
        positive = body.shift_left(positive, body.constant(shift, wide))
    signed = body.choose("slt", divisor, 0, body.negated(numerator), numerator)
    half = body.shift_right(positive, 1)
    rounded = body.choose("slt", signed, 0, body.sub(signed, half), body.add(signed, half))
    ratio = body.divide(rounded, positive)
    unit = body.saturate(sign_of, -1, 1, wide)
    beyond = body.mul(unit, body.constant(BEYOND, wide))
    return body.choose("eq", divisor, 0, beyond, body.saturate(ratio, -BEYOND, BEYOND, wide))
