"""Which numbers a wire takes: intervals over what it is computed of, where its width alone says less."""

from __future__ import annotations

from xdsl.ir import SSAValue

from ...dialects import rtl
from .pipeline import Value

Range = tuple[int, int]
"""The least and the greatest number."""

DEPTH = 12
"""Operations that are looked at, one behind the other."""


def full(bits: int) -> Range:
    """All signed numbers of so many bits."""
    return -(1 << bits - 1), (1 << bits - 1) - 1


def products_of(left: Range, right: Range) -> Range:
    """What products lie between."""
    corners = [a * b for a in left for b in right]
    return min(corners), max(corners)


def range_of(value: Value) -> Range:
    """The numbers that a value takes."""
    return (value, value) if isinstance(value, int) else of_wire(value.value, DEPTH)


def of_wire(value: SSAValue, depth: int) -> Range:
    """The numbers that a wire takes, from so many operations."""
    own, op = full(rtl.bits_of(value)), value.owner
    if isinstance(op, rtl.ConstantOp):
        number = op.value.value.data
        return number, number
    if depth == 0:
        return own
    found = own
    if isinstance(op, rtl.DelayOp):
        found = of_wire(op.value, depth - 1)
    elif isinstance(op, rtl.ComputeOp):
        found = of_operation(op, depth - 1) or own
    return found if own[0] <= found[0] and found[1] <= own[1] else own


def of_operation(op: rtl.ComputeOp, depth: int) -> Range | None:
    """The numbers of a result before it is cut to its width; None where only the width is known."""
    kind = op.kind.data
    if kind in ("add", "sub", "max", "min"):
        (a, b), (c, d) = (of_wire(v, depth) for v in op.args)
        table = {
            "add": (a + c, b + d),
            "sub": (a - d, b - c),
            "max": (max(a, c), max(b, d)),
            "min": (min(a, c), min(b, d)),
        }
        return table[kind]
    if kind == "select":
        (a, b), (c, d) = (of_wire(v, depth) for v in op.args[1:])
        return min(a, c), max(b, d)
    if kind == "mul":
        return products_of(of_wire(op.args[0], depth), of_wire(op.args[1], depth))
    if kind == "zero_extend":
        return 0, (1 << rtl.bits_of(op.args[0])) - 1
    if kind == "resize":
        return of_wire(op.args[0], depth)
    return None
