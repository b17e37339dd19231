"""Cast: between reals and integers, and between integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from xdsl.dialects.builtin import Float32Type, IntegerType, i1
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.errors import UserError
from ....dialects.fixed.types import QType, integer_type, storage_limits
from ..bodies import Body
from ..builder import FixedBuilder, Requantizer, element_of, shape_of
from ..elementwise import elementwise, name_of
from ..shapes import read_as
from .bounds import bounds_of
from .fractions import neighbours
from .narrow import stored_type
from .numbers import Number, Numbers, TooWide
from .wrapping import wrapped


def lower_cast(builder: FixedBuilder, op: onnx.CastOp) -> SSAValue:
    """A map, or the same integers read in another way."""
    source, target = element_of(op.x), element_of(op.result)
    x, y, name = builder.type_of(op.x), builder.type_of(op.result), name_of(op)
    if isinstance(source, IntegerType) and isinstance(target, Float32Type) and y == integer_type(source):
        return read_as(builder, builder.value(op.x), y, name)
    body = Body([x.storage])
    n = Numbers(body)
    if isinstance(target, Float32Type):
        return mapped(builder, op, body, to_reals(builder, n, n.argument(0, *bounds_of(builder, op.x)), y), y)
    if isinstance(source, Float32Type):
        result = from_reals(n, x, target, name)
    else:
        number = n.argument(0, *bounds_of(builder, op.x))
        result = truth(n, number) if target == i1 else to_width(n, number, y.storage)
    builder.bounds[op.result] = (result.low, result.high)
    y = stored_type(builder, op.result, result.low, result.high)
    return mapped(builder, op, body, n.stored(result, y.storage), y)


def mapped(builder: FixedBuilder, op: onnx.CastOp, body: Body, value: SSAValue, y: QType) -> SSAValue:
    """The map of a body."""
    inputs = [builder.value(op.x)]
    return elementwise(builder, inputs, y, shape_of(op.result), body, value, name_of(op))


def truth(n: Numbers, x: Number) -> Number:
    """0 is false, all else is true."""
    return n.flag(n.test("ne", x, n.constant(0)))


def to_width(n: Numbers, x: Number, storage: IntegerType) -> Number:
    """The lowest bits of an integer."""
    return x if storage.width.data == 64 else wrapped(n, x, storage)


def to_reals(builder: FixedBuilder, n: Numbers, x: Number, y: QType) -> SSAValue:
    """An integer as a real: in the scale of y, saturated."""
    reach = max(abs(limit - y.zp) for limit in y.limits)
    most = int(reach * y.scale) + 1
    x = n.within(x, -most, most)
    value = x.value
    if y.scale != 1:
        value = Requantizer(builder, np.asarray(1 / y.scale), max(abs(x.low), abs(x.high))).apply(n.body, value)
    return n.body.to_storage(value, y)


def from_reals(n: Numbers, x: QType, target: object, name: str) -> Number:
    """A real as an integer, towards zero and within the limits of the type.

    `trunc(a * scale)` is `trunc(a * p / q)` for all |a| <= q' where p / q is the greatest fraction of such denominators
    that is not above the scale.
    """
    number = n.argument(0, *x.limits)
    centred = n.sub(number, n.constant(x.zp)) if x.zp else number
    assert isinstance(target, IntegerType)
    if target == i1:
        return truth(n, centred)
    low, high = storage_limits(target)
    scale = Fraction(x.scale)
    reach = max(abs(centred.low), abs(centred.high))
    if scale > high + 1:  # all but 0 is beyond the limits
        scale = Fraction(high + 1)
    ratio = neighbours(scale, reach)[0]
    try:
        product = n.mul(centred, n.constant(ratio.numerator)) if ratio.numerator != 1 else centred
        return n.within(quotient(n, product, ratio.denominator), low, high)
    except TooWide:
        raise UserError(
            f"onnx.Cast '{name}': reals of {x} as {target} need more than 64 bits; cast to int32, or calibrate on "
            "smaller numbers"
        ) from None


def quotient(n: Numbers, x: Number, by: int) -> Number:
    """x / by, towards zero."""
    if by == 1:
        return x
    if by & (by - 1):
        return n.divide(x, n.constant(by))
    return n.truncated(x, by.bit_length() - 1)
