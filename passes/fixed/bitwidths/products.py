"""How `round(x * m / 2^s)` is computed where a product has 32 bits: three ways, and the cheapest that is exact enough.

With words of w = 16 bits, of which a product has two; in the same way with words of 8 bits and products of 16:

narrow  a first rounding shift leaves 15 bits of x, m has 15: `round(round(x / 2^p) m / 2^s)`
wide    x = 2^16 h + l as it is, m has 15 bits, two products: `round((h m + (l m >> 16)) / 2^(s - 16))`
exact   m = 2^15 a + b has 30 bits, four products: with t = x b >> 15 = 2^16 u + v, made like this,
        `round((h a + u + (l a + v >> 16)) / 2^(s - 31))`

Floors of floors are floors of the whole, so that only the last division rounds; of products of 16 bits a first rounding
shift leaves 15 bits of x in any way. A way may be taken whose error, over
all values that the result's clamp does not swallow, stays below `TOLERATED` steps: of these the one of the fewest
cycles on an 8-bit core, where a shift by whole bytes is a move of registers and any other one goes bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

TOLERATED = 0.125
"""The error of a way, in steps of the result, beside the half of the last rounding: 0.3 dB of its noise at most. Twice
as much saves ten small networks 3.5 % of their cycles and 62 bytes of flash at most, and costs up to 0.5 dB."""

NARROW_BITS = 15
"""Bits of a factor of 16 bits, without its sign."""

CYCLES = {"narrow": 30, "wide": 90, "exact": 230}
"""What the products of a way cost, about, on AVR (libgcc's __mulhisi3 and its like)."""

BYTES = (8, 16, 24)
"""Shifts that only move bytes."""

Way = Literal["narrow", "wide", "exact"]


@dataclass(frozen=True)
class Scaling:
    """`round(x * multipliers / 2^shift)` for |x| <= bound (per multiplier); beyond `reach` the result is clamped.

    `word` is half the width of a product.
    """

    multipliers: NDArray[np.int64]
    shift: int
    bound: NDArray[Any]
    reach: float
    word: int = 16

    @property
    def bits(self) -> int:
        """Bits of a factor, without its sign."""
        return self.word - 1

    @property
    def limit(self) -> int:
        """What a product and what rounding adds to it must stay below."""
        return 1 << 2 * self.word - 1

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

    @property
    def cycles(self) -> int:
        """What the plan costs on an 8-bit core, about."""
        return CYCLES[self.way] + shift_cycles(abs(self.right), 3) + shift_cycles(self.shift, 4)


def shift_cycles(shift: int, bytes: int) -> int:
    """What a shift of so many bytes costs: moves, then bit by bit what is left of the value, at least two bytes."""
    moved = min(shift // 8, bytes - 2) * 8
    return 2 * bool(shift) + (shift - moved) * max(2, bytes - moved // 8) if shift not in BYTES else 2


def plan(scaling: Scaling) -> Plan | None:
    """The cheapest way whose error is tolerated; None where products of 64 bits have to stay."""
    found = [plan for plan in plans(scaling) if scaling.error(plan) <= TOLERATED]
    return min(found, key=lambda plan: (plan.cycles, scaling.error(plan)), default=None)


def plans(scaling: Scaling) -> Iterator[Plan]:
    """Every way with every pair of shifts that may be worth it."""
    least = max(0, scaling.most.bit_length() - scaling.bits)
    for right in sorted({least, *(b for b in BYTES if b > least)}):
        finest = fitted(scaling, scaling.bits, right, 2 * scaling.word - 2)
        for shift in sorted({*BYTES, finest} if finest else (), reverse=True):
            found = narrow_plan(scaling, right, shift) if finest and shift <= finest else None
            if found is not None:
                yield found
    least = next(right for right in range(63) if shifted(scaling, right) < 1 << 2 * scaling.word - 1)
    for right in {least, *(b for b in BYTES if b > least > 0)}:
        for found in (
            split_plan(scaling, "wide", right, scaling.bits, scaling.word + 1),
            split_plan(scaling, "exact", right, 2 * scaling.bits, 2 * scaling.word),
        ):
            if found is not None:
                yield found


def shifted(scaling: Scaling, right: int) -> int:
    """The greatest magnitude of x after a rounding shift."""
    return scaling.most + (1 << right >> 1) >> right


def narrow_plan(scaling: Scaling, right: int, shift: int) -> Plan | None:
    """One product of what a first shift leaves of x; None where it leaves 32 bits."""
    multipliers = rounded(scaling.multipliers, scaling.shift - right - shift)
    most = shifted(scaling, right)
    fits = most < 1 << scaling.bits and int(multipliers.max()) * most + (1 << shift >> 1) < scaling.limit
    return Plan("narrow", right, multipliers, shift) if fits else None


def split_plan(scaling: Scaling, way: Way, right: int, bits: int, least: int) -> Plan | None:
    """Several products; a small x is shifted to the left, so that the shift of the products is at least `least`.

    At that shift the halves that fall away leave a bit to round at. With |x| < 2^31 and halves of 15 bits no product
    or sum leaves 31 bits but by what the last rounding adds.
    """
    wide = 2 * scaling.word - 1
    shift = fitted(scaling, bits, right, 62)
    if shift is None:
        return None
    left = max(0, least - shift)
    if left and (right or (scaling.most << left).bit_length() > wide) or shift + left - least > wide - 3:
        return None
    return Plan(way, right or -left, rounded(scaling.multipliers, scaling.shift - right - shift), shift + left)


def fitted(scaling: Scaling, bits: int, right: int, limit: int) -> int | None:
    """The greatest shift, at least 1, at which multipliers for x / 2^right have so many bits; None where none has."""
    shift = min(limit, scaling.shift - right + bits - int(scaling.multipliers.max()).bit_length())
    for least in (shift, shift - 1):
        if least >= 1 and int(rounded(scaling.multipliers, scaling.shift - right - least).max()) < 1 << bits:
            return least
    return None


def rounded(integers: NDArray[Any], shift: int) -> NDArray[Any]:
    """Integers divided by 2^shift, to the nearest; multiplied where the shift is negative."""
    return integers << -shift if shift <= 0 else (integers + (1 << shift >> 1)) >> shift
