"""How a form combines its input elements: the values carried around the reduction loops, per kind of form.

The loop nest is the same for all; here is what it starts with, what it does per element, and what it hands to the body.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, i16, i32
from xdsl.ir import SSAValue

from ...dialects.dense import to_numpy
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ContractOp, ReduceOp
from ...dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ...dialects.fixed.types import Reduction, storage_limits
from ...dialects.machine import signed
from .emit import Emitter, Index, is_unsigned, signless


@dataclass(frozen=True)
class Combination(ABC):
    """A reduction of the input elements; values are in signless types."""

    uses_position: ClassVar[bool] = False
    emit: Emitter

    @abstractmethod
    def initial(self) -> list[SSAValue]:
        """What the reduction loops start with."""

    @abstractmethod
    def accumulate(self, elements: Sequence[SSAValue], position: Index, carried: Sequence[SSAValue]) -> list[SSAValue]:
        """One more point of the reduction domain: an element per input, and the point's row-major position."""

    def result(self, carried: Sequence[SSAValue]) -> SSAValue:
        """The combined value, in the form's accumulator type."""
        return carried[0]


@dataclass(frozen=True)
class SumOfProducts(Combination):
    """`acc + product of (x - zero point)` over the inputs: contract, and with one input the sum of a reduce.

    On a target with 16-bit words, a term whose every value fits 16 bits is computed there, or in 32 bits where it fits
    these: an 8-bit core then multiplies in a third of the time. Two terms at a time are added up there where their sum,
    with the actual constants, fits 16 bits: then every other addition to the accumulator is one of two bytes.
    """

    elements: Sequence[IntegerType]
    zero_points: Sequence[int]
    acc: IntegerType
    word_bits: int
    greatest: int
    """The greatest magnitude of a term."""
    start: int = 0
    """What the sum begins with."""

    @property
    def pairs(self) -> bool:
        """Whether two terms are added up before the accumulator sees them."""
        return self.term == i16 and self.acc != i16 and 2 * self.greatest <= storage_limits(i16)[1]

    def initial(self) -> list[SSAValue]:
        return [self.emit.constant(self.start, signless(self.acc))]

    def accumulate(self, elements: Sequence[SSAValue], position: Index, carried: Sequence[SSAValue]) -> list[SSAValue]:
        return [self._plus(carried[0], self._product(elements))]

    def accumulate_pair(
        self, first: Sequence[SSAValue], second: Sequence[SSAValue], carried: Sequence[SSAValue]
    ) -> list[SSAValue]:
        """Two more points of the reduction domain."""
        return [self._plus(carried[0], self.emit.do(arith.AddiOp(self._product(first), self._product(second))))]

    def _plus(self, sum: SSAValue, term: SSAValue) -> SSAValue:
        return self.emit.do(arith.AddiOp(sum, self.emit.convert(term, self.term, self.acc)))

    def _product(self, elements: Sequence[SSAValue]) -> SSAValue:
        factors: list[SSAValue] = []
        for element, source, zero_point in zip(elements, self.elements, self.zero_points, strict=True):
            factor = self.emit.convert(element, source, self.term)
            factors.append(self._minus(factor, zero_point))
        term = factors[0]
        for factor in factors[1:]:
            term = self.emit.do(arith.MuliOp(term, factor))
        return term

    @cached_property
    def term(self) -> IntegerType:
        """The type of a term: on 16-bit words i16 or i32 where every product of the factors fits, else `acc`."""
        magnitude = 1
        for element, zero_point in zip(self.elements, self.zero_points, strict=True):
            low, high = storage_limits(element)
            magnitude *= max(high - zero_point, zero_point - low)
        if self.word_bits > i16.width.data:
            return self.acc
        return next((type for type in (i16, i32) if magnitude <= storage_limits(type)[1]), self.acc)

    def _minus(self, value: SSAValue, zero_point: int) -> SSAValue:
        """In the bits of a term: of a narrow one the low bits of the zero point."""
        amount = signed(abs(zero_point), self.term.width.data)
        if amount == 0:
            return value
        op = arith.SubiOp if zero_point > 0 else arith.AddiOp
        return self.emit.do(op(value, self.emit.constant(amount, signless(self.term))))


@dataclass(frozen=True)
class Extreme(Combination):
    """`max(acc, x)` or `min(acc, x)`, in the element's type."""

    element: IntegerType
    acc: IntegerType
    largest: bool

    def initial(self) -> list[SSAValue]:
        low, high = storage_limits(self.element)
        return [self.emit.constant(low if self.largest else high, signless(self.element))]

    def accumulate(self, elements: Sequence[SSAValue], position: Index, carried: Sequence[SSAValue]) -> list[SSAValue]:
        if is_unsigned(self.element):
            op = arith.MaxUIOp if self.largest else arith.MinUIOp
        else:
            op = arith.MaxSIOp if self.largest else arith.MinSIOp
        return [self.emit.do(op(carried[0], elements[0]))]

    def result(self, carried: Sequence[SSAValue]) -> SSAValue:
        return self.emit.convert(carried[0], self.element, self.acc)


@dataclass(frozen=True)
class ArgMax(Combination):
    """The position of the first maximum: the best value and where it was.

    The best value starts at the least element at position 0. Where padding may hide position 0 it starts one below,
    in a type of twice the width.
    """

    uses_position: ClassVar[bool] = True
    element: IntegerType
    acc: IntegerType
    padded: bool

    @cached_property
    def best(self) -> IntegerType:
        """The type of the best value."""
        return IntegerType(2 * self.element.width.data) if self.padded else self.element

    def initial(self) -> list[SSAValue]:
        low = storage_limits(self.element)[0] - int(self.padded)
        return [self.emit.constant(low, signless(self.best)), self.emit.constant(0, signless(self.acc))]

    def accumulate(self, elements: Sequence[SSAValue], position: Index, carried: Sequence[SSAValue]) -> list[SSAValue]:
        value = self.emit.convert(elements[0], self.element, self.best)
        predicate = "ugt" if is_unsigned(self.best) else "sgt"
        better = self.emit.do(arith.CmpiOp(value, carried[0], predicate))
        where = self.emit.do(arith.IndexCastOp(self.emit.index(position), signless(self.acc)))
        best = self.emit.do(arith.SelectOp(better, value, carried[0]))
        return [best, self.emit.do(arith.SelectOp(better, where, carried[1]))]

    def result(self, carried: Sequence[SSAValue]) -> SSAValue:
        return carried[1]


def greatest_term(form: StructuredForm, zero_points: Sequence[int]) -> int:
    """The greatest magnitude of a product of the inputs, with the actual constants."""
    product = 1
    for value, zero_point in zip(form.ins, zero_points, strict=True):
        low, high = storage_limits(scalar_type(shaped_type(value).element_type))
        if isinstance(value.owner, ConstantOp):
            integers = to_numpy(value.owner.value)
            low, high = int(integers.min()), int(integers.max())
        product *= max(high - zero_point, zero_point - low)
    return product


def sum_start(form: ReduceOp, word_bits: int) -> int | None:
    """What a sum of all elements begins with where it takes the zero points of all at once: -zero point * elements.

    None where elements are missing, or a partial sum might leave the accumulator, which has room for the terms alone.
    """
    (zero_point,) = form.zero_point.data
    count = prod(form.sizes[len(form.domain.parallel.data) :])
    start, bits = -zero_point * count, scalar_type(shaped_type(form.ins[0]).element_type).width.data
    if form.is_padded(0) or form.held_dims or min(word_bits, form.acc.width.data) < i32.width.data:
        return None
    return start if abs(start) + (count << bits) <= storage_limits(i32)[1] else None


def combination(form: StructuredForm, emit: Emitter, word_bits: int) -> Combination | None:
    """How a form combines; None for a map, whose body takes the elements themselves."""
    elements = [scalar_type(shaped_type(value).element_type) for value in form.ins]
    match form:
        case ContractOp():
            greatest = greatest_term(form, form.zero_points.data)
            return SumOfProducts(emit, elements, form.zero_points.data, form.acc, word_bits, greatest)
        case ReduceOp(kind=kind) if kind.data is Reduction.SUM:
            greatest = greatest_term(form, form.zero_point.data)
            if (start := sum_start(form, word_bits)) is not None:
                return SumOfProducts(emit, elements, [0], form.acc, word_bits, greatest, start)
            return SumOfProducts(emit, elements, form.zero_point.data, form.acc, word_bits, greatest)
        case ReduceOp(kind=kind) if kind.data is Reduction.ARGMAX:
            return ArgMax(emit, elements[0], form.acc, form.is_padded(0))
        case ReduceOp(kind=kind):
            return Extreme(emit, elements[0], form.acc, kind.data is Reduction.MAX)
        case _:
            return None
