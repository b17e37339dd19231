"""Arithmetic that wraps around as numpy's does (two's complement), by arithmetic that never overflows.

What 64 bits may not hold is computed in two halves, `x = high * 2^32 + low` with 0 <= low < 2^32.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType

from ....dialects.fixed.types import storage_limits
from .numbers import Number, Numbers, TooWide

HALF = 32
"""Bits of a half."""


def wrapped(n: Numbers, x: Number, storage: IntegerType) -> Number:
    """The number that a type of at most 32 bits makes of x; x where it fits. Of wider types x must fit."""
    low, high = storage_limits(storage)
    if low <= x.low and x.high <= high:
        return x
    bits = storage.width.data
    if bits > HALF:
        raise TooWide
    x = n.masked(x, bits)
    return x if low == 0 else n.sub(n.masked(n.add(x, n.constant(-low)), bits), n.constant(-low))


def operate(n: Numbers, function: str, a: Number, b: Number, storage: IntegerType) -> Number:
    """a + b, a - b or a * b in the wrapping arithmetic of a type."""
    try:
        return wrapped(n, getattr(n, function)(a, b), storage)
    except TooWide:
        return (
            whole(n, *HALVES[function](n, halves(n, a), halves(n, b)))
            if storage.width.data > HALF
            else wrapped(n, low_product(n, a, b), storage)
        )


Halves = tuple[Number, Number]
"""High and low: low within [0, 2^32)."""


def halves(n: Numbers, x: Number) -> Halves:
    """The two halves of a number."""
    return n.shift_right(x, HALF), n.masked(x, HALF)


def whole(n: Numbers, high: Number, low: Number) -> Number:
    """high * 2^32 + low in 64 bits: low carries into high, whose bits above 32 fall off."""
    high = n.add(high, n.shift_right(low, HALF))
    high = wrapped(n, high, IntegerType(HALF))
    return n.add(n.shift_left(high, HALF), n.masked(low, HALF))


def add_halves(n: Numbers, a: Halves, b: Halves) -> Halves:
    """a + b"""
    return n.add(a[0], b[0]), n.add(a[1], b[1])


def sub_halves(n: Numbers, a: Halves, b: Halves) -> Halves:
    """a - b"""
    return n.sub(a[0], b[0]), n.sub(a[1], b[1])


def mul_halves(n: Numbers, a: Halves, b: Halves) -> Halves:
    """a * b: the product of the low halves, and their products with the high ones, of which 32 bits count."""
    lower, upper = n.mul(a[1], n.masked(b[1], 16)), n.mul(a[1], n.shift_right(b[1], 16))
    low = n.add(lower, n.shift_left(n.masked(upper, 16), 16))
    crossed = [low_product(n, n.masked(high, HALF), low) for high, low in ((a[0], b[1]), (b[0], a[1]))]
    return n.add(n.shift_right(upper, 16), n.add(*crossed)), low


def low_product(n: Numbers, a: Number, b: Number) -> Number:
    """a * b up to a multiple of 2^32, for numbers of 32 bits."""
    lower, upper = n.mul(a, n.masked(b, 16)), n.mul(a, n.shift_right(n.masked(b, HALF), 16))
    return n.masked(n.add(lower, n.shift_left(n.masked(upper, 16), 16)), HALF)


HALVES = {"add": add_halves, "sub": sub_halves, "mul": mul_halves}
"""The operations in halves."""
