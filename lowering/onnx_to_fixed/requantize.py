"""Choosing integer multipliers and shifts for a change of scale.

A real factor M becomes `round(x * multiplier / 2^shift)` (Jacob et al., CVPR 2018) with one shift for all channels of a
layer, so that a kernel keeps it in one instruction; `lifts.py` has what is done where that is too coarse. Products have
64 bits; `fixed-legalize-bitwidths` writes them in fewer for cores without such a multiply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import power_of_two

MAX_SHIFT = 62
"""The greatest shift of a 64-bit product."""

LEAST_FACTOR, GREATEST_FACTOR = 2.0**-100, 2.0**18
"""A smaller factor makes 0 of everything, a greater one saturates all but 0: so do these, in 16 bits or fewer."""


class ScaleError(ValueError):
    """A change of scale that has no integer form."""


class NotInArithmetic(ScaleError):
    """What the chosen arithmetic does not define; the message says what to do instead."""


@dataclass(frozen=True)
class Requantization:
    """`round(x * multipliers / 2^shift)`; without multipliers only `round(x / 2^shift)`.

    `product_bits` (32 or 64) is the width that every product provably fits.
    """

    multipliers: NDArray[Any] | None
    shift: int
    product_bits: int

    def actual_factors(self, lifts: NDArray[np.int64] | int = 0) -> NDArray[np.float64]:
        """What values are really multiplied with that were shifted left by `lifts` bits before."""
        multipliers = np.asarray(1 if self.multipliers is None else self.multipliers, np.float64)
        return np.ldexp(multipliers, lifts - self.shift)


def bounded_factors(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factors of a value that is saturated to 16 bits or fewer: none is so great or small that it has no integer form.

    Raises ScaleError for a factor that is no number.
    """
    if np.isnan(factors).any():
        raise ScaleError("the scales of its operands and of its result are so far apart that their ratio is no number")
    return np.clip(factors, LEAST_FACTOR, GREATEST_FACTOR)


def requantization(factors: Sequence[float], bound: int) -> Requantization:
    """Integers for multiplying by `factors` (one, or one per channel) a value of magnitude at most `bound`.

    Raises ScaleError for a factor that is not positive and finite, and for products of over 64 bits.
    """
    if not all(math.isfinite(f) and f > 0 for f in factors):
        raise ScaleError("a requantization factor must be positive and finite")
    exponent = power_of_two(factors[0])
    if exponent is not None and exponent < 0 and exponent > -MAX_SHIFT and len(set(factors)) == 1:
        return Requantization(None, -exponent, 64 if bound.bit_length() > 30 or exponent < -30 else 32)
    multiplier_bits = min(31, 63 - max(1, bound.bit_length()))
    shift = multiplier_bits - 1 - math.floor(math.log2(max(factors)))
    shift = min(max(shift, 1), MAX_SHIFT)
    multipliers = np.floor(np.asarray(factors, np.float64) * 2.0**shift + 0.5).astype(np.int64)
    while multipliers.max() >= 1 << multiplier_bits and shift > 1:
        shift -= 1
        multipliers = np.floor(np.asarray(factors, np.float64) * 2.0**shift + 0.5).astype(np.int64)
    if int(multipliers.max()) * bound + (1 << (shift - 1)) >= 1 << 63:
        raise ScaleError(f"multiplying a value up to {bound} by {max(factors)} does not fit 64 bits")
    return Requantization(multipliers, shift, 64)


def accumulator_bits(bound: int) -> int:
    """The narrower of 32 and 64 bits that holds every value of magnitude up to `bound`, and its rounding."""
    return 32 if bound < (1 << 31) - 1 else 64
