"""The scalar ops of a body on intervals: a flat table, as `targets/executors/scalars.py` has one on numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Operation

from ....dialects.fixed.normalize import ExponentOp, MantissaOp
from ....dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp
from ....dialects.fixed.types import Rounding, storage_limits
from ....targets.executors.rescaling import round_shift
from .floating import LARGEST, exponent, mantissa
from .ranges import Range, corners, hull_of

Operands = Sequence[Range]


class Leaves(ArithmeticError):
    """An op may do what has no meaning in its types; the message says what, `value` is the range that does it."""

    def __init__(self, message: str, value: Range):
        super().__init__(message)
        self.value = value


def limits(type: object) -> tuple[int, int]:
    """Least and greatest value of an integer type."""
    assert isinstance(type, IntegerType)
    return storage_limits(type)


def monotone(function: Callable[[Any, Any], Any]) -> Callable[[Any, Operands], Range]:
    """A binary op that is monotone in each operand."""
    return lambda op, operands: corners(function, *operands)


def constant(op: arith.ConstantOp, operands: Operands) -> Range:
    """One integer; an i1 true is -1."""
    assert isinstance(op.value, IntegerAttr)
    value, (least, greatest) = op.value.value.data, limits(op.result.type)
    return Range.of(*(2 * [value + 2 * least if value > greatest else value]))


def bit_and(op: arith.AndIOp, operands: Operands) -> Range:
    """Of known integers it is known; with an operand that is never negative, between 0 and that operand."""
    x, y = operands
    bounds = [operand.high for operand in operands if operand.least >= 0]
    if not bounds:
        return bits_of(op, operands)
    known = (x.low == x.high) & (y.low == y.high)
    return Range.of(
        np.where(known, x.low & y.low, 0), np.where(known, x.low & y.low, np.minimum(bounds[0], bounds[-1]))
    )


def bits_of(op: arith.AndIOp | arith.OrIOp | arith.XOrIOp, operands: Operands) -> Range:
    """No more bits than the longer operand has."""
    bits = max((b if b >= 0 else ~b).bit_length() for x in operands for b in (x.least, x.greatest))
    positive = all(x.least >= 0 for x in operands)
    return Range.of(0 if positive else -(1 << bits), (1 << bits) - 1)


def shift(function: Callable[[Any, Any], Any]) -> Callable[[Any, Operands], Range]:
    """x shifted by an amount that is less than the width."""

    def compute(op: Operation, operands: Operands) -> Range:
        x, amount = operands
        last = limits(op.results[0].type)[1].bit_length()
        if not amount.within(0, last):
            raise Leaves(f"an amount outside [0, {last}]", corners(function, x, amount.clipped(0, last)))
        return corners(function, x, amount)

    return compute


def divide(op: arith.DivSIOp, operands: Operands) -> Range:
    """The quotient towards zero; the divisor may not be zero."""
    x, y = operands
    if ((y.low <= 0) & (y.high >= 0)).any():
        bound = max(abs(x.least), abs(x.greatest))
        raise Leaves("the divisor may be zero", Range.of(-bound, bound))
    return corners(towards_zero, x, y)


def towards_zero(a: Any, b: Any) -> Any:
    """a / b as C divides, on arrays of Python integers."""
    quotient = abs(a) // abs(b)
    return np.where((a < 0) != (b < 0), -quotient, quotient)


def compare(op: arith.CmpiOp, operands: Operands) -> Range:
    """Either truth value: which one is not followed."""
    return Range.of(-1, 0)


def select(op: arith.SelectOp, operands: Operands) -> Range:
    """Either of the two values."""
    return operands[1].hull(operands[2])


def saturate(op: SaturateOp, operands: Operands) -> Range:
    """min(max(x, low), high)."""
    return operands[0].clipped(*op.bounds)


def rescale(op: RescaleOp, operands: Operands) -> Range:
    """round(x * multiplier / 2^shift); the product, and what rounding adds to it, must fit its type."""
    mode, amount = op.rounding.data, op.shift.value.data
    product = corners(operator.mul, *operands) if len(operands) == 2 else operands[0]
    margin = 0 if mode in (Rounding.FLOOR, Rounding.TRUNCATE, Rounding.TFLITE) else 1 << amount >> 1
    least, greatest = limits(op.product)
    if mode is Rounding.TFLITE:
        ends = [doubled_high(end, amount - 31) for end in (product.low, product.high)]
    else:
        ends = [np.asarray(round_shift(end, amount, mode), object) for end in (product.low, product.high)]
    result = hull_of(ends)
    if not product.within(least, greatest - margin):
        raise Leaves(f"the product, or what rounding adds to it, leaves {op.product}", result)
    return result


def doubled_high(product: Any, amount: int) -> Any:
    """gemmlowp's two roundings of a product of 31 fractional bits: monotone, as each of them is."""
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.minimum(towards_zero(nudged, np.asarray(1 << 31, object)), (1 << 31) - 1)
    return round_shift(np.asarray(high, object), amount, Rounding.HALF_AWAY)


def of_positive(function: Callable[[Any, Operands], Range]) -> Callable[[Any, Operands], Range]:
    """An op whose operand may not be negative."""

    def compute(op: Operation, operands: Operands) -> Range:
        if not operands[0].within(0, LARGEST):
            raise Leaves("an operand outside [0, 2^63)", function(op, operands))
        return function(op, operands)

    return compute


def same(op: Operation, operands: Operands) -> Range:
    """The value in another type."""
    return operands[0]


def looked_up(entries: Any, op: LookupOp, index: Range) -> Range:
    """The least and greatest of the entries from `index.low` to `index.high`, of a table that is known."""
    last = len(entries) - 1
    inside = index.clipped(0, last)
    pairs = np.stack(np.broadcast_arrays(inside.low, inside.high)).astype(np.int64).reshape(2, -1)
    ends, inverse = np.unique(pairs, axis=1, return_inverse=True)
    lows = [int(entries[a : b + 1].min()) for a, b in ends.T]
    highs = [int(entries[a : b + 1].max()) for a, b in ends.T]
    shape = np.broadcast_shapes(inside.low.shape, inside.high.shape)
    places = inverse.reshape(shape)
    result = Range.of(np.asarray(lows, object)[places], np.asarray(highs, object)[places])
    if not index.within(0, last):
        raise Leaves(f"an index outside [0, {last}]", result)
    return result


SCALARS: Mapping[type[Operation], Callable[[Any, Operands], Range]] = {
    arith.ConstantOp: constant,
    arith.AddiOp: monotone(operator.add),
    arith.SubiOp: monotone(operator.sub),
    arith.MuliOp: monotone(operator.mul),
    arith.MaxSIOp: monotone(np.maximum),
    arith.MinSIOp: monotone(np.minimum),
    arith.AndIOp: bit_and,
    arith.OrIOp: bits_of,
    arith.XOrIOp: bits_of,
    arith.ShLIOp: shift(operator.lshift),
    arith.ShRSIOp: shift(operator.rshift),
    arith.DivSIOp: divide,
    arith.CmpiOp: compare,
    arith.SelectOp: select,
    arith.ExtSIOp: same,
    arith.TruncIOp: same,
    RescaleOp: rescale,
    SaturateOp: saturate,
    ExponentOp: of_positive(exponent),
    ExtendOp: same,
    MantissaOp: of_positive(mantissa),
}
