"""`loops-share-functions`: steps that do the same become one function, called with the addresses of each.

Two nodes of a tree, or two rounds that were written out, differ in what they read, and that is passed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.mcu import LABEL


@dataclass(frozen=True)
class ShareFunctionsPass(ModulePass):
    """Replace calls of private functions by calls of the first one with the same body; names of loops do not count."""

    name = "loops-share-functions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        first: dict[Hashable, FuncOp] = {}
        same: dict[str, FuncOp] = {}
        for function in [f for f in op.ops if isinstance(f, FuncOp) and is_private(f)]:
            kept = first.setdefault(fingerprint(function), function)
            if kept is not function:
                same[function.sym_name.data] = kept
                function.detach()
                function.erase()
        for call in [inner for inner in op.walk() if isinstance(inner, CallOp)]:
            kept = same.get(call.callee.string_value())
            if kept is not None:
                call.callee = SymbolRefAttr(kept.sym_name.data)


def is_private(function: FuncOp) -> bool:
    """True for a function with a body that nothing outside of the module calls."""
    return (
        not function.is_declaration
        and function.sym_visibility is not None
        and (function.sym_visibility.data == "private")
    )


def fingerprint(function: FuncOp) -> Hashable:
    """What two functions that do the same have in common: ops with their attributes, and which values they use."""
    numbers: dict[SSAValue, int] = {}
    return function.function_type, block_of(function, numbers)


def block_of(op: Operation, numbers: dict[SSAValue, int]) -> Hashable:
    """The blocks of an op, values counted in the order in which they are defined."""
    found: list[Hashable] = []
    for region in op.regions:
        for block in region.blocks:
            for argument in block.args:
                numbers[argument] = len(numbers)
            found.append((tuple(argument.type for argument in block.args), tuple(of(o, numbers) for o in block.ops)))
    return tuple(found)


def of(op: Operation, numbers: dict[SSAValue, int]) -> Hashable:
    """One op of a body."""
    operands = tuple(numbers[operand] for operand in op.operands)
    inside = block_of(op, numbers)
    for result in op.results:
        numbers[result] = len(numbers)
    attributes = frozenset((name, value) for name, value in op.attributes.items() if name != LABEL)
    types = tuple(result.type for result in op.results)
    return op.name, operands, frozenset(op.properties.items()), attributes, types, inside
