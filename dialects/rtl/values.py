"""Wires of `rtl`: constants, what is computed within a clock, and registers that delay by one clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from xdsl.dialects.builtin import I64, IntegerAttr, IntegerType, StringAttr, UnitAttr, UnknownLoc, i64
from xdsl.ir import Attribute, Operation, OpResult, SSAValue, SSAValues
from xdsl.irdl import (
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException


@dataclass(frozen=True)
class Kind:
    """How many operands an operation has (None: any number), and what its `amount` is, where it has one."""

    operands: int | None
    amount: str = ""


KINDS: dict[str, Kind] = {
    "add": Kind(2),
    "sub": Kind(2),
    "mul": Kind(2),
    "and": Kind(2),
    "or": Kind(2),
    "xor": Kind(2),
    "max": Kind(2),
    "min": Kind(2),
    "umax": Kind(2),
    "umin": Kind(2),
    "eq": Kind(2),
    "ne": Kind(2),
    "slt": Kind(2),
    "sle": Kind(2),
    "sgt": Kind(2),
    "sge": Kind(2),
    "ult": Kind(2),
    "ule": Kind(2),
    "ugt": Kind(2),
    "uge": Kind(2),
    "not": Kind(1),
    "select": Kind(3),
    "shl": Kind(1, "bits"),
    "shr": Kind(1, "bits"),
    "shl_by": Kind(2),
    "shr_by": Kind(2),
    "resize": Kind(1),
    "zero_extend": Kind(1),
    "element": Kind(1, "number of the element"),
    "pick": Kind(2),
    "join": Kind(None),
    "mask": Kind(2, "elements that are set"),
}
"""`shl`, `shr`: by a constant (`shr` keeps the sign); `_by`: by an unsigned operand. `resize`: the lowest bits, or
more copies of the sign. `element`: bits `[amount * n, (amount + 1) * n)` of a word, n being the result's width; `pick`:
the same at an unsigned operand. `join`: a word of its operands, the first one lowest. `mask`: bits
`[g * amount, (g + 1) * amount)` set where the second operand is 1, g being the first. Comparisons give a bit; `u...`
take their operands as unsigned, which must have one width."""


def bits_of(value: SSAValue) -> int:
    """The width of a wire."""
    type = value.type
    assert isinstance(type, IntegerType)
    return type.width.data


def signed_bits(low: int, high: int) -> int:
    """The bits of a signed number that holds both."""
    return max((-low - 1).bit_length() if low < 0 else low.bit_length(), high.bit_length() if high >= 0 else 0) + 1


def address_bits(words: int) -> int:
    """The bits that number so many words; at least one."""
    return max(1, (words - 1).bit_length())


@cache
def wire_type(bits: int) -> IntegerType:
    """The type of wires of so many bits: one object for all of them, as designs have tens of thousands."""
    return IntegerType(bits)


@cache
def kind_name(kind: str) -> StringAttr:
    """The attribute of an operation's kind."""
    return StringAttr(kind)


@cache
def amount_of(amount: int) -> IntegerAttr[I64]:
    """The attribute of an amount."""
    return IntegerAttr(amount, i64)


def begin(op: Operation, operands: Sequence[SSAValue], properties: dict[str, Attribute], type: Attribute) -> None:
    """What `Operation.__init__` does for an op of one result without attributes and regions, in two thirds of its time.

    Designs have tens of thousands of these.
    """
    op.operands = operands
    op.results = SSAValues((OpResult(type, op, 0),))
    op.properties, op.attributes, op.regions = properties, {}, ()
    op.location = UNKNOWN


UNKNOWN = UnknownLoc()


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A number.

    ```mlir
    %c = rtl.constant -128 : i8
    ```
    """

    name = "rtl.constant"
    T: ClassVar = VarConstraint("T", base(IntegerType))
    value = prop_def(IntegerAttr.constr(T))
    result = result_def(T)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict"

    def __init__(self, value: int, bits: int):
        type = wire_type(bits)
        begin(self, (), {"value": IntegerAttr(value, type)}, type)


@irdl_op_definition
class ComputeOp(IRDLOperation):
    """One of `KINDS`, within a clock; narrower operands are sign-extended.

    ```mlir
    %sum = rtl.compute "add"(%a, %b) : (i8, i9) -> i10
    %half = rtl.compute "shr"(%a) by 1 : (i8) -> i7
    ```
    """

    name = "rtl.compute"
    kind = prop_def(StringAttr)
    args = var_operand_def(IntegerType)
    amount = opt_prop_def(IntegerAttr[I64])
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$kind `(` $args `)` (`by` $amount^)? attr-dict `:` functional-type($args, results)"

    def __init__(self, kind: str, args: Sequence[SSAValue], bits: int, amount: int | None = None):
        properties: dict[str, Attribute] = {"kind": kind_name(kind)}
        if amount is not None:
            properties["amount"] = amount_of(amount)
        begin(self, args, properties, wire_type(bits))

    def verify_(self) -> None:
        kind = KINDS.get(self.kind.data)
        if kind is None:
            raise VerifyException(f"no operation '{self.kind.data}'; there are {', '.join(KINDS)}")
        if kind.operands is not None and len(self.args) != kind.operands:
            raise VerifyException(f"'{self.kind.data}' takes {kind.operands} operands, got {len(self.args)}")
        if (self.amount is not None) != bool(kind.amount):
            raise VerifyException(f"'{self.kind.data}' {'needs' if kind.amount else 'has no'} amount")


@irdl_op_definition
class DelayOp(IRDLOperation):
    """The value one clock ago; with `reset`, 0 after a reset.

    ```mlir
    %b = rtl.delay %a : i8
    ```
    """

    name = "rtl.delay"
    value = operand_def(IntegerType)
    reset = opt_prop_def(UnitAttr)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "(`reset` $reset^)? $value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, reset: bool = False):
        begin(self, (value,), {"reset": UnitAttr()} if reset else {}, value.type)

    def verify_(self) -> None:
        if self.value.type != self.result.type:
            raise VerifyException("a register has the width of what it holds")
