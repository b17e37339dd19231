"""Sums of values times known numbers, `round((a x + b y + c) / 2^s)`: coefficients of as many bits as the result asks.

With the error `|x| |a' / 2^t - a / 2^s| + ...` below what is tolerated, a smaller shift t and shorter coefficients make
the products 16 by 16 bits, or less, and the shift one of whole bytes where that is cheaper. A coefficient of more than
8 bits is taken apart where both sums then fit 16 bits, `a = 256 h + l`:

    floor((x a + y b + c) / 2^s) = floor((x h + y g + floor((x l + y m + c) / 256)) / 2^(s - 8))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, i32
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from ....dialects.fixed.scalar import ExtendOp, RescaleOp
from ..intervals.analysis import FormRanges
from .products import NARROW_BITS, TOLERATED, rounded, shift_cycles
from .rescales import Writer

CYCLES = ((14, 5), (15, 12))
"""Cycles of a product of two numbers of 7 bits, or whose product has so many bits; else as below."""

SHORT, LONG, LONGEST = 25, 40, 400
"""Cycles of 16 by 16 bits, of 32 by 32 and of 64 by 64, on AVR."""

MOST_BITS, BYTE = 31, 8


@dataclass(frozen=True)
class Term:
    """A coefficient times a value of at most this magnitude; the constant 1 is the value None."""

    value: SSAValue | None
    coefficient: int
    bound: int


@dataclass(frozen=True)
class Sum:
    """Terms over 2^shift."""

    terms: tuple[Term, ...]
    shift: int

    @staticmethod
    def of(terms: Sequence[Term], shift: int) -> Sum:
        """With all constants as one."""
        number = sum(t.coefficient for t in terms if t.value is None)
        values = [t for t in terms if t.value is not None]
        return Sum((*values, *([Term(None, number, 1)] if number else [])), shift)

    def with_shift(self, shift: int) -> Sum:
        """The same with coefficients for another shift, to the nearest."""
        coefficients = rounded(np.array([t.coefficient for t in self.terms], object), self.shift - shift).tolist()
        pairs = zip(self.terms, coefficients, strict=True)
        return Sum(tuple(Term(t.value, c, t.bound) for t, c in pairs), shift)

    def error(self, other: Sum) -> float:
        """How far another one may be from this one, in steps of the result."""
        scales = 2.0**-self.shift, 2.0**-other.shift
        pairs = zip(self.terms, other.terms, strict=True)
        return sum(a.bound * abs(a.coefficient * scales[0] - b.coefficient * scales[1]) for a, b in pairs)

    @property
    def most(self) -> int:
        """The greatest magnitude of the sum with what rounding adds."""
        return sum(abs(t.coefficient) * t.bound for t in self.terms) + (1 << self.shift >> 1)

    @property
    def products(self) -> int:
        """What the products cost on an 8-bit core, about."""
        return sum(product_cycles(abs(t.coefficient), t.bound) for t in self.terms if t.value is not None)

    @property
    def bytes(self) -> int:
        """How wide the sum is, at least an `int` of C."""
        return max(2, self.most.bit_length() // 8 + 1)

    @property
    def cycles(self) -> int:
        """What it costs on an 8-bit core, about."""
        if self.most.bit_length() > MOST_BITS:
            return LONGEST * len(self.terms)
        return self.products + len(self.terms) * self.bytes + shift_cycles(self.shift, self.bytes)

    def halves(self) -> tuple[Sum, Sum] | None:
        """The sums of high and of low parts, in the latter the half that rounds; None where one leaves 16 bits."""
        if self.shift < BYTE or self.bytes == 2:
            return None
        whole = Sum.of([*self.terms, Term(None, 1 << self.shift - 1, 1)], self.shift)
        lows = [(t.coefficient + 128 & 255) - 128 for t in whole.terms]
        low = Sum(tuple(Term(t.value, c, t.bound) for t, c in zip(whole.terms, lows, strict=True)), 0)
        highs = [t.coefficient - c >> BYTE for t, c in zip(whole.terms, lows, strict=True)]
        high = Sum(tuple(Term(t.value, c, t.bound) for t, c in zip(whole.terms, highs, strict=True)), 0)
        return (high, low) if max(low.most, high.most + 128) < 1 << NARROW_BITS else None

    def fits(self, word: int) -> bool:
        """Whether its products have so many words, as one sum or in halves."""
        return word > BYTE or self.bytes == 2 or self.halves() is not None

    @property
    def least_cycles(self) -> int:
        """What the cheaper way costs: as one sum, or in halves."""
        halves = self.halves()
        if halves is None:
            return self.cycles
        parts = [part.products + 2 * sum(1 for t in part.terms if t.coefficient) for part in halves]
        return min(self.cycles, sum(parts) + 2 + 2 * (self.shift - BYTE))


def product_cycles(coefficient: int, bound: int) -> int:
    """What a product of numbers of at most these magnitudes costs, about."""
    if coefficient <= 1:
        return 0
    if max(coefficient, bound).bit_length() > NARROW_BITS:
        return LONG
    bits = (coefficient * bound).bit_length()
    return next((cycles for most, cycles in CYCLES if bits <= most), SHORT)


def terms_of(value: SSAValue, ranges: FormRanges) -> Iterator[Term]:
    """The terms of a sum that nothing else uses; `(x + n) a` is `x a` and `n a`."""
    op = value.owner
    if isinstance(op, arith.AddiOp) and value.has_one_use():
        yield from terms_of(op.lhs, ranges)
        yield from terms_of(op.rhs, ranges)
        return
    number = number_of(value)
    if number is not None:
        yield Term(None, number, 1)
        return
    factor, coefficient = value, 1
    if isinstance(op, arith.MuliOp) and value.has_one_use():
        for other, known in ((op.lhs, number_of(op.rhs)), (op.rhs, number_of(op.lhs))):
            if known is not None:
                factor, coefficient = other, known
                break
    if coefficient != 1 and isinstance(factor.owner, arith.AddiOp):
        offset = number_of(factor.owner.rhs)
        if offset is not None:
            yield Term(None, coefficient * offset, 1)
            factor = factor.owner.lhs
    found = ranges.values[factor]
    yield Term(factor, coefficient, max(abs(found.least), abs(found.greatest)))


def number_of(value: SSAValue) -> int | None:
    """A constant of a body."""
    op = value.owner
    return op.value.value.data if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr) else None


def shorten(op: RescaleOp, ranges: FormRanges, word: int = 16) -> None:
    """Write a rounding shift of a weighted sum with the cheapest coefficients that are exact enough.

    Its products have two words of 16 bits, or, where there is such a way, of 8.
    """
    whole = Sum.of(list(terms_of(op.value, ranges)), op.shift.value.data)
    if all(term.value is None or term.coefficient == 1 for term in whole.terms):
        return
    found = [whole.with_shift(shift) for shift in range(1, whole.shift)]
    found = [s for s in found if s.most.bit_length() <= MOST_BITS and whole.error(s) <= TOLERATED]
    found = [s for s in found if s.fits(word)] or found
    best = min(found, key=lambda s: (s.least_cycles, whole.error(s)), default=whole)
    if best.least_cycles < whole.cycles:
        write(op, best)


def write(op: RescaleOp, sum: Sum) -> None:
    """Put a sum in the place of a rounding shift; what it was made of has no use any more."""
    writer = Writer(op)
    halves = sum.halves()
    if halves is None or sum.cycles <= sum.least_cycles:
        result = writer.add_op(RescaleOp(total(writer, sum), sum.shift, op.rounding.data, i32, i32))
    else:
        high, low = (total(writer, part) for part in halves)
        result = writer.floor_shift(writer.add(high, writer.floor_shift(low, BYTE)), sum.shift - BYTE)
    if op.result.type != i32:
        assert isinstance(op.result.type, IntegerType)
        wider = op.result.type.width.data > i32.width.data
        result = writer.add_op(ExtendOp(result, op.result.type) if wider else arith.TruncIOp(result, op.result.type))
    old = op.value
    Rewriter.replace_op(op, [], [result])
    erase_unused(old.owner)


def total(writer: Writer, sum: Sum) -> SSAValue:
    """The sum itself, in 32 bits."""
    found: SSAValue | None = None
    for term in sum.terms:
        if term.coefficient == 0:
            continue
        value = writer.constant(term.coefficient) if term.value is None else as_i32(writer, term.value)
        if term.value is not None and term.coefficient != 1:
            value = writer.mul(value, writer.constant(term.coefficient))
        found = value if found is None else writer.add(found, value)
    return writer.constant(0) if found is None else found


def as_i32(writer: Writer, value: SSAValue) -> SSAValue:
    """A value that fits 32 bits, in these."""
    assert isinstance(value.type, IntegerType)
    wide = value.type.width.data > i32.width.data
    return writer.add_op(arith.TruncIOp(value, i32)) if wide else writer.extended(value)


def erase_unused(op: object) -> None:
    """Erase an op and what it alone used."""
    if isinstance(op, Operation) and not any(result.uses for result in op.results):
        owners = [operand.owner for operand in op.operands]
        Rewriter.erase_op(op)
        for owner in owners:
            erase_unused(owner)
