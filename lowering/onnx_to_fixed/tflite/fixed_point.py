"""Sigmoid and Tanh of 16 bits at run time, as gemmlowp computes them (fixedpoint/fixedpoint.h).

All values are integers of 16 bits, held in 32. exp(x) is a series below the next quarter times a factor for each bit
above; 1 / (1 + e) takes three steps of Newton's.
"""

from __future__ import annotations

from xdsl.dialects.builtin import i32
from xdsl.ir import SSAValue

from ....dialects.fixed.types import Rounding
from ..bodies import Body
from .gemmlowp import EXP_EIGHTH, POWERS, THIRD

HALVES = 15
"""Fractional bits of what is between -1 and 1."""

NEWTON = (1515870810, -1010580540)
"""48/17 and -32/17 with 29 fractional bits: the first guess of an inverse."""

GREATEST = (1 << HALVES) - 1

FARTHEST = -32
"""The exponential of less is 0, where there are more than 5 bits before the point."""


def narrowed(constant: int) -> int:
    """A constant of 32 bits in 16."""
    return (constant + (1 << 15)) >> 16


def logistic(body: Body, x: SSAValue) -> SSAValue:
    """1 / (1 + exp(-x)) of 12 fractional bits."""
    inverse = twice_inverse(body, exponential(body, below(body, x), 3))
    above = clamped(body, doubled(body, inverse, 1))
    under = body.sub(body.constant(GREATEST, i32), above)
    value = body.choose("sgt", x, 0, above, under)
    return body.choose("eq", x, 0, body.constant(1 << HALVES - 1, i32), value)


def tanh(body: Body, x: SSAValue, integer_bits: int) -> SSAValue:
    """tanh(x) of so many bits before the point: `(1 - e) / (1 + e)` of `e = exp(-2 |x|)`."""
    inverse = twice_inverse(body, exponential(body, below(body, x), integer_bits + 1))
    value = clamped(body, doubled(body, body.offset(inverse, -(1 << HALVES - 2)), 2))
    signed = body.choose("slt", x, 0, body.negated(value), value)
    return body.choose("eq", x, 0, body.constant(0, i32), signed)


def below(body: Body, x: SSAValue) -> SSAValue:
    """-|x|"""
    return body.least(x, body.negated(x))


def high(body: Body, left: SSAValue, right: SSAValue) -> SSAValue:
    """`left right / 2^15`, to nearest, ties up (SaturatingRoundingDoublingHighMul)."""
    return body.round_shift(body.mul(left, right), HALVES, Rounding.HALF_UP)


def doubled(body: Body, x: SSAValue, times: int) -> SSAValue:
    """x 2^times"""
    return body.mul(x, body.constant(1 << times, i32))


def clamped(body: Body, x: SSAValue) -> SSAValue:
    """x saturated to 16 bits."""
    return body.saturate(x, -GREATEST - 1, GREATEST, i32)


def near_zero(body: Body, x: SSAValue) -> SSAValue:
    """exp(x) for x in [-1/4, 0) of 15 fractional bits: four terms of its series about -1/8."""
    x = body.offset(x, 1 << HALVES - 3)
    square = high(body, x, x)
    cube, fourth = high(body, square, x), high(body, square, square)
    rest = body.add(body.round_shift(fourth, 2, Rounding.HALF_AWAY), cube)
    rest = body.add(high(body, rest, body.constant(narrowed(THIRD), i32)), square)
    total = body.add(x, body.round_shift(rest, 1, Rounding.HALF_AWAY))
    eighth = narrowed(EXP_EIGHTH)
    return body.offset(high(body, total, body.constant(eighth, i32)), eighth)


def exponential(body: Body, x: SSAValue, integer_bits: int) -> SSAValue:
    """exp(x) of 15 fractional bits for x below 0, with so many bits before the point."""
    fraction = HALVES - integer_bits
    low = body.offset(body.masked(x, fraction - 2), -(1 << fraction - 2))
    result, rest = near_zero(body, doubled(body, low, integer_bits)), body.sub(low, x)
    for power, factor in POWERS.items():
        if integer_bits > power:
            bit = body.masked(body.shift_right(rest, fraction + power), 1)
            scaled = high(body, result, body.constant(narrowed(factor), i32))
            result = body.choose("eq", bit, 0, result, scaled)
    if integer_bits > 5:
        result = body.choose("slt", x, FARTHEST << fraction, body.constant(0, i32), result)
    return result


def twice_inverse(body: Body, e: SSAValue) -> SSAValue:
    """2 / (1 + e) of 13 fractional bits, for e of 15 between 0 and 1."""
    half = body.shift_right(body.offset(e, GREATEST + 1), 1)
    guess, slope = (narrowed(number) for number in NEWTON)
    x = body.offset(high(body, half, body.constant(slope, i32)), guess)
    for _ in range(3):
        rest = body.sub(body.constant(1 << HALVES - 2, i32), high(body, half, x))
        x = body.add(x, clamped(body, doubled(body, high(body, x, rest), 2)))
    return x
