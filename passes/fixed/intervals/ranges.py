"""Closed intervals of integers, elementwise in arrays; the arithmetic is on Python integers and never wraps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute

from ....dialects.fixed.types import storage_limits

Array = NDArray[Any]


@dataclass(frozen=True)
class Range:
    """`low <= value <= high`, both ends attained or not (sound, not always tight).

    The two arrays broadcast together and to the domain of a form, or to the shape of a tensor.
    """

    low: Array
    high: Array

    @staticmethod
    def of(low: Any, high: Any) -> Range:
        """From integers or arrays of them; kept as Python integers, which no sum or product leaves."""
        return Range(np.asarray(low, object), np.asarray(high, object))

    @staticmethod
    def of_type(type: Attribute) -> Range:
        """All integers of a type."""
        assert isinstance(type, IntegerType)
        return Range.of(*storage_limits(type))

    @property
    def least(self) -> int:
        """The lower end over all elements."""
        return int(self.low.min())

    @property
    def greatest(self) -> int:
        """The upper end over all elements."""
        return int(self.high.max())

    def within(self, low: int, high: int) -> bool:
        """True when no element reaches beyond the bounds."""
        return low <= self.least and self.greatest <= high

    def clipped(self, low: Any, high: Any) -> Range:
        """What of each interval lies between the bounds; the nearest bound where nothing does."""
        return Range.of(np.clip(self.low, low, high), np.clip(self.high, low, high))

    def hull(self, other: Range) -> Range:
        """The smallest intervals that hold both."""
        return Range.of(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def bits(self) -> int:
        """The bits of the narrowest signed type that holds every element."""
        return max(1 + (v if v >= 0 else ~v).bit_length() for v in (self.least, self.greatest))


def corners(function: Callable[[Any, Any], Any], left: Range, right: Range) -> Range:
    """The image of two ranges under a function that is monotone in each argument."""
    return hull_of([np.asarray(function(a, b), object) for a in (left.low, left.high) for b in (right.low, right.high)])


def hull_of(arrays: Sequence[Array]) -> Range:
    """Per element the least and the greatest of some arrays that broadcast together."""
    low = high = arrays[0]
    for array in arrays[1:]:
        low, high = np.minimum(low, array), np.maximum(high, array)
    return Range.of(low, high)
