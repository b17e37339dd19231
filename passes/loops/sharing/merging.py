"""Functions that differ in few numbers become one, which takes these as arguments.

Layers of one shape differ in their weights and what they add and shift: one function is called with each layer's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import FunctionType, IntegerAttr, MemRefType, ModuleOp, SymbolRefAttr, i32
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.utils.hints import isa

from ....dialects.mcu.words import MachineOp
from .fingerprint import fingerprint, left_over, slot

FEWEST_OPS = 60
"""A function of fewer ops takes hardly more flash than a call with more arguments."""

MOST_PASSED = 8
"""Numbers that are passed beside a function's own arguments, at most."""

Calls = Mapping[str, Sequence[CallOp]]
"""The calls of each function, by its name."""


def merge_functions(functions: Sequence[FuncOp], module: ModuleOp) -> None:
    """Make one function of each group of private functions that differ in what can be passed."""
    calls: dict[str, list[CallOp]] = {}
    for call in [op for op in module.walk() if isinstance(op, CallOp)]:
        calls.setdefault(call.callee.string_value(), []).append(call)
    groups: dict[Hashable, list[FuncOp]] = {}
    for function in functions:
        if sum(1 for _ in function.body.walk()) >= FEWEST_OPS:
            groups.setdefault(fingerprint(function, loose=True), []).append(function)
    for group in groups.values():
        if len(group) > 1:
            merge(group, calls)


def merge(group: Sequence[FuncOp], calls: Calls) -> None:
    """Make the first of some functions do what all do, unless they differ in too much."""
    ops = [[op for op in function.body.walk() if slot(op) is not None] for function in group]
    rows = [tuple(slot(op) for op in column) for column in zip(*ops, strict=True)]
    passed = list(dict.fromkeys(row for row in rows if len(set(row)) > 1))
    if len(passed) > MOST_PASSED:
        return
    places = [[op for op, other in zip(ops[0], rows, strict=True) if other == row] for row in passed]
    types = [taken_type(ops[0]) for ops in places]
    for number, function in enumerate(group):
        for call in calls.get(function.sym_name.data, ()):
            pass_on(call, group[0], [(row[number], type) for row, type in zip(passed, types, strict=True)])
        if number:
            function.detach()
            function.erase()
    for column, type in zip(places, types, strict=True):
        take(group[0], column, type)


def taken_type(op: Operation) -> Attribute:
    """The type of what is passed in place of a property: the memory, or a word."""
    return op.memref.type if isinstance(op, memref.GetGlobalOp) else i32


def take(function: FuncOp, ops: Sequence[Operation], type: Attribute) -> None:
    """Give a function an argument that takes the place of a property of some of its ops."""
    block = function.body.block
    argument = block.insert_arg(type, len(block.args))
    inputs, outputs = function.function_type.inputs, function.function_type.outputs
    function.function_type = FunctionType.from_lists([*inputs, type], list(outputs))
    for op in ops:
        if isinstance(op, MachineOp):
            argument.name_hint = argument.name_hint or "shift"
            shifted = arith.ShRSIOp(op.words[0], argument)
            Rewriter.insert_op(shifted, InsertPoint.before(op))
            op.operands[0] = shifted.result
            op.properties["immediates"] = left_over(op)
            continue
        memory = isinstance(op, memref.GetGlobalOp)
        argument.name_hint = argument.name_hint or ("weights" if memory else "number")
        op.results[0].replace_all_uses_with(argument)
        op.detach()
        op.erase()


def pass_on(call: CallOp, callee: FuncOp, passed: Sequence[tuple[Attribute | None, Attribute]]) -> None:
    """Call a function with more arguments."""
    found: list[SSAValue] = [*call.arguments]
    for value, type in passed:
        if isinstance(value, SymbolRefAttr):
            assert isa(type, MemRefType)
            op = memref.GetGlobalOp(value, type)
        else:
            assert isinstance(value, IntegerAttr)
            op = arith.ConstantOp(value)
        Rewriter.insert_op(op, InsertPoint.before(call))
        found.append(op.results[0])
    Rewriter.replace_op(call, CallOp(callee.sym_name.data, found, []))
