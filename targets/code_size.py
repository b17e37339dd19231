"""An estimate of the flash that compiled code takes, without a compiler.

Counts what a program in emitc consists of, and adds up the prices that `tools/bench/code_size.py` has measured for the
core: a linear model, fitted by least squares. Compilers move functions that are called once into their caller and
share what they compute twice, so a price is what a feature adds on average, not what one instruction takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from ..dialects import emitc
from ..dialects.emitc.operators import ExpressionMember
from .core import Core
from .machine.blocks import instructions
from .machine.spelling import PREFIX, spellings

ARITHMETIC: dict[type[Operation], str] = {
    emitc.AddOp: "add",
    emitc.SubOp: "add",
    emitc.MulOp: "multiply",
    emitc.BitwiseLeftShiftOp: "shift",
    emitc.BitwiseRightShiftOp: "shift",
    emitc.ConditionalOp: "select",
}
"""Features that are counted by the width of the result."""

OTHERS: dict[type[Operation], str] = {
    emitc.DivOp: "divide",
    emitc.RemOp: "divide",
    emitc.CmpOp: "compare",
    emitc.UnaryMinusOp: "negate",
    emitc.AddressOfOp: "address",
    emitc.CallOp: "call",
    emitc.CallOpaqueOp: "block",
    emitc.ForOp: "loop",
    emitc.IfOp: "branch",
    emitc.MachineOp: "machine",
    emitc.FuncOp: "function",
}
"""Features that are counted whatever the width."""


def code_bytes(module: ModuleOp, core: Core, counts: Sequence[int] = ()) -> int:
    """The bytes of flash that a module in emitc takes beside its constants, library routines included; an estimate.

    With `counts`, each static function stands for so many of its kind, which are called like it.
    """
    prices = core.code_bytes
    return round(sum(prices.get(feature, 0.0) * count for feature, count in code_features(module, counts).items()))


def function_bytes(function: emitc.FuncOp, core: Core) -> int:
    """The bytes of flash that one function of a module takes, without library routines; an estimate."""
    prices = core.code_bytes
    return round(sum(prices.get(name, 0.0) * count for name, count in function_features(function).items()))


def code_features(module: ModuleOp, counts: Sequence[int] = ()) -> Counter[str]:
    """How often the functions of a module, or those that they stand for, have each feature.

    A library routine counts once, where a product of its width is computed at all; so do the instructions of a block.
    """
    functions = [op for op in module.ops if isinstance(op, emitc.FuncOp)]
    shares = [*counts, sum(counts) / len(counts)] if counts else [1] * len(functions)
    found: Counter[str] = Counter()
    for function, share in zip(functions, shares, strict=True):
        for feature, count in function_features(function).items():
            found[feature] += round(share * count)
    calls = {machine_name(op) for op in module.walk() if isinstance(op, emitc.CallOpaqueOp) and is_machine(op)}
    found["block_instruction"] = sum(instructions(name) for name in calls - spellings().keys())
    routines = [name for name in found if name.startswith("multiply_") or name == "divide"]
    found.update({f"library_{name}": 1 for name in routines})
    return found


def function_features(function: emitc.FuncOp) -> Counter[str]:
    """How often a function has each feature."""
    found: Counter[str] = Counter()
    indices = index_values(function)
    for op, depth in nested(function, 0):
        for feature, count in features_of(op, depth, indices):
            found[feature] += count
    return found


def nested(op: Operation, depth: int) -> Iterator[tuple[Operation, int]]:
    """An op and all inside, each with the number of loops around it."""
    yield op, depth
    for region in op.regions:
        for block in region.blocks:
            for inner in block.ops:
                yield from nested(inner, depth + isinstance(op, emitc.ForOp))


def index_values(function: emitc.FuncOp) -> set[SSAValue]:
    """The values from which indices and the bounds of loops are computed: addresses, that compilers simplify."""
    work = [value for op in function.walk() for value in index_operands(op)]
    found: set[SSAValue] = set()
    while work:
        value = work.pop()
        if value in found:
            continue
        found.add(value)
        owner = outside(value).owner
        if outside(value) is not value:
            work.append(outside(value))
        elif isinstance(owner, emitc.ExpressionOp):
            work.append(owner.value)
        elif isinstance(owner, ExpressionMember) and not isinstance(owner, emitc.LoadOp):
            work += owner.operands
    return found


def index_operands(op: Operation) -> list[SSAValue]:
    """What an op takes as an index or a bound."""
    if isinstance(op, emitc.SubscriptOp):
        return list(op.indices)
    return list(op.operands) if isinstance(op, emitc.ForOp) else []


def features_of(op: Operation, depth: int, indices: set[SSAValue]) -> Iterator[tuple[str, int]]:
    """The features of one op in so many loops, without those of what is inside it."""
    if name := OTHERS.get(type(op)):
        yield name, 1
    match op:
        case emitc.AddOp() | emitc.SubOp() if op.result in indices:
            yield "index_add", 1
        case emitc.MulOp() if op.result in indices:
            yield "index_multiply_by_power" if is_power(op) else "index_multiply", 1
        case emitc.LoadOp():
            yield from access("load", op.operand, op, depth)
        case emitc.AssignOp():
            yield from access("store", op.var, op, depth)
        case emitc.CastOp():
            yield from cast(op)
        case emitc.ForOp():
            yield "variable_bound", int(not all(isinstance(bound.owner, emitc.ConstantOp) for bound in op.operands))
        case emitc.FuncOp():
            yield "argument", len(op.body.block.args)
        case emitc.CallOp():
            yield "call_argument", len(op.arguments)
        case emitc.CallOpaqueOp():
            yield "operation_call", int(machine_name(op) in spellings())
        case emitc.SwitchOp():
            yield "case", len(op.regions)
        case _ if name := ARITHMETIC.get(type(op)):
            yield f"{name}_{bits(op.results[0])}", 1
        case _:
            pass


def is_machine(op: emitc.CallOpaqueOp) -> bool:
    """True for machine operations and blocks; hooks are the user's."""
    return op.callee.data.startswith(PREFIX)


def machine_name(op: emitc.CallOpaqueOp) -> str:
    """The machine operation or the block that is called."""
    return op.callee.data.removeprefix(PREFIX)


def access(name: str, place: SSAValue, op: Operation, depth: int) -> Iterator[tuple[str, int]]:
    """A read or write of memory, with the loops that move its address; or of a variable."""
    value = op.results[0] if op.results else op.operands[1]
    if is_element(place):
        yield f"{name}_{bits(value)}", 1
        yield "access_depth", depth
    else:
        yield "read" if name == "load" else f"assign_{bits(value)}", 1


def is_element(place: SSAValue) -> bool:
    """True for an element of an array, false for a variable."""
    return isinstance(outside(place).owner, emitc.SubscriptOp)


def outside(value: SSAValue) -> SSAValue:
    """What an argument of an expression stands for; any other value itself."""
    expression = value.block.parent_op() if isinstance(value, BlockArgument) else None
    if isinstance(value, BlockArgument) and isinstance(expression, emitc.ExpressionOp):
        return expression.defs[value.index]
    return value


def cast(op: emitc.CastOp) -> Iterator[tuple[str, int]]:
    """A cast of a pointer, or one that widens a number; a narrower one is free."""
    if not isinstance(op.dest.type, IntegerType):
        yield "pointer", 1
    elif bits(op.dest) > bits(op.source):
        yield f"extend_{bits(op.dest)}", 1


def is_power(op: emitc.MulOp) -> bool:
    """True for a product with a constant power of two."""
    factors = [operand.owner for operand in op.operands]
    return any(isinstance(f, emitc.ConstantOp) and f.value.value.data.bit_count() == 1 for f in factors)


def bits(value: SSAValue) -> int:
    """The width of a number."""
    assert isinstance(value.type, IntegerType)
    return value.type.width.data
