"""How `round(x * m / 2^s)` is computed where a product has 32 bits: three ways, from the cheapest to the exact one.

narrow  a first rounding shift leaves 16 bits of x, m has 15: `round(round(x / 2^p) m / 2^s)`
wide    x = 2^16 h + l as it is, m has 15 bits, two products: `round((h m + (l m >> 16)) / 2^(s - 16))`
exact   m = 2^15 a + b has 30 bits, four products: with t = x b >> 15 = 2^16 u + v, made like this,
        `round((h a + u + (l a + v >> 16)) / 2^(s - 31))`

Floors of floors are floors of the whole, so that only the last division rounds. A way is taken whose error, over all
values that the result's clamp does not swallow, stays below `TOLERATED` steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

TOLERATED = 0.125
"""The error of a way, in steps of the result, beside that of the last rounding."""

NARROW_BITS = 15
WIDE_SHIFT, EXACT_SHIFT = 17, 32
"""The least shifts of two and of four products: the halves that fall away leave a bit to round at."""

Way = Literal["narrow", "wide", "exact"]


@dataclass(frozen=True)
class Scaling:
    """`round(x * multipliers / 2^shift)` for |x| <= bound (per multiplier); beyond `reach` the result is clamped."""

    multipliers: NDArray[np.int64]
    shift: int
    bound: NDArray[Any]
    reach: float

    @property
    def most(self) -> int:
        """The greatest magnitude of x for any multiplier."""
        return int(self.bound.max())

    def error(self, plan: Plan) -> float:
        """The greatest error of a plan, in steps of the result."""
        factors = self.multipliers * 2.0**-self.shift
        values = np.minimum(self.bound.astype(np.float64), (self.reach + 1) / np.maximum(factors, 1e-300))
        lost = np.abs(plan.multipliers * 2.0 ** -(plan.shift + plan.right) - factors) * values
        return float((lost + (2.0 ** (plan.right - 1) * factors if plan.right > 0 else 0.0)).max())


@dataclass(frozen=True)
class Plan:
    """A way, with its multipliers and shift; x is first shifted right, with rounding, or left by -right."""

    way: Way
    right: int
    multipliers: NDArray[np.int64]
    shift: int


def plan(scaling: Scaling) -> Plan | None:
    """The cheapest way whose error is tolerated; None where products of 64 bits have to stay."""
    plans = (
        narrow_plan(scaling),
        split_plan(scaling, "wide", NARROW_BITS, WIDE_SHIFT),
        split_plan(scaling, "exact", 2 * NARROW_BITS, EXACT_SHIFT),
    )
    return next((plan for plan in plans if plan is not None and scaling.error(plan) <= TOLERATED), None)


def narrow_plan(scaling: Scaling) -> Plan | None:
    """One product of what a first shift leaves of x."""
    right = max(0, scaling.most.bit_length() - 16)
    found = fitted(scaling, NARROW_BITS, right, 30)
    if found is None:
        return None
    multipliers, shift = found
    largest = int(multipliers.max()) * ((scaling.most >> right) + 1) + (1 << shift >> 1)
    return Plan("narrow", right, multipliers, shift) if largest < 1 << 31 else None


def split_plan(scaling: Scaling, way: Way, bits: int, least: int) -> Plan | None:
    """Several products; a small x is shifted to the left, so that the shift of the products is at least `least`.

    With |x| < 2^31 and halves of 15 bits no product or sum leaves 31 bits but by what the last rounding adds.
    """
    found = fitted(scaling, bits, 0, 62)
    if found is None:
        return None
    multipliers, shift = found
    left = max(0, least - shift)
    if (scaling.most << left).bit_length() > 31 or shift + left - least > 28:
        return None
    return Plan(way, -left, multipliers, shift + left)


def fitted(scaling: Scaling, bits: int, right: int, limit: int) -> tuple[NDArray[np.int64], int] | None:
    """Multipliers of so many bits for x / 2^right, and their shift, at least 1; None where they are too great."""
    shift = min(limit, scaling.shift - right + bits - int(scaling.multipliers.max()).bit_length())
    for least in (shift, shift - 1):
        multipliers = rounded(scaling.multipliers, scaling.shift - right - least)
        if least >= 1 and int(multipliers.max()) < 1 << bits:
            return multipliers, least
    return None


def rounded(integers: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Integers divided by 2^shift, to the nearest; multiplied where the shift is negative."""
    return integers << -shift if shift <= 0 else (integers + (1 << shift >> 1)) >> shift
