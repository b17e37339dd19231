"""gemmlowp's fixed point on numpy arrays (fixedpoint/fixedpoint.h): what a table holds is computed with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

ONE = (1 << 31) - 1
"""1 with 31 fractional bits."""

EXP_EIGHTH = 1895147668
"""exp(-1/8) with 31 fractional bits."""

THIRD = 715827883
"""1/3 with 31 fractional bits."""

POWERS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}
"""exp(-2^k) with 31 fractional bits, by k."""


def high(left: Integers, right: Integers | int, bits: int = 31) -> Integers:
    """`left right / 2^bits`, to nearest, ties up (SaturatingRoundingDoublingHighMul, but for its one saturation)."""
    return (left * right + (1 << bits - 1)) >> bits


def rounded_shift(x: Integers, shift: int) -> Integers:
    """x / 2^shift, ties away from zero (RoundingDivideByPOT)."""
    return x if shift == 0 else (x + (1 << shift - 1) - (x < 0)) >> shift


def exponential(x: Integers, integer_bits: int) -> Integers:
    """exp(x) with 31 fractional bits for x of 0 and below, with so many bits before the point."""
    fraction = 31 - integer_bits
    quarter = 1 << fraction - 2
    low = (x & quarter - 1) - quarter
    result, rest = near_zero(low << integer_bits), low - x
    for power, factor in POWERS.items():
        if integer_bits > power:
            result = np.where(rest & 1 << fraction + power, high(result, factor), result)
    return np.where(x == 0, ONE, result)


def near_zero(x: Integers) -> Integers:
    """exp(x) for x in [-1/4, 0): four terms of its series about -1/8."""
    x = x + (1 << 28)
    square = high(x, x)
    cube, fourth = high(square, x), high(square, square)
    higher = rounded_shift(high(rounded_shift(fourth, 2) + cube, THIRD) + square, 1)
    return EXP_EIGHTH + high(x + higher, EXP_EIGHTH)
