"""Exact arithmetic in bodies: numbers that know their bounds, in 32 bits where these fit, else in 64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, i32, i64
from xdsl.ir import Operation, SSAValue

from ....dialects.fixed.scalar import RescaleOp
from ....dialects.fixed.types import Rounding, storage_limits
from ..bodies import Body

Binary = Callable[[SSAValue, SSAValue], Operation]


class TooWide(ArithmeticError):
    """A result that 64 bits may not hold."""


@dataclass(frozen=True)
class Number:
    """A value in a body, as i32 or i64, with `low <= value <= high`."""

    value: SSAValue
    low: int
    high: int


def fitting(*bounds: int) -> IntegerType:
    """The narrower of i32 and i64 that holds all bounds. Raises TooWide where none does."""
    for type in (i32, i64):
        low, high = storage_limits(type)
        if low <= min(bounds) and max(bounds) <= high:
            return type
    raise TooWide


class Numbers:
    """Writes ops into a body; every method returns the number that the last of them computes."""

    def __init__(self, body: Body):
        self.body = body

    def argument(self, index: int, low: int, high: int) -> Number:
        """A body argument, known to be within bounds of its type."""
        argument = self.body.arguments[index]
        assert isinstance(argument.type, IntegerType)
        return Number(self.body.extend(argument, fitting(*storage_limits(argument.type))), low, high)

    def constant(self, value: int) -> Number:
        """An integer."""
        return Number(self.body.constant(value, fitting(value)), value, value)

    def wide(self, x: Number, type: IntegerType) -> SSAValue:
        """The value of a number in a type that holds it."""
        if isinstance(x.value.owner, arith.ConstantOp):
            return self.body.constant(x.low, type)
        if x.value.type == i64 and type == i32:
            return self.body.add_op(arith.TruncIOp(x.value, i32))
        return self.body.extend(x.value, type)

    def combined(self, op: Binary, a: Number, b: Number, low: int, high: int) -> Number:
        """An op on two numbers in a type that holds them and its result."""
        type = fitting(low, high, a.low, a.high, b.low, b.high)
        return Number(self.body.add_op(op(self.wide(a, type), self.wide(b, type))), low, high)

    def add(self, a: Number, b: Number) -> Number:
        """a + b"""
        return self.combined(arith.AddiOp, a, b, a.low + b.low, a.high + b.high)

    def sub(self, a: Number, b: Number) -> Number:
        """a - b"""
        return self.combined(arith.SubiOp, a, b, a.low - b.high, a.high - b.low)

    def mul(self, a: Number, b: Number) -> Number:
        """a * b"""
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return self.combined(arith.MuliOp, a, b, min(ends), max(ends))

    def neg(self, a: Number) -> Number:
        """-a"""
        return self.sub(self.constant(0), a)

    def least(self, a: Number, b: Number) -> Number:
        """min(a, b)"""
        return self.combined(arith.MinSIOp, a, b, min(a.low, b.low), min(a.high, b.high))

    def greatest(self, a: Number, b: Number) -> Number:
        """max(a, b)"""
        return self.combined(arith.MaxSIOp, a, b, max(a.low, b.low), max(a.high, b.high))

    def within(self, a: Number, low: int, high: int) -> Number:
        """min(max(a, low), high)"""
        a = self.greatest(a, self.constant(low)) if a.low < low else a
        return self.least(a, self.constant(high)) if a.high > high else a

    def divide(self, a: Number, b: Number) -> Number:
        """a / b towards zero, for b of at least 1."""
        ends = [abs(x) // y * (1 if x >= 0 else -1) for x in (a.low, a.high) for y in (b.low, b.high)]
        return self.combined(arith.DivSIOp, a, b, min(ends), max(ends))

    def masked(self, a: Number, bits: int) -> Number:
        """The lowest bits of a, unsigned."""
        mask = (1 << bits) - 1
        if 0 <= a.low and a.high <= mask:
            return a
        return self.combined(arith.AndIOp, a, self.constant(mask), 0, mask)

    def shift_right(self, a: Number, amount: int) -> Number:
        """floor(a / 2^amount)"""
        return self.shifted(arith.ShRSIOp, a, amount, a.low >> amount, a.high >> amount)

    def shift_left(self, a: Number, amount: int) -> Number:
        """a * 2^amount"""
        return self.shifted(arith.ShLIOp, a, amount, a.low << amount, a.high << amount)

    def shifted(self, op: Binary, a: Number, amount: int, low: int, high: int) -> Number:
        """A shift, in a type that is wider than the amount."""
        type = fitting(a.low, a.high, low, high, 1 << amount)
        return Number(self.body.add_op(op(self.wide(a, type), self.body.constant(amount, type))), low, high)

    def truncated(self, a: Number, amount: int) -> Number:
        """a / 2^amount, towards zero."""
        ends = [abs(x) >> amount if x >= 0 else -(abs(x) >> amount) for x in (a.low, a.high)]
        type = fitting(a.low, a.high)
        return Number(self.body.add_op(RescaleOp(a.value, amount, Rounding.TRUNCATE, type, type)), *ends)

    def test(self, predicate: str, a: Number, b: Number) -> SSAValue:
        """An i1: whether `a predicate b` holds (eq, ne, slt, sle, sge)."""
        type = fitting(a.low, a.high, b.low, b.high)
        return self.body.add_op(arith.CmpiOp(self.wide(a, type), self.wide(b, type), predicate))

    def choose(self, condition: SSAValue, a: Number, b: Number) -> Number:
        """condition ? a : b"""
        low, high = min(a.low, b.low), max(a.high, b.high)
        type = fitting(low, high)
        values = self.wide(a, type), self.wide(b, type)
        return Number(self.body.add_op(arith.SelectOp(condition, *values)), low, high)

    def flag(self, condition: SSAValue) -> Number:
        """An i1 as 1 or 0."""
        return self.choose(condition, self.constant(1), self.constant(0))

    def stored(self, a: Number, storage: IntegerType) -> SSAValue:
        """A number as the type in which it is stored, which holds it."""
        low, high = storage_limits(storage)
        assert low <= a.low and a.high <= high
        if a.value.type == storage:
            return a.value
        width = a.value.type.width.data if isinstance(a.value.type, IntegerType) else 0
        if low < 0 and storage.width.data < width:
            return self.body.add_op(arith.TruncIOp(a.value, storage))
        if low < 0:
            return self.body.extend(a.value, storage)
        return self.body.saturate(a.value, low, high, storage)
