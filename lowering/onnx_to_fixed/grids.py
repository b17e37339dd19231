"""The values of a real function at every number that a type holds, also outside of the function's domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import QType

Reals = NDArray[np.float64]

RealFunction = Callable[[Reals], NDArray[np.floating[Any]]]

HALVINGS = 60
"""How often the place is halved between a number inside a domain and one outside."""


def reals_of(type: QType) -> Reals:
    """The number that each integer of a type stands for, ascending."""
    low, high = type.limits
    return np.asarray((np.arange(low, high + 1) - type.zp) * type.scale, np.float64)


def values_of(function: RealFunction, type: QType) -> Reals:
    """A function's values at the numbers of a type.

    Outside of its domain (NaN) it is what it is at the nearest edge of it: rounding may put a number there that was
    inside. 0 where no number is inside.
    """
    reals = reals_of(type)
    with np.errstate(all="ignore"):
        values = function(reals).astype(np.float64)
        inside = ~np.isnan(values)
        known = np.flatnonzero(inside)
        if not len(known):
            return np.zeros_like(values)
        places = np.arange(len(values))
        after = np.searchsorted(known, places).clip(0, len(known) - 1)
        before = np.maximum(after - 1, 0)
        nearest = known[np.where(known[after] - places <= places - known[before], after, before)]
        nearest = np.where(places < known[0], known[0], nearest)
        filled = values[nearest]
        for left in np.flatnonzero(inside[1:] != inside[:-1]).tolist():
            last, first_out = (left, left + 1) if inside[left] else (left + 1, left)
            outside = (nearest == last) & ~inside & ((places > last) == (first_out > last))
            filled[outside] = at_edge(function, reals[last], reals[first_out])
    return filled


def at_edge(function: RealFunction, inside: float, outside: float) -> float:
    """A function's value at the last number of its domain on the way from one inside to one outside."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if np.isnan(function(np.array([middle]))[0]):
            outside = middle
        else:
            inside = middle
    return float(function(np.array([inside]))[0])
