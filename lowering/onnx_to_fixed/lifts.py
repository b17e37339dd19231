"""By how many bits sums are shifted left before they are multiplied, where one shift for all channels is too coarse.

A layer's multipliers have 31 bits in the channel with the greatest factor, and a bit less with each half of it. Where a
model states its types, what that costs can be seen: an integer that is not the exact one. There the sums of channels
with great factors become `sum << lift`: multipliers and the shift behind them then have room for the small ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .biases import GREATEST, Integers, Reals, following, magnitudes
from .requantize import Requantization, requantization

MOST = 16
"""No sum is shifted further."""

TOLERATED = 2.0**-20
"""The error of a result, in its steps, that decides ties only: what `verify --against exact` takes for one."""


def lifts_of(factors: Reals, sums: NDArray[Any], bias: Integers | None, steps: float) -> Integers:
    """The lift of each channel: the least with which no channel's error is above `TOLERATED`, where sums have the room.

    `sums` (channels,) are the greatest magnitudes of sums without the `bias`; a result of more than `steps` is cut.
    """
    bounds, smaller = magnitudes(sums, bias), np.floor(np.log2(factors.max() / factors))
    best, least = np.zeros(len(sums), np.int64), np.inf
    for most in range(MOST + 1):
        lifts = np.maximum(most - smaller, 0).astype(np.int64)
        if (bounds[lifts > 0] << lifts[lifts > 0] > GREATEST).any():
            break
        plan = requantization(np.ldexp(factors, -lifts).tolist(), int((bounds << lifts).max()))
        error = float(errors_of(factors, sums, bias, steps, lifts, plan).max())
        if error < least:
            best, least = lifts, error
        if error <= TOLERATED:
            break
    return best


def errors_of(
    factors: Reals, sums: NDArray[Any], bias: Integers | None, steps: float, lifts: Integers, plan: Requantization
) -> Reals:
    """How far each channel's result can be from `(sum + bias) * factor` before it is rounded, in steps."""
    actual = plan.actual_factors(lifts)
    if bias is None:
        return np.abs(actual - factors) * np.minimum(sums, steps / factors)
    uncut = np.minimum(sums, steps / factors + np.abs(bias))
    followed = following(bias, sums, factors, actual, lifts)
    return np.abs(actual - factors) * uncut + np.abs(followed * actual - bias * factors)
