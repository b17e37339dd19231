"""What functions do, as something that can be compared: the same where they do the same."""

from __future__ import annotations

from collections.abc import Hashable

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, i32, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue

from ....dialects.machine import saturate
from ....dialects.mcu import LABEL
from ....dialects.mcu.words import MachineOp


def fingerprint(function: FuncOp, loose: bool = False) -> Hashable:
    """What two functions that do the same have in common: ops with their attributes, and which values they use.

    A `loose` one leaves out what `slot` finds.
    """
    numbers: dict[SSAValue, int] = {}
    return function.function_type, block_of(function, numbers, loose)


def block_of(op: Operation, numbers: dict[SSAValue, int], loose: bool) -> Hashable:
    """The blocks of an op, values counted in the order in which they are defined."""
    found: list[Hashable] = []
    for region in op.regions:
        for block in region.blocks:
            for argument in block.args:
                numbers[argument] = len(numbers)
            types = tuple(argument.type for argument in block.args)
            found.append((types, tuple(of(inner, numbers, loose) for inner in block.ops)))
    return tuple(found)


def of(op: Operation, numbers: dict[SSAValue, int], loose: bool) -> Hashable:
    """One op of a body."""
    operands = tuple(numbers[operand] for operand in op.operands)
    inside = block_of(op, numbers, loose)
    for result in op.results:
        numbers[result] = len(numbers)
    attributes = frozenset((name, value) for name, value in op.attributes.items() if name != LABEL)
    types = tuple(result.type for result in op.results)
    return op.name, operands, properties(op, loose), attributes, types, inside


def properties(op: Operation, loose: bool) -> Hashable:
    """The properties of an op; without those that a caller can pass, where it is `loose`."""
    if not loose or slot(op) is None:
        return frozenset(op.properties.items())
    if isinstance(op, MachineOp):
        return op.operation, op.called, op.numbers[1:]
    return None


def slot(op: Operation) -> Attribute | None:
    """What a caller can pass in place of an op's property: which constant memory, a word, how far is shifted."""
    match op:
        case memref.GetGlobalOp():
            return op.name_
        case arith.ConstantOp() if op.result.type == i32:
            return op.value
        case MachineOp() if op.operation.data == saturate.__name__:
            return IntegerAttr(op.numbers[0] - SHIFTED_LATER, i32)
        case _:
            return None


SHIFTED_LATER = 1
"""What is left of the shift of `saturate`, which shifts by 1 at least, behind one by a number that is passed."""


def left_over(op: MachineOp) -> DenseArrayBase:
    """The immediates of `saturate` behind the shift."""
    return DenseArrayBase.from_list(i64, [SHIFTED_LATER, *op.numbers[1:]])
