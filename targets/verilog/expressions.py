"""Wires and what is computed of them, in Verilog."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.ir import Operation, SSAValue

from ...dialects import rtl
from ...dialects.rtl import address_bits, bits_of
from ...dialects.rtl.names import wire_stem


def literal(value: int, bits: int) -> str:
    """A signed number of so many bits."""
    if bits == 1:
        return f"1'b{value & 1}"
    if value == -(1 << bits - 1):
        return f"{bits}'sh{value % (1 << bits):x}"
    return f"{bits}'sd{value}" if value >= 0 else f"-{bits}'sd{-value}"


def span(bits: int) -> str:
    """The range of a declaration, with a space behind it; nothing for a bit."""
    return f"[{bits - 1}:0] " if bits > 1 else ""


def kind_of(bits: int) -> str:
    """What a declaration of so many bits says of them: numbers are signed."""
    return f"signed {span(bits)}" if bits > 1 else ""


class Wires:
    """The names of the wires of a module."""

    def __init__(self, taken: set[str]):
        self._names: dict[SSAValue, str] = {}
        self._taken = taken

    def define(self, value: SSAValue, hint: str = "") -> str:
        """A name for a value: its hint with a number, which no keyword has."""
        stem = f"{wire_stem(hint or value.name_hint or 'w')}_"
        number = len(self._names)
        while f"{stem}{number}" in self._taken:
            number += 1
        self._names[value] = name = f"{stem}{number}"
        self._taken.add(name)
        return name

    def name(self, value: SSAValue) -> str:
        """The text of a value: constants are their numbers."""
        op = value.owner
        if isinstance(op, rtl.ConstantOp):
            return literal(op.value.value.data, bits_of(value))
        if isinstance(op, rtl.ComputeOp) and self.is_bit_of(op):
            return f"{self._names[op.args[0]]}[{amount_of(op)}]"
        return self._names[value]

    def is_bit_of(self, op: Operation) -> bool:
        """Whether an operation takes a bit of a wire: that is spelled where it is read."""
        return (
            isinstance(op, rtl.ComputeOp)
            and op.kind.data == "element"
            and bits_of(op.result) == 1
            and bits_of(op.args[0]) > 1
            and not isinstance(op.args[0].owner, rtl.ConstantOp)
        )

    def resized(self, value: SSAValue, bits: int) -> str:
        """A value in so many bits: its lowest ones, or with copies of its sign."""
        op, own = value.owner, bits_of(value)
        if isinstance(op, rtl.ConstantOp):
            number = op.value.value.data
            return literal((number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1), bits)
        name = self.name(value)
        if own == bits:
            return name
        if own > bits:
            return f"{name}[0]" if bits == 1 else f"{name}[{bits - 1}:0]"
        if own == 1:
            return f"{{{bits}{{{name}}}}}"
        return f"{{{{{bits - own}{{{name}[{own - 1}]}}}}, {name}}}"

    def signed(self, value: SSAValue, bits: int) -> str:
        """The same as an operand of a signed operation."""
        text = self.resized(value, bits)
        is_signed = bits > 1 and (bits_of(value) == bits or isinstance(value.owner, rtl.ConstantOp))
        return text if is_signed else f"$signed({text})"

    def index(self, value: SSAValue, bits: int) -> str:
        """The lowest bits as the number of a word, which is never negative."""
        own = bits_of(value)
        if isinstance(value.owner, rtl.ConstantOp):
            return f"{bits}'d{value.owner.value.value.data % (1 << bits)}"
        return f"{self.name(value)}[{bits - 1}:0]" if own == bits > 1 else self.resized(value, bits)

    def unsigned(self, value: SSAValue, bits: int) -> str:
        """The same with zeros in front."""
        op, own = value.owner, bits_of(value)
        if isinstance(op, rtl.ConstantOp):
            return f"{bits}'d{op.value.value.data % (1 << own)}"
        name = self.name(value)
        if own >= bits:
            return self.resized(value, bits)
        return f"{{{bits - own}'d0, {name}}}"


Spelling = Callable[[Wires, rtl.ComputeOp], str]


def of_sums(sign: str) -> Spelling:
    """An operation on operands of the width of its result; sums of wires of one width may have one bit more."""

    def spell(wires: Wires, op: rtl.ComputeOp) -> str:
        bits, widths = bits_of(op.result), [bits_of(a) for a in op.args]
        plain = sign in "+-" and widths[0] == widths[1] == bits - 1 > 1
        left, right = (wires.signed(a, bits - 1) if plain else wires.resized(a, bits) for a in op.args)
        return f"{left} {sign} {right}"

    return spell


def of_product(wires: Wires, op: rtl.ComputeOp) -> str:
    """A product of signed operands of their own widths, which a sign in front of a number would not keep."""
    operands = (wires.signed(a, min(bits_of(a), bits_of(op.result))) for a in op.args)
    left, right = (f"$signed({text})" if text.startswith("-") else text for text in operands)
    return f"{left} * {right}"


def of_comparisons(sign: str, signed: bool = True) -> Spelling:
    """A comparison in the wider operand's width."""

    def spell(wires: Wires, op: rtl.ComputeOp) -> str:
        bits = max(bits_of(a) for a in op.args)
        if signed:
            left, right = (wires.signed(a, bits) for a in op.args)
        else:
            left, right = (f"$unsigned({wires.resized(a, bits)})" for a in op.args)
        return f"{left} {sign} {right}"

    return spell


def of_choice(sign: str, signed: bool = True) -> Spelling:
    """The operand that a comparison with the other one prefers."""

    def spell(wires: Wires, op: rtl.ComputeOp) -> str:
        bits = bits_of(op.result)
        left, right = (wires.resized(a, bits) for a in op.args)
        return f"({of_comparisons(sign, signed)(wires, op)}) ? {left} : {right}"

    return spell


def of_select(wires: Wires, op: rtl.ComputeOp) -> str:
    """One of two."""
    bits = bits_of(op.result)
    return f"{wires.name(op.args[0])} ? {wires.resized(op.args[1], bits)} : {wires.resized(op.args[2], bits)}"


def amount_of(op: rtl.ComputeOp) -> int:
    """The constant of an operation."""
    assert op.amount is not None, "verified"
    return op.amount.value.data


def of_shift_left(wires: Wires, op: rtl.ComputeOp) -> str:
    """Zeros behind."""
    bits, amount = bits_of(op.result), amount_of(op)
    if amount == 0:
        return wires.resized(op.args[0], bits)
    return f"{bits}'d0" if amount >= bits else f"{{{wires.resized(op.args[0], bits - amount)}, {amount}'d0}}"


def of_shift_right(wires: Wires, op: rtl.ComputeOp) -> str:
    """The upper bits, with copies of the sign."""
    (value,), bits, amount = op.args, bits_of(op.result), amount_of(op)
    own, name = bits_of(value), wires.name(value)
    if own == 1:
        return wires.resized(value, bits)
    top = min(own, amount + bits) - 1
    part = f"{name}[{top}]" if top == amount else f"{name}[{top}:{amount}]"
    missing = bits - (top - amount + 1)
    return f"{{{{{missing}{{{name}[{own - 1}]}}}}, {part}}}" if missing else part


def of_shift_by(sign: str) -> Spelling:
    """A shift by a wire."""

    def spell(wires: Wires, op: rtl.ComputeOp) -> str:
        return f"{wires.signed(op.args[0], bits_of(op.result))} {sign} {wires.name(op.args[1])}"

    return spell


def of_resize(wires: Wires, op: rtl.ComputeOp) -> str:
    """The lowest bits, or copies of the sign."""
    return wires.resized(op.args[0], bits_of(op.result))


def of_zero_extend(wires: Wires, op: rtl.ComputeOp) -> str:
    """Zeros in front."""
    return wires.unsigned(op.args[0], bits_of(op.result))


def of_element(wires: Wires, op: rtl.ComputeOp) -> str:
    """A part of a word at a constant place."""
    bits, name = bits_of(op.result), wires.name(op.args[0])
    first = amount_of(op) * bits
    return f"{name}[{first}]" if bits == 1 else f"{name}[{first + bits - 1}:{first}]"


def of_pick(wires: Wires, op: rtl.ComputeOp) -> str:
    """A part of a word at a place that is a wire."""
    word, place = op.args
    bits, room = bits_of(op.result), address_bits(bits_of(word))
    return f"{wires.name(word)}[{wires.unsigned(place, room)} * {room}'d{bits} +: {bits}]"


def of_join(wires: Wires, op: rtl.ComputeOp) -> str:
    """The first operand lowest."""
    return f"{{{', '.join(wires.name(a) for a in reversed(op.args))}}}"


def of_mask(wires: Wires, op: rtl.ComputeOp) -> str:
    """A group of ones, where the second operand is 1."""
    bits, amount = bits_of(op.result), amount_of(op)
    place, flag = op.args
    ones = f"{bits}'h{(1 << amount) - 1:x}"
    if amount < bits:
        room = max(2, address_bits(bits))
        ones = f"({ones} << ({wires.unsigned(place, room)} * {room}'d{amount}))"
    return f"{ones} & {{{bits}{{{wires.name(flag)}}}}}"


def of_not(wires: Wires, op: rtl.ComputeOp) -> str:
    """Bit by bit."""
    return f"~{wires.resized(op.args[0], bits_of(op.result))}"


SPELLINGS: Mapping[str, Spelling] = {
    "add": of_sums("+"),
    "sub": of_sums("-"),
    "mul": of_product,
    "and": of_sums("&"),
    "or": of_sums("|"),
    "xor": of_sums("^"),
    "max": of_choice(">"),
    "min": of_choice("<"),
    "umax": of_choice(">", signed=False),
    "umin": of_choice("<", signed=False),
    "eq": of_comparisons("=="),
    "ne": of_comparisons("!="),
    "slt": of_comparisons("<"),
    "sle": of_comparisons("<="),
    "sgt": of_comparisons(">"),
    "sge": of_comparisons(">="),
    "ult": of_comparisons("<", signed=False),
    "ule": of_comparisons("<=", signed=False),
    "ugt": of_comparisons(">", signed=False),
    "uge": of_comparisons(">=", signed=False),
    "not": of_not,
    "select": of_select,
    "shl": of_shift_left,
    "shr": of_shift_right,
    "shl_by": of_shift_by("<<"),
    "shr_by": of_shift_by(">>>"),
    "resize": of_resize,
    "zero_extend": of_zero_extend,
    "element": of_element,
    "pick": of_pick,
    "join": of_join,
    "mask": of_mask,
}
