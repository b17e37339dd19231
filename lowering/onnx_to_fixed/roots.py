"""Roots, inverses and logarithms of wide integers in a body: a mantissa, a table, Newton's method, an exponent.

`x = m * 2^(e - 31)` with m and e the `fixed.mantissa` of 31 bits and the `fixed.exponent` of x. Relative errors are
stated for the reals that results stand for.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import i8, i32, i64
from xdsl.ir import SSAValue

from ...dialects.fixed.normalize import ExponentOp, MantissaOp
from ...dialects.fixed.scalar import RescaleOp
from ...dialects.fixed.types import Rounding
from .bodies import Body
from .builder import FixedBuilder

MANTISSA_BITS = 31

ROOT_BITS = 29
"""Fractional bits of an inverse root or an inverse, which lies between 1 and 2."""

LOG_BITS = 28
"""Fractional bits of a logarithm."""

LOG_STEPS = 256
"""Pieces of the logarithm's table, between 1/2 and 1: linear between them it errs by 2^-19."""


def root_table(builder: FixedBuilder, name: str) -> SSAValue:
    """1 / sqrt(v) in the middle of 96 pieces from 1/4 to 1: within 2^-6.9."""
    middles = (np.arange(32, 128) + 0.5) / 128
    return builder.constant(np.rint(2.0**ROOT_BITS / np.sqrt(middles)).astype(np.int32), i32, f"{name}_roots")


def log_table(builder: FixedBuilder, name: str) -> SSAValue:
    """ln(v) at 257 places from 1/2 to 1."""
    places = 0.5 + np.arange(LOG_STEPS + 1) / (2 * LOG_STEPS)
    return builder.constant(np.rint(np.log(places) * 2.0**LOG_BITS).astype(np.int32), i32, f"{name}_logarithms")


def exponent(body: Body, value: SSAValue, step: int) -> SSAValue:
    """The exponent of a positive i64, as i64."""
    return body.add_op(ExponentOp(value, step, i64))


def mantissa(body: Body, value: SSAValue, step: int) -> SSAValue:
    """The mantissa of a positive i64, as i64."""
    return body.add_op(MantissaOp(value, MANTISSA_BITS, step, i64))


def floor_shift(body: Body, value: SSAValue, shift: int) -> SSAValue:
    """floor(value / 2^shift)"""
    return body.add_op(arith.ShRSIOp(value, body.constant(shift, i64)))


def inverse_root(body: Body, m: SSAValue, table: SSAValue) -> SSAValue:
    """`2^29 / sqrt(m / 2^31)`, from 2^29 to 2^30, for a mantissa of step 2; within 2^-26.

    Two of Newton's steps, `r (3 - v r^2) / 2`; with interval arithmetic nothing leaves 63 bits.
    """
    index = body.saturate(floor_shift(body, m, 24), 32, 127, i32)
    r = body.extend(body.lookup(table, body.offset(index, -32), i32), i64)
    for _ in range(2):
        square = floor_shift(body, body.mul(r, r), ROOT_BITS)
        product = floor_shift(body, body.mul(m, square), MANTISSA_BITS)
        rest = body.sub(body.constant(3 << ROOT_BITS, i64), product)
        r = floor_shift(body, body.mul(r, rest), ROOT_BITS + 1)
        r = body.saturate(r, 1 << ROOT_BITS, 1 << ROOT_BITS + 1, i64)
    return r


def inverse(body: Body, m: SSAValue) -> SSAValue:
    """`2^29 / (m / 2^31)`, from 2^29 to 2^30, for a mantissa of step 1."""
    m = body.saturate(m, 1 << MANTISSA_BITS - 1, (1 << MANTISSA_BITS) - 1, i64)
    return body.add_op(arith.DivSIOp(body.constant(1 << MANTISSA_BITS + ROOT_BITS, i64), m))


def root(body: Body, m: SSAValue, table: SSAValue) -> SSAValue:
    """`2^30 sqrt(m / 2^31)`: m times the inverse root; 0 for 0."""
    return floor_shift(body, body.mul(m, inverse_root(body, m, table)), ROOT_BITS + 1)


def logarithm(body: Body, value: SSAValue, table: SSAValue) -> SSAValue:
    """`2^28 ln(x)` of a positive i64: `e ln 2 + ln v`."""
    e, m = exponent(body, value, 1), mantissa(body, value, 1)
    index = body.saturate(floor_shift(body, m, 22), LOG_STEPS, 2 * LOG_STEPS - 1, i32)
    index = body.offset(index, -LOG_STEPS)
    part = body.add_op(arith.AndIOp(m, body.constant((1 << 22) - 1, i64)))
    low = body.extend(body.lookup(table, index, i32), i64)
    high = body.extend(body.lookup(table, body.offset(index, 1), i32), i64)
    between = body.round_shift(body.mul(body.sub(high, low), part), 22)
    powers = body.mul(e, body.constant(round(np.log(2) * 2.0**LOG_BITS), i64))
    return body.add(powers, body.add(low, between))


def half(body: Body, value: SSAValue) -> SSAValue:
    """value / 2"""
    return floor_shift(body, value, 1)


def shift_amount(body: Body, amount: SSAValue) -> SSAValue:
    """An amount as what shifts a 64-bit value with rounding, from 1 to 62, as i8."""
    return body.saturate(amount, 1, 62, i8)


def round_by(body: Body, value: SSAValue, amount: SSAValue) -> SSAValue:
    """value / 2^amount, ties up, for an i8 amount from 1 to 62; value plus half of that must fit 64 bits."""
    amount = body.extend(body.saturate(amount, 1, 62, i8), i64)
    one = body.constant(1, i64)
    middle = body.add_op(arith.ShLIOp(one, body.sub(amount, one)))
    return body.add_op(arith.ShRSIOp(body.add(value, middle), amount))


def scaled_to(body: Body, value: SSAValue, factor: float, bound: int) -> SSAValue:
    """round(value * factor) as i64, for an i64 of magnitude up to `bound`; the factor keeps all bits that fit."""
    return ScaledBy(factor, bound).apply(body, value)


class ScaledBy:
    """A real factor of values up to a bound as a multiplier and a shift in 64 bits."""

    def __init__(self, factor: float, bound: int):
        room = 62 - max(1, bound.bit_length())
        place = int(np.ceil(np.log2(factor))) if factor > 0 else 0
        self.shift = min(max(min(room, 31) - place, 1), 62)
        self.multiplier = min(round(factor * 2.0**self.shift), (1 << min(room, 31)) - 1)

    def apply(self, body: Body, value: SSAValue) -> SSAValue:
        """The value in the new scale."""
        multiplier = body.constant(self.multiplier, i64)
        return body.add_op(RescaleOp(value, self.shift, Rounding.HALF_UP, i64, i64, multiplier))
