"""The meaning of the scalar ops of a body on numpy arrays, exact and never silent about overflow.

A value is an array together with bounds that hold for all its elements. The bounds choose the narrowest of int32, int64
and Python integers in which an operation is exact, and show where no check is needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ...dialects.fixed_scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from ...dialects.fixed_type import Rounding, storage_limits


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


def bit_and(op: arith.AndIOp, operands: Operands) -> Values:
    """Bitwise and; with a non-negative operand the result is between 0 and that operand."""
    left, right = operands
    array = left.widened(right.low, right.high) & right.widened(left.low, left.high)
    least, greatest = limits(op.result.type)
    positive = [v.high for v in operands if v.low >= 0]
    return Values(array, 0 if positive else least, min(positive, default=greatest))


def shift_left(op: arith.ShLIOp, operands: Operands) -> Values:
    """x * 2^k, for k less than the width."""
    return binary(operator.lshift)(op, (operands[0], amount(op, operands[1])))


def shift_right(op: arith.ShRSIOp, operands: Operands) -> Values:
    """floor(x / 2^k), for k less than the width."""
    return binary(operator.rshift)(op, (operands[0], amount(op, operands[1])))


def amount(op: Operation, shift: Values) -> Values:
    """The amount of a shift. Raises IntegerOverflow where one is negative, or the width or more."""
    last = width(op.results[0].type) - 1
    if not shift.within(0, last):
        raise IntegerOverflow(f"{op.name}: an amount outside [0, {last}]")
    return Values(shift.array, max(shift.low, 0), min(shift.high, last))


def divide(op: arith.DivSIOp, operands: Operands) -> Values:
    """The quotient rounded towards zero, as in C."""
    left, right = operands
    if not np.all(right.array):
        raise IntegerOverflow(f"{op.name}: division by zero")
    bound = max(abs(left.low), abs(left.high))
    dividend = left.widened(min(right.low, -bound), max(right.high, bound))
    divisor = right.widened(min(left.low, -bound), max(left.high, bound))
    quotient = abs(dividend) // abs(divisor)
    return Values(np.where((dividend < 0) != (divisor < 0), -quotient, quotient), -bound, bound)


COMPARISONS: tuple[Callable[[Any, Any], Any], ...] = (
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
)
"""By the value of `arith.cmpi`'s predicate; the last four compare without sign."""


def compare(op: arith.CmpiOp, operands: Operands) -> Values:
    """An i1, whose true is -1 (the two's complement of one bit)."""
    left, right = operands
    predicate = op.predicate.value.data
    a, b = left.array.astype(np.int64), right.array.astype(np.int64)
    if predicate >= 6:
        mask = np.uint64((1 << width(op.lhs.type)) - 1)
        a, b = a.view(np.uint64) & mask, b.view(np.uint64) & mask
    return Values(-np.asarray(COMPARISONS[predicate](a, b)).astype(np.int32), -1, 0)


def select(op: arith.SelectOp, operands: Operands) -> Values:
    """The second operand where the condition holds, else the third."""
    condition, yes, no = operands
    low, high = min(yes.low, no.low), max(yes.high, no.high)
    return Values(np.where(condition.array != 0, yes.widened(low, high), no.widened(low, high)), low, high)


def constant(op: arith.ConstantOp, operands: Operands) -> Values:
    """One integer; an i1 true is -1."""
    assert isinstance(op.value, IntegerAttr)
    value = op.value.value.data
    least, greatest = limits(op.result.type)
    if value > greatest:
        value += 2 * least
    return Values(np.asarray(value, container(value, value)), value, value)


def same(op: Operation, operands: Operands) -> Values:
    """The value in another type."""
    return operands[0]


def saturate(op: SaturateOp, operands: Operands) -> Values:
    """min(max(x, low), high)."""
    (x,), (low, high) = operands, op.bounds
    if low <= x.low and x.high <= high:
        return x
    array = np.minimum(np.maximum(x.widened(low, high), low), high)
    return Values(array, min(max(x.low, low), high), max(min(x.high, high), low))


def lookup(op: LookupOp, operands: Operands) -> Values:
    """table[index]; raises IntegerOverflow for an index outside the table."""
    table, index = operands
    if not index.within(0, table.array.size - 1):
        raise IntegerOverflow(f"{op.name}: an index outside [0, {table.array.size - 1}]")
    return Values(table.array[index.array.astype(np.intp, copy=False)], table.low, table.high)


def rescale(op: RescaleOp, operands: Operands) -> Values:
    """Multiply, check that the product (and what rounding adds to it) fits `product`, shift with rounding."""
    mode, shift = op.rounding.data, op.shift.value.data
    if mode is Rounding.TFLITE:
        return double_round(op, operands)
    x = binary(operator.mul)(op, operands) if len(operands) == 2 else operands[0]
    half = 1 << shift >> 1
    least, greatest = limits(op.product)
    margin = 0 if mode in (Rounding.FLOOR, Rounding.TRUNCATE) else half
    if not x.within(least, greatest - margin):
        raise IntegerOverflow(f"{op.name}: the product, or what rounding adds to it, leaves {op.product}")
    wide = x.widened(x.low - half, x.high + half)
    bounds = (int(round_shift(np.asarray(b, object), shift, mode)) for b in (x.low, x.high))
    return Values(np.asarray(round_shift(wide, shift, mode)), *bounds)


def round_shift(x: NDArray[Any], shift: int, mode: Rounding) -> NDArray[Any]:
    """x / 2^shift as an integer, by the definition of the mode; the array must hold x plus or minus half of 2^shift."""
    if shift == 0:
        return x
    half = 1 << (shift - 1)
    match mode:
        case Rounding.HALF_UP:
            return (x + half) >> shift
        case Rounding.HALF_EVEN:
            return (x + (half - 1) + ((x >> shift) & 1)) >> shift
        case Rounding.HALF_AWAY:
            return (x + half - (x < 0)) >> shift
        case Rounding.TRUNCATE:
            return (x >> shift) + ((x < 0) & ((x & (2 * half - 1)) != 0))
        case Rounding.FLOOR:
            return x >> shift
        case Rounding.TFLITE:
            raise ValueError("tflite rounding multiplies first")


def double_round(op: RescaleOp, operands: Operands) -> Values:
    """gemmlowp: `SaturatingRoundingDoublingHighMul(x, multiplier)`, then `RoundingDivideByPOT(., shift - 31)`.

    The first is `trunc((x * multiplier + nudge) / 2^31)`, nudge 2^30 or, for a negative product, 1 - 2^30; it saturates
    where both factors are -2^31. The second is half_away.
    """
    if not all(v.within(-(1 << 31), (1 << 31) - 1) for v in operands):
        raise IntegerOverflow(f"{op.name}: tflite rounding takes factors of 32 bits")
    if width(op.product) < 64:
        raise IntegerOverflow(f"{op.name}: tflite rounding computes in 64 bits")
    product = operands[0].array.astype(np.int64) * operands[1].array.astype(np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.minimum(round_shift(nudged, 31, Rounding.TRUNCATE), (1 << 31) - 1)
    rounded = round_shift(high, op.shift.value.data - 31, Rounding.HALF_AWAY)
    return Values.measured(rounded)


SCALARS: Mapping[type[Operation], Scalar] = {
    arith.ConstantOp: constant,
    arith.AddiOp: binary(operator.add),
    arith.SubiOp: binary(operator.sub),
    arith.MuliOp: binary(operator.mul),
    arith.MaxSIOp: binary(np.maximum, max),
    arith.MinSIOp: binary(np.minimum, min),
    arith.AndIOp: bit_and,
    arith.ShLIOp: shift_left,
    arith.ShRSIOp: shift_right,
    arith.DivSIOp: divide,
    arith.CmpiOp: compare,
    arith.SelectOp: select,
    arith.ExtSIOp: same,
    arith.TruncIOp: same,
    RescaleOp: rescale,
    SaturateOp: saturate,
    LookupOp: lookup,
    ExtendOp: same,
}


def limits(type: Attribute) -> tuple[int, int]:
    """Least and greatest value of an integer type."""
    assert isinstance(type, IntegerType)
    return storage_limits(type)


def width(type: Attribute) -> int:
    """Bits of an integer type."""
    assert isinstance(type, IntegerType)
    return type.width.data


def evaluate_body(block: Block, arguments: Sequence[Values], node: str) -> Values:
    """The value that a body yields for its arguments (arrays that broadcast together).

    Raises IntegerOverflow, naming the node and the op, where a result does not fit its type; NotImplementedError for
    an op that has no meaning here.
    """
    values: dict[SSAValue, Values] = dict(zip(block.args, arguments, strict=True))
    for op in block.ops:
        operands = [values[operand] for operand in op.operands]
        if isinstance(op, YieldOp):
            return operands[0]
        scalar = SCALARS.get(type(op))
        if scalar is None:
            raise NotImplementedError(f"node `{node}`: `{op.name}` is not a scalar op of a body")
        try:
            value = scalar(op, operands)
            least, greatest = limits(op.results[0].type)
            if not value.within(least, greatest):
                raise IntegerOverflow(f"{op.name}: a result leaves {op.results[0].type}")
        except IntegerOverflow as error:
            raise IntegerOverflow(f"node `{node}`: {error}") from None
        values[op.results[0]] = Values(value.array, max(value.low, least), min(value.high, greatest))
    raise ValueError(f"node `{node}`: the body does not yield")
