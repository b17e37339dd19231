"""Multipliers of a sum of two 8-bit values with which no pair of them gives another integer than the exact one.

Products of 32 bits leave some 22 to a multiplier. Rounded to nearest they suffice for nearly all of the 65,536 pairs;
for the others a neighbour does, as all pairs say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ...dialects.fixed.types import QType

TIE = 2.0**-20
"""In steps: an exact value this near to the middle between two integers may become either."""

FURTHEST = 3
"""How far from the nearest multipliers others are tried."""


def exact_multipliers(
    types: Sequence[QType], y: QType, factors: Sequence[float], nearest: Sequence[int], shift: int
) -> list[int]:
    """Multipliers near `nearest`, those of `factors` at this shift, with the fewest pairs that become another integer.

    What is no sum of two values of 8 bits, or whose multipliers are exact, keeps its own.
    """
    is_exact = all(factor * 2.0**shift == multiplier for factor, multiplier in zip(factors, nearest, strict=True))
    if len(types) != 2 or max(t.bits for t in types) > 8 or is_exact:
        return list(nearest)
    a, b = (np.arange(t.limits[0], t.limits[1] + 1, dtype=np.int64) - t.zp for t in types)
    exact = np.clip(a[:, np.newaxis] * factors[0] + b * factors[1] + y.zp, *y.limits)
    found, fewest = list(nearest), a.size * b.size + 1
    near = sorted(product(range(-FURTHEST, FURTHEST + 1), repeat=2), key=lambda d: d[0] ** 2 + d[1] ** 2)
    for first, second in near:
        multipliers = [nearest[0] + first, nearest[1] + second]
        sums = a[:, np.newaxis] * multipliers[0] + b * multipliers[1]
        integers = np.clip((sums + (1 << shift >> 1) >> shift) + y.zp, *y.limits)
        wrong = int(np.count_nonzero(np.abs(integers - exact) > 0.5 + TIE))
        if wrong < fewest:
            found, fewest = multipliers, wrong
        if not wrong:
            break
    return found
