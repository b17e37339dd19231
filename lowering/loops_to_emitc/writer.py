"""A small writer of `emitc` operators: constants, casts, and arithmetic with its constants folded."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects.builtin import IndexType, IntegerType, Signedness, i1
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ...dialects import emitc
from ...dialects.emitc.operators import BinaryOp


def integer(value: SSAValue) -> IntegerType:
    """The type of a scalar."""
    assert isinstance(value.type, IntegerType)
    return value.type


def wrap(value: int, type: IntegerType) -> int:
    """The number that the low bits of `value` stand for: two's complement in `iN`, modulo 2^N in `uiN` and `i1`."""
    bits = type.width.data
    value &= (1 << bits) - 1
    signed = type.signedness.data != Signedness.UNSIGNED and bits > 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


class Writer:
    """Appends ops to `block`; `index` is the type that stands for `index`."""

    def __init__(self, block: Block, index_bits: int):
        self.block = block
        self.index = IntegerType(index_bits)

    @contextmanager
    def inside(self, block: Block) -> Generator[Block]:
        """Append to another block for a while."""
        outer, self.block = self.block, block
        yield block
        self.block = outer

    def do(self, op: Operation) -> SSAValue:
        """Append an op with one result and return the result."""
        self.block.add_op(op)
        return op.results[0]

    def scalar_type(self, type: Attribute) -> IntegerType:
        """The type of a scalar of the loops level here."""
        if isinstance(type, IndexType):
            return self.index
        assert isinstance(type, IntegerType), "verified: scalars are integers"
        return type

    def constant(self, value: int, type: IntegerType) -> SSAValue:
        """A constant; `value` counts modulo 2^N."""
        return self.do(emitc.ConstantOp(wrap(value, type), type))

    def cast(self, value: SSAValue, type: IntegerType) -> SSAValue:
        """The value modulo 2^N; itself where it has the type, a constant where it is one."""
        if value.type == type:
            return value
        known = constant_of(value)
        return self.do(emitc.CastOp(value, type)) if known is None else self.constant(known, type)

    def unsigned(self, value: SSAValue) -> SSAValue:
        """The bits of the value as an unsigned number."""
        return self.cast(value, IntegerType(integer(value).width, Signedness.UNSIGNED))

    def compare(self, predicate: str, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """`lhs predicate rhs`, by the signedness of their type."""
        return self.do(emitc.CmpOp(predicate, lhs, rhs))

    def choose(self, condition: SSAValue, true_value: SSAValue, false_value: SSAValue) -> SSAValue:
        """`condition ? true_value : false_value`"""
        return self.do(emitc.ConditionalOp(condition, true_value, false_value))

    def binary(self, op: type[BinaryOp], lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """`lhs op rhs` in the type of `lhs`."""
        return self.do(op(lhs, rhs))

    # x + 0 -> x,  x + (-c) -> x - c,  x - 0 -> x,  0 - x -> -x,  x * 1 -> x,  x * 0 -> 0; constants are computed here.

    def add(self, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """`lhs + rhs`"""
        a, b = constant_of(lhs), constant_of(rhs)
        if a is not None and b is not None:
            return self.constant(a + b, integer(lhs))
        if a is not None:
            return self.add(rhs, lhs)
        if b is not None and b <= 0 and -b == wrap(-b, integer(lhs)):
            return self.sub(lhs, self.constant(-b, integer(lhs)))
        return self.binary(emitc.AddOp, lhs, rhs)

    def sub(self, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """`lhs - rhs`"""
        a, b = constant_of(lhs), constant_of(rhs)
        if a is not None and b is not None:
            return self.constant(a - b, integer(lhs))
        if b == 0:
            return lhs
        return self.do(emitc.UnaryMinusOp(rhs)) if a == 0 else self.binary(emitc.SubOp, lhs, rhs)

    def mul(self, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """`lhs * rhs`"""
        a, b = constant_of(lhs), constant_of(rhs)
        if a is not None and b is not None:
            return self.constant(a * b, integer(lhs))
        if a is not None:
            return self.mul(rhs, lhs)
        if b == 1:
            return lhs
        return rhs if b == 0 else self.binary(emitc.MulOp, lhs, rhs)


def constant_of(value: SSAValue) -> int | None:
    """The number, where the value is a constant of this level."""
    op = value.owner
    return op.value.value.data if isinstance(op, emitc.ConstantOp) else None


def is_condition(value: SSAValue) -> bool:
    """True for `i1`."""
    return value.type == i1
