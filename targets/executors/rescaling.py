"""`fixed.rescale` on numpy arrays: multiply, check that the product fits, shift with each of the roundings."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.scalar import RescaleOp
from ...dialects.fixed.types import Rounding
from .values import IntegerOverflow, Operands, Values, binary, limits, width


def rescale(op: RescaleOp, operands: Operands) -> Values:
    """Multiply, check that the product (and what rounding adds to it) fits `product`, shift with rounding."""
    mode, shift = op.rounding.data, op.shift.value.data
    if mode is Rounding.TFLITE:
        return double_round(op, operands)
    x = binary(operator.mul)(op, operands) if len(operands) == 2 else operands[0]
    half = 1 << shift >> 1
    least, greatest = limits(op.product)
    margin = 0 if mode in (Rounding.FLOOR, Rounding.TRUNCATE) else half
    if not x.within(least, greatest - margin):
        raise IntegerOverflow(f"{op.name}: the product, or what rounding adds to it, leaves {op.product}")
    wide = x.widened(x.low - half, x.high + half)
    bounds = (int(round_shift(np.asarray(b, object), shift, mode)) for b in (x.low, x.high))
    return Values(np.asarray(round_shift(wide, shift, mode)), *bounds)


def round_shift(x: NDArray[Any], shift: int, mode: Rounding) -> NDArray[Any]:
    """x / 2^shift as an integer, by the definition of the mode; the array must hold x plus or minus half of 2^shift."""
    if shift == 0:
        return x
    half = 1 << (shift - 1)
    match mode:
        case Rounding.HALF_UP:
            return (x + half) >> shift
        case Rounding.HALF_EVEN:
            return (x + (half - 1) + ((x >> shift) & 1)) >> shift
        case Rounding.HALF_AWAY:
            return (x + half - (x < 0).astype(x.dtype)) >> shift
        case Rounding.TRUNCATE:
            return (x >> shift) + ((x < 0) & ((x & (2 * half - 1)) != 0))
        case Rounding.FLOOR:
            return x >> shift
        case Rounding.TFLITE:
            raise ValueError("tflite rounding multiplies first")


def double_round(op: RescaleOp, operands: Operands) -> Values:
    """gemmlowp: `SaturatingRoundingDoublingHighMul(x, multiplier)`, then `RoundingDivideByPOT(., shift - 31)`.

    The first is `trunc((x * multiplier + nudge) / 2^31)`, nudge 2^30 or, for a negative product, 1 - 2^30; it saturates
    where both factors are -2^31. The second is half_away.
    """
    if not all(v.within(-(1 << 31), (1 << 31) - 1) for v in operands):
        raise IntegerOverflow(f"{op.name}: tflite rounding takes factors of 32 bits")
    if width(op.product) < 64:
        raise IntegerOverflow(f"{op.name}: tflite rounding computes in 64 bits")
    product = operands[0].array.astype(np.int64) * operands[1].array.astype(np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.minimum(round_shift(nudged, 31, Rounding.TRUNCATE), (1 << 31) - 1)
    rounded = round_shift(high, op.shift.value.data - 31, Rounding.HALF_AWAY)
    return Values.measured(rounded)
