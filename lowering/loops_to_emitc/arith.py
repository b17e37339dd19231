"""`arith` as operators of C: one row per op, with the algebra where C has no such operator.

`addi`, `subi` and `muli` do not overflow their type (the contract of the levels above), so they are C's own. The
others are exact for all operands: what is unsigned goes through `uiN`, and so does a left shift, which C leaves
undefined where the sign changes.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, i1
from xdsl.ir import Operation, SSAValue

from ...dialects import emitc
from ...dialects.emitc.operators import BinaryOp
from .writer import Writer, constant_of, integer, is_condition

Rule = Callable[[Writer, tuple[SSAValue, ...], IntegerType], SSAValue]
"""Writes an op, given its operands and the type of its result."""


OPPOSITE = {"lt": "gt", "gt": "lt"}


def signed(op: type[BinaryOp]) -> Rule:
    """C's operator on signed numbers."""
    return lambda w, x, _: w.binary(op, x[0], x[1])


def unsigned(op: type[BinaryOp]) -> Rule:
    """C's operator on unsigned numbers; the result's bits are signless again."""
    return lambda w, x, type: w.cast(w.binary(op, w.unsigned(x[0]), w.unsigned(x[1])), type)


def shift_unsigned(op: type[BinaryOp]) -> Rule:
    """A shift of the unsigned number; the amount is small and stays as it is."""
    return lambda w, x, type: w.cast(w.binary(op, w.unsigned(x[0]), x[1]), type)


def shift_right(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`a >> b`; by all bits but one it is `a < 0 ? -1 : 0`, of which C and its checkers leave nothing open."""
    if not is_condition(x[0]) and constant_of(x[1]) == type.width.data - 1:
        return w.choose(w.compare("lt", x[0], w.constant(0, type)), w.constant(-1, type), w.constant(0, type))
    return w.binary(emitc.BitwiseRightShiftOp, *x)


def extreme(predicate: str, is_unsigned: bool = False) -> Rule:
    """`a pred b ? a : b`; of conditions (as signed numbers 0 and -1) `a || b` or `a && b`.

    With the type's least or greatest number it is one of the two, and a comparison that compilers warn of.
    """

    def rule(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
        if type == i1:
            return disjunction(w, *x) if (predicate == "gt") == is_unsigned else conjunction(w, *x)
        for value, other in (x, x[::-1]):
            number = constant_of(value)
            if number == limit(type, predicate, is_unsigned):
                return value
            if number == limit(type, OPPOSITE[predicate], is_unsigned):
                return other
        a, b = (w.unsigned(v) for v in x) if is_unsigned else x
        return w.choose(w.compare(predicate, a, b), *x)

    return rule


def limit(type: IntegerType, predicate: str, is_unsigned: bool) -> int:
    """The greatest number of a type for `gt`, the least one for `lt`, as the signed number of its bits."""
    bits = type.width.data
    if is_unsigned:
        return -1 if predicate == "gt" else 0
    return (1 << bits - 1) - 1 if predicate == "gt" else -(1 << bits - 1)


def bitwise(op: type[BinaryOp], logical: Callable[[Writer, SSAValue, SSAValue], SSAValue]) -> Rule:
    """A bitwise operator; on conditions its logical counterpart."""
    return lambda w, x, _: logical(w, *x) if is_condition(x[0]) else w.binary(op, *x)


def conjunction(w: Writer, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a && b`"""
    return w.do(emitc.LogicalAndOp(a, b))


def disjunction(w: Writer, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a || b`"""
    return w.do(emitc.LogicalOrOp(a, b))


def difference(w: Writer, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a != b`"""
    return w.compare("ne", a, b)


def add(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`a + b`; on conditions `a != b`."""
    return difference(w, *x) if type == i1 else w.add(*x)


def sub(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`a - b`; on conditions `a != b`."""
    return difference(w, *x) if type == i1 else w.sub(*x)


def mul(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`a * b`; on conditions `a && b`."""
    return conjunction(w, *x) if type == i1 else w.mul(*x)


def floor_divide(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`q - (r != 0 && r and b have different signs)`, with C's quotient q and remainder r."""
    return corrected(w, x, type, "lt", w.sub)


def ceil_divide(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`q + (r != 0 && r and b have the same sign)`, with C's quotient q and remainder r."""
    return corrected(w, x, type, "ge", w.add)


def corrected(
    w: Writer,
    x: tuple[SSAValue, ...],
    type: IntegerType,
    signs: str,
    apply: Callable[[SSAValue, SSAValue], SSAValue],
) -> SSAValue:
    """C's quotient, corrected by 1 where the remainder is not 0 and `(r ^ b) signs 0`."""
    quotient, remainder = w.binary(emitc.DivOp, *x), w.binary(emitc.RemOp, *x)
    inexact = w.compare("ne", remainder, w.constant(0, type))
    sign = w.compare(signs, w.binary(emitc.BitwiseXorOp, remainder, x[1]), w.constant(0, type))
    return apply(quotient, w.cast(conjunction(w, inexact, sign), type))


def ceil_divide_unsigned(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`q + (r != 0)` on unsigned numbers."""
    a, b = (w.unsigned(v) for v in x)
    inexact = w.compare("ne", w.binary(emitc.RemOp, a, b), w.constant(0, integer(a)))
    quotient = w.binary(emitc.DivOp, a, b)
    return w.cast(w.binary(emitc.AddOp, quotient, w.cast(inexact, integer(a))), type)


def extend_signed(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`(intN_t)a`; a condition is 0 or -1."""
    if is_condition(x[0]):
        return w.choose(x[0], w.constant(-1, type), w.constant(0, type))
    return w.cast(x[0], type)


def extend_unsigned(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`(intN_t)(uintM_t)a`; a condition is 0 or 1."""
    return w.cast(x[0] if is_condition(x[0]) else w.unsigned(x[0]), type)


def truncate(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`(intN_t)a`; to a condition `(a & 1) != 0`."""
    if type != i1:
        return w.cast(x[0], type)
    source = integer(x[0])
    return w.compare("ne", w.binary(emitc.BitwiseAndOp, x[0], w.constant(1, source)), w.constant(0, source))


def index_cast(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """Between index and integers: widened with the sign, or cut."""
    return extend_signed(w, x, type) if is_condition(x[0]) else truncate(w, x, type)


def select(w: Writer, x: tuple[SSAValue, ...], type: IntegerType) -> SSAValue:
    """`a ? b : c`"""
    known = constant_of(x[0])
    return w.choose(*x) if known is None else x[1] if known else x[2]


RULES: dict[type[Operation], Rule] = {
    arith.AddiOp: add,
    arith.SubiOp: sub,
    arith.MuliOp: mul,
    arith.DivSIOp: signed(emitc.DivOp),
    arith.RemSIOp: signed(emitc.RemOp),
    arith.DivUIOp: unsigned(emitc.DivOp),
    arith.RemUIOp: unsigned(emitc.RemOp),
    arith.FloorDivSIOp: floor_divide,
    arith.CeilDivSIOp: ceil_divide,
    arith.CeilDivUIOp: ceil_divide_unsigned,
    arith.AndIOp: bitwise(emitc.BitwiseAndOp, conjunction),
    arith.OrIOp: bitwise(emitc.BitwiseOrOp, disjunction),
    arith.XOrIOp: bitwise(emitc.BitwiseXorOp, difference),
    arith.ShLIOp: shift_unsigned(emitc.BitwiseLeftShiftOp),
    arith.ShRUIOp: shift_unsigned(emitc.BitwiseRightShiftOp),
    arith.ShRSIOp: shift_right,
    arith.MinSIOp: extreme("lt"),
    arith.MaxSIOp: extreme("gt"),
    arith.MinUIOp: extreme("lt", True),
    arith.MaxUIOp: extreme("gt", True),
    arith.SelectOp: select,
    arith.ExtSIOp: extend_signed,
    arith.ExtUIOp: extend_unsigned,
    arith.TruncIOp: truncate,
    arith.IndexCastOp: index_cast,
}
"""How each op of arith is written; `arith.constant` and `arith.cmpi` apart."""

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge", "lt", "le", "gt", "ge")
"""By number in `arith.cmpi`; from 6 on they compare unsigned numbers."""

FIRST_UNSIGNED_PREDICATE = 6


def write_compare(w: Writer, number: int, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    """`arith.cmpi`. As signed numbers, conditions are 0 and -1."""
    if number >= FIRST_UNSIGNED_PREDICATE and not is_condition(lhs):
        lhs, rhs = w.unsigned(lhs), w.unsigned(rhs)
    elif 1 < number < FIRST_UNSIGNED_PREDICATE and is_condition(lhs):
        lhs, rhs = rhs, lhs
    return w.compare(PREDICATES[number], lhs, rhs)
