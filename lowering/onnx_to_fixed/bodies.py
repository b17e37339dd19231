"""Building the scalar bodies of structured forms."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from ...dialects.fixed.types import QType, Rounding

ROUNDING = Rounding.HALF_UP
"""Nearest, ties up: what one multiply-accumulate and an arithmetic shift compute."""


class Body:
    """A body under construction; its methods append one op and return its value."""

    def __init__(self, argument_types: Sequence[Attribute]):
        self.block = Block(arg_types=argument_types)

    @property
    def arguments(self) -> tuple[SSAValue, ...]:
        """The block arguments, in the order of the form's operands."""
        return self.block.args

    def add_op(self, op: Operation) -> SSAValue:
        """Append an op with one result."""
        Rewriter.insert_op(op, InsertPoint.at_end(self.block))
        return op.results[0]

    def constant(self, value: int, type: IntegerType) -> SSAValue:
        """An integer constant."""
        return self.add_op(arith.ConstantOp(IntegerAttr(value, type)))

    def extend(self, value: SSAValue, type: IntegerType) -> SSAValue:
        """The same value in a wider type."""
        return value if value.type == type else self.add_op(ExtendOp(value, type))

    def add(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """left + right."""
        return self.add_op(arith.AddiOp(left, right))

    def sub(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """left - right."""
        return self.add_op(arith.SubiOp(left, right))

    def mul(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """left * right."""
        return self.add_op(arith.MuliOp(left, right))

    def offset(self, value: SSAValue, amount: int) -> SSAValue:
        """value + amount, nothing where the amount is 0."""
        assert isinstance(value.type, IntegerType)
        return self.add(value, self.constant(amount, value.type)) if amount else value

    def round_shift(self, value: SSAValue, shift: int, rounding: Rounding = ROUNDING) -> SSAValue:
        """value / 2^shift, rounded, in the value's own type."""
        assert isinstance(value.type, IntegerType)
        if shift == 0:
            return value
        return self.add_op(RescaleOp(value, shift, rounding, value.type, value.type))

    def lookup(self, table: SSAValue, index: SSAValue, type: IntegerType) -> SSAValue:
        """table[index]."""
        return self.add_op(LookupOp(table, index, type))

    def negated(self, value: SSAValue) -> SSAValue:
        """-value."""
        assert isinstance(value.type, IntegerType)
        return self.sub(self.constant(0, value.type), value)

    def masked(self, value: SSAValue, bits: int) -> SSAValue:
        """The lowest bits of a value."""
        assert isinstance(value.type, IntegerType)
        return self.add_op(arith.AndIOp(value, self.constant((1 << bits) - 1, value.type)))

    def shift_left(self, value: SSAValue, amount: SSAValue) -> SSAValue:
        """value * 2^amount."""
        return self.add_op(arith.ShLIOp(value, amount))

    def shift_right(self, value: SSAValue, amount: int) -> SSAValue:
        """floor(value / 2^amount)."""
        assert isinstance(value.type, IntegerType)
        return self.add_op(arith.ShRSIOp(value, self.constant(amount, value.type))) if amount else value

    def shift_right_by(self, value: SSAValue, amount: SSAValue) -> SSAValue:
        """floor(value / 2^amount)."""
        return self.add_op(arith.ShRSIOp(value, amount))

    def least(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """min(left, right)."""
        return self.add_op(arith.MinSIOp(left, right))

    def greatest(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """max(left, right)."""
        return self.add_op(arith.MaxSIOp(left, right))

    def divide(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """left / right, towards zero."""
        return self.add_op(arith.DivSIOp(left, right))

    def choose(self, predicate: str, left: SSAValue, bound: int, yes: SSAValue, no: SSAValue) -> SSAValue:
        """`yes` where `left predicate bound` holds (eq, slt, sge), else `no`."""
        assert isinstance(left.type, IntegerType)
        condition = self.add_op(arith.CmpiOp(left, self.constant(bound, left.type), predicate))
        return self.add_op(arith.SelectOp(condition, yes, no))

    def saturate(self, value: SSAValue, low: int, high: int, type: IntegerType) -> SSAValue:
        """Clamp to [low, high] in another type."""
        return self.add_op(SaturateOp(value, low, high, type))

    def to_storage(self, value: SSAValue, type: QType) -> SSAValue:
        """Add the zero point and saturate to the storage type."""
        return self.saturate(self.offset(value, type.zp), *type.limits, type.storage)

    def finish(self, value: SSAValue) -> Region:
        """Yield the output element and return the region."""
        Rewriter.insert_op(YieldOp(value), InsertPoint.at_end(self.block))
        return Region(self.block)
