"""Arrays of integers that know their bounds, and the error for a value that does not fit its type.

The bounds choose the narrowest of int32, int64 and Python integers in which an operation is exact, and show where no
check is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, Operation

from ...dialects.fixed.types import storage_limits


class IntegerOverflow(ArithmeticError):
    """A value does not fit the type that the program gives it: the program, not its input, is wrong."""


@dataclass(frozen=True)
class Values:
    """An array of integers and bounds `low <= element <= high` (sound, not always tight)."""

    array: NDArray[Any]
    low: int
    high: int

    @staticmethod
    def measured(array: NDArray[Any]) -> Values:
        """With the tight bounds, by looking at every element."""
        return Values(array, int(array.min()), int(array.max()))

    @staticmethod
    def of_type(array: NDArray[Any], type: Attribute) -> Values:
        """With the bounds of a storage type."""
        assert isinstance(type, IntegerType)
        return Values(array, *storage_limits(type))

    def within(self, low: int, high: int) -> bool:
        """True when every element is between the bounds."""
        if low <= self.low and self.high <= high:
            return True
        return low <= int(self.array.min()) and int(self.array.max()) <= high

    def widened(self, low: int, high: int) -> NDArray[Any]:
        """The elements in a numpy type that also holds `low` and `high`."""
        return self.array.astype(container(min(low, self.low), max(high, self.high)), copy=False)


def container(low: int, high: int) -> np.dtype[Any]:
    """The narrowest of int32, int64 and Python integers that holds both bounds."""
    bits = max(low.bit_length(), high.bit_length())
    return np.dtype(np.int32 if bits < 32 else np.int64 if bits < 64 else object)


def limits(type: Attribute) -> tuple[int, int]:
    """Least and greatest value of an integer type."""
    assert isinstance(type, IntegerType)
    return storage_limits(type)


def width(type: Attribute) -> int:
    """Bits of an integer type."""
    assert isinstance(type, IntegerType)
    return type.width.data


Operands = Sequence[Values]
Scalar = Callable[[Any, Operands], Values]


def binary(function: Callable[[Any, Any], Any], corners: Callable[[int, int], int] | None = None) -> Scalar:
    """An op whose extremes over a box of operands are at its corners; `corners` is its meaning on Python integers."""
    of_ints = function if corners is None else corners

    def compute(op: Operation, operands: Operands) -> Values:
        left, right = operands
        extremes = [of_ints(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        low, high = min(extremes), max(extremes)
        least, greatest = min(low, left.low, right.low), max(high, left.high, right.high)
        array = function(left.widened(least, greatest), right.widened(least, greatest))
        return Values(np.asarray(array), low, high)

    return compute
