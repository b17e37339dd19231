"""What each op of `arith` is in a pipeline: a flat table.

A wire is as wide as its number needs, at most as its type: extensions of the sign are free, sums grow by a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Operation, SSAValue

from ...dialects.diagnostics import OpError
from ...dialects.errors import UserError
from ...dialects.rtl import signed_bits
from .division import divide
from .pipeline import Pipeline, Value, Wire, bits_of
from .products import multiply

Rule = Callable[[Pipeline, Operation, Sequence[Value]], Value]

INDEX_BITS = 32
"""The width of an index that no pass has made narrow."""

PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")


def width(value: SSAValue) -> int:
    """The bits of a type."""
    return INDEX_BITS if isinstance(value.type, IndexType) else type_bits(value)


def type_bits(value: SSAValue) -> int:
    """The bits of an integer type."""
    if not isinstance(value.type, IntegerType):
        raise UserError(f"convert-loops-to-rtl: hardware computes in integers, not in {value.type}")
    return value.type.width.data


def wrapped(number: int, bits: int) -> int:
    """The signed number with the lowest bits of another."""
    return (number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def apply(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """The result of an op. Raises OpError where hardware has none."""
    rule = RULES.get(type(op))
    if rule is None:
        raise OpError(op, f"`{op.name}` has no hardware: there are {', '.join(sorted(r.name for r in RULES))}")
    return rule(pipeline, op, operands)


def growing(kind: str, meaning: Callable[[int, int], int]) -> Rule:
    """A sum or a difference."""

    def rule(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
        left, right = operands
        bits = width(op.results[0])
        if isinstance(left, int) and isinstance(right, int):
            return wrapped(meaning(left, right), bits)
        if right == 0:
            return left
        return pipeline.compute(kind, operands, min(bits, max(bits_of(left), bits_of(right)) + 1))

    return rule


def choosing(kind: str, meaning: Callable[[int, int], int]) -> Rule:
    """The greater or the lesser of two, as signed numbers."""

    def rule(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
        left, right = operands
        if isinstance(left, int) and isinstance(right, int):
            return meaning(left, right)
        return pipeline.compute(kind, operands, max(bits_of(left), bits_of(right)))

    return rule


def unsigned(kind: str) -> Rule:
    """The greater or the lesser of two, as unsigned numbers."""

    def rule(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
        bits = width(op.results[0])
        return pipeline.compute(kind, [resized(pipeline, o, bits) for o in operands], bits)

    return rule


def bitwise(kind: str, meaning: Callable[[int, int], int]) -> Rule:
    """Bit by bit; a mask of a positive constant leaves no more bits than it has."""

    def rule(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
        left, right = operands
        if isinstance(left, int) and isinstance(right, int):
            return meaning(left, right)
        bits = max(bits_of(left), bits_of(right))
        result = pipeline.compute(kind, operands, bits)
        masks = [o for o in operands if isinstance(o, int) and o >= 0]
        if kind == "and" and masks and (room := signed_bits(0, masks[0])) < bits:
            return pipeline.compute("resize", [result], room)
        return result

    return rule


def product(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """A product."""
    left, right = operands
    return multiply(pipeline, left, right, width(op.results[0]))


def quotient(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """A quotient, cut towards zero."""
    left, right = operands
    if right == 0:
        raise OpError(op, "divides by 0")
    return divide(pipeline, left, right)


def compare(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """A bit."""
    assert isinstance(op, arith.CmpiOp)
    kind = PREDICATES[op.predicate.value.data]
    if kind.startswith("u"):
        operands = [resized(pipeline, o, width(op.lhs)) for o in operands]
    return pipeline.compute(kind, operands, 1)


def select(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """One of two."""
    condition, left, right = operands
    if isinstance(condition, int):
        return left if condition else right
    return pipeline.compute("select", operands, max(bits_of(left), bits_of(right)))


def shift_right(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """A shift that keeps the sign."""
    value, amount = operands
    if isinstance(amount, int):
        if isinstance(value, int):
            return value >> amount
        return pipeline.compute("shr", [value], max(1, value.bits - amount), min(amount, value.bits - 1))
    return pipeline.compute("shr_by", operands, bits_of(value))


def shift_right_unsigned(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """A shift that brings zeros."""
    bits = width(op.results[0])
    bare = zero_extended(pipeline, operands[0], bits)
    return resized(pipeline, shift_right(pipeline, op, [bare, operands[1]]), bits)


def shift_left(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """A shift to the left."""
    value, amount = operands
    bits = width(op.results[0])
    if isinstance(amount, int):
        if isinstance(value, int):
            return wrapped(value << amount, bits)
        return pipeline.compute("shl", [value], min(bits, value.bits + amount), amount)
    return pipeline.compute("shl_by", operands, bits)


def same(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """The number stays."""
    return operands[0]


def extend_unsigned(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """The bits as an unsigned number."""
    return zero_extended(pipeline, operands[0], width(op.operands[0]))


def truncate(pipeline: Pipeline, op: Operation, operands: Sequence[Value]) -> Value:
    """The lowest bits."""
    value, bits = operands[0], width(op.results[0])
    return resized(pipeline, value, bits) if bits_of(value) > bits else value


def resized(pipeline: Pipeline, value: Value, bits: int) -> Value:
    """A number in exactly so many bits."""
    if isinstance(value, int):
        return wrapped(value, bits)
    return value if value.bits == bits else pipeline.compute("resize", [value], bits)


def zero_extended(pipeline: Pipeline, value: Value, bits: int) -> Value:
    """The lowest bits of a number as one that is not negative."""
    if isinstance(value, int):
        return value % (1 << bits)
    bare = resized(pipeline, value, bits)
    assert isinstance(bare, Wire)
    return pipeline.compute("zero_extend", [bare], bits + 1)


RULES: dict[type[Operation], Rule] = {
    arith.AddiOp: growing("add", lambda a, b: a + b),
    arith.SubiOp: growing("sub", lambda a, b: a - b),
    arith.MuliOp: product,
    arith.DivSIOp: quotient,
    arith.MaxSIOp: choosing("max", max),
    arith.MinSIOp: choosing("min", min),
    arith.MaxUIOp: unsigned("umax"),
    arith.MinUIOp: unsigned("umin"),
    arith.AndIOp: bitwise("and", lambda a, b: a & b),
    arith.OrIOp: bitwise("or", lambda a, b: a | b),
    arith.XOrIOp: bitwise("xor", lambda a, b: a ^ b),
    arith.CmpiOp: compare,
    arith.SelectOp: select,
    arith.ShRSIOp: shift_right,
    arith.ShRUIOp: shift_right_unsigned,
    arith.ShLIOp: shift_left,
    arith.ExtSIOp: same,
    arith.IndexCastOp: same,
    arith.ExtUIOp: extend_unsigned,
    arith.TruncIOp: truncate,
}
