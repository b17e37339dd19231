"""How each scalar op of a body is written in narrow types: a flat table, as the executors have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Operation, SSAValue

from ....dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp
from ....dialects.fixed.types import Rounding, storage_limits
from .narrowing import NarrowBody, hull, integer, is_unsigned

Ends = tuple[int, int]
Rule = Callable[[NarrowBody, Operation, Ends], SSAValue | None]
"""Writes an op whose result lies in an interval; None where the rule has said itself what the result is."""

BYTE, LEAST_LEFT = 8, 16
"""A shift is split into whole bytes and the rest, of which at least 16 bits are left: what an `int` of C holds."""


def together(body: NarrowBody, op: Operation, ends: Ends, words: bool = False) -> IntegerType:
    """The type in which an op's operands and its result fit."""
    return body.type_of(hull(ends, *(body.ends(operand) for operand in op.operands)), words)


def in_one_type(words: bool = False) -> Rule:
    """An op of `arith` whose operands and result have one type."""

    def write(body: NarrowBody, op: Operation, ends: Ends) -> SSAValue:
        type = together(body, op, ends, words)
        return body.emit(type_changed(op, [body.as_type(operand, type) for operand in op.operands], type))

    return write


def shift(words: bool = False) -> Rule:
    """A shift by an amount that is not known: in a type of more bits than the greatest amount."""

    def write(body: NarrowBody, op: Operation, ends: Ends) -> SSAValue:
        amount = body.ends(op.operands[1])[1]
        least = max(together(body, op, ends, words).width.data, amount + 1)
        widths = body.widths.words if words else body.widths.all
        type = IntegerType(next((width for width in widths if least <= width), widths[-1]))
        return body.emit(type_changed(op, [body.as_type(operand, type) for operand in op.operands], type))

    return write


def type_changed(op: Operation, operands: list[SSAValue], type: IntegerType) -> Operation:
    """The same op on other operands, with another type of its result."""
    return type_of(op).create(
        operands=operands, result_types=[type], properties=dict(op.properties), attributes=dict(op.attributes)
    )


def type_of(op: Operation) -> type[Operation]:
    """The op's class."""
    return type(op)


def shift_right(body: NarrowBody, op: Operation, ends: Ends) -> SSAValue | None:
    """floor(x / 2^k): by whole bytes first, what is left of the value in a narrower type."""
    x, amount = op.operands
    known = body.values[amount].number
    if known is None:
        return shift()(body, op, ends)
    return floor_shift(body, body.narrow(x), body.ends(x), known)


def floor_shift(body: NarrowBody, value: SSAValue, ends: Ends, amount: int) -> SSAValue:
    """A value within an interval, shifted by a number of bits that its width may not reach."""
    type = integer(value.type)
    amount = min(amount, type.width.data - 1)
    bytes = min(amount // BYTE * BYTE, max(0, type.width.data - LEAST_LEFT))
    if 0 < bytes < amount and body.widths.splits_shifts:
        value = floor_shift(body, value, ends, bytes)
        ends = ends[0] >> bytes, ends[1] >> bytes
        narrow = body.type_of(ends)
        if narrow.width.data < type.width.data:
            value = body.emit(arith.TruncIOp(value, narrow))
        return floor_shift(body, value, ends, amount - bytes)
    return value if amount == 0 else body.emit(arith.ShRSIOp(value, constant(body, amount, type)))


def constant(body: NarrowBody, number: int, type: IntegerType) -> SSAValue:
    """A number."""
    return body.emit(arith.ConstantOp(IntegerAttr(number, type)))


def rescale(body: NarrowBody, op: RescaleOp, ends: Ends) -> SSAValue | None:
    """A product in the width that holds it with what rounding adds; a shift that is not of whole bytes is split.

    One number, that of zeros, needs no product, whose width would not hold the multiplier.
    """
    if ends[0] == ends[1]:
        body.know(op.result, ends[0])
        return None
    mode, amount = op.rounding.data, op.shift.value.data
    if mode is Rounding.TFLITE:
        operands = [body.as_type(operand, integer(operand.type)) for operand in op.operands]
        return body.emit(type_changed(op, operands, body.type_of(ends)))
    factors = [body.ends(operand) for operand in op.operands]
    products = [a * b for a in factors[0] for b in factors[1]] if len(factors) == 2 else [*factors[0]]
    half = 1 << amount >> 1
    whole = min(products) - half, max(products) + half
    product = body.type_of(hull(whole, (0, 1 << max(0, amount - 1))), len(factors) == 2)
    in_bytes = body.widths.splits_shifts and BYTE < amount and amount % BYTE
    if mode in (Rounding.HALF_UP, Rounding.FLOOR) and in_bytes:
        total = body.as_type(op.value, product)
        if op.multiplier is not None:
            total = body.emit(arith.MuliOp(total, body.as_type(op.multiplier, product)))
        if mode is Rounding.HALF_UP:
            total = body.emit(arith.AddiOp(total, constant(body, half, product)))
            whole = whole[0] + 2 * half, whole[1]
        return floor_shift(body, total, (whole[0], whole[1]), amount)
    operands = [body.narrow(operand) for operand in op.operands]
    return body.emit(RescaleOp(operands[0], amount, mode, product, body.type_of(ends), *operands[1:]))


def saturate(body: NarrowBody, op: SaturateOp, ends: Ends) -> SSAValue | None:
    """A clamp, with the bounds that the operand's interval reaches beyond; nothing where it reaches none."""
    (least, greatest), (low, high) = body.ends(op.value), op.bounds
    type = integer(op.result.type)
    if is_unsigned(type):
        wide = body.type_of(hull((least, greatest), (low, high)))
        return body.emit(SaturateOp(body.as_type(op.value, wide), low, high, type))
    if low <= least and greatest <= high:
        body.same(op.result, op.value, ends)
        return None
    reached = [bound for bound, out in ((low, least < low), (high, high < greatest)) if out]
    wide = body.type_of(hull((least, greatest), *((bound, bound) for bound in reached)))
    value = body.as_type(op.value, wide)
    if len(reached) == 2:
        return body.emit(SaturateOp(value, low, high, body.type_of((low, high))))
    extreme = arith.MaxSIOp if least < low else arith.MinSIOp
    return body.emit(extreme(value, constant(body, reached[0], wide)))


def compare(body: NarrowBody, op: arith.CmpiOp, ends: Ends) -> SSAValue:
    """A comparison; without sign in the type that it has, whose bits count."""
    type = integer(op.lhs.type)
    if op.predicate.value.data < FIRST_UNSIGNED_PREDICATE and type.width.data > 1:
        type = body.type_of(hull(body.ends(op.lhs), body.ends(op.rhs)))
    number = op.predicate.value.data
    return body.emit(arith.CmpiOp(body.as_type(op.lhs, type), body.as_type(op.rhs, type), number))


FIRST_UNSIGNED_PREDICATE = 6


def select(body: NarrowBody, op: arith.SelectOp, ends: Ends) -> SSAValue:
    """A choice, in the type that holds both values."""
    type = integer(op.result.type)
    if type.width.data > 1:
        type = body.type_of(hull(body.ends(op.lhs), body.ends(op.rhs)))
    condition = body.as_type(op.cond, integer(op.cond.type))
    return body.emit(arith.SelectOp(condition, body.as_type(op.lhs, type), body.as_type(op.rhs, type)))


def lookup(body: NarrowBody, op: LookupOp, ends: Ends) -> SSAValue:
    """An entry of a table, which may have become narrower."""
    table = body.values[op.table].base
    assert table is not None
    element = getattr(table.type, "element_type")  # noqa: B009
    return body.emit(LookupOp(table, body.narrow(op.index), element))


def same(body: NarrowBody, op: Operation, ends: Ends) -> SSAValue | None:
    """A conversion is none: it happens where the value is used."""
    if integer(op.results[0].type).width.data == 1:
        return in_old_types(body, op, ends)
    body.same(op.results[0], op.operands[0], ends)
    return None


def in_old_types(body: NarrowBody, op: Operation, ends: Ends) -> SSAValue:
    """An op that has no rule, as it stands."""
    operands = [body.as_type(operand, integer(operand.type)) for operand in op.operands]
    return body.emit(type_changed(op, operands, integer(op.results[0].type)))


RULES: Mapping[type[Operation], Rule] = {
    arith.AddiOp: in_one_type(),
    arith.SubiOp: in_one_type(),
    arith.MuliOp: in_one_type(words=True),
    arith.MaxSIOp: in_one_type(),
    arith.MinSIOp: in_one_type(),
    arith.AndIOp: in_one_type(),
    arith.OrIOp: in_one_type(),
    arith.XOrIOp: in_one_type(),
    arith.ShLIOp: shift(words=True),
    arith.ShRSIOp: shift_right,
    arith.DivSIOp: in_one_type(),
    arith.CmpiOp: compare,  # pyright: ignore
    arith.SelectOp: select,  # pyright: ignore
    arith.ExtSIOp: same,
    arith.TruncIOp: same,
    ExtendOp: same,
    RescaleOp: rescale,  # pyright: ignore
    SaturateOp: saturate,  # pyright: ignore
    LookupOp: lookup,  # pyright: ignore
}


def write_op(body: NarrowBody, op: Operation, ends: Ends) -> None:
    """Write an op whose result lies in an interval."""
    result = op.results[0]
    bits = integer(result.type).width.data
    if bits > 1 and (isinstance(op, arith.ConstantOp) or ends[0] == ends[1]):
        body.know(result, ends[0])
        return
    rule = RULES.get(type(op), in_old_types) if bits > 1 or isinstance(op, arith.CmpiOp) else in_old_types
    written = rule(body, op, ends)
    if written is not None:
        low, high = storage_limits(integer(written.type))
        body.define(result, written, (max(ends[0], low), min(ends[1], high)))
