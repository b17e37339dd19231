"""`loops-share-sizes`: layers that differ in sizes become one function, which takes these as arguments.

A pointwise layer is a function of numbers: how many pixels, quads and groups of channels, which constants. Where one
number follows from another in all layers, as the distance of two pixels from the number of quads, it is computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    i32,
)
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.dialects.memref import GetGlobalOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.mcu.columns import QuadBlockOp
from ...dialects.mcu.words import AtOp, MachineOp
from .share_functions import is_private
from .sharing.fingerprint import SHIFTED_LATER, left_over
from .sharing.skeleton import Kind, Skeleton, Slot, Value, is_flat, is_number, is_view

OPERATION_BYTES, ARGUMENT_BYTES = 3, 8
"""Bytes of code of an operation, and of an argument where it is passed and where it is used, about."""

MOST_QUADS = {1: 8, 2: 2}
"""Quads in a turn of a block, by its pixels, at most: a turn is written out."""

HINTS = {
    Kind.INDEX: "size",
    Kind.QUADS: "turns",
    Kind.WORD: "number",
    Kind.SHIFT: "shift",
    Kind.MEMORY: "weights",
}
"""Names of arguments."""


@dataclass(frozen=True)
class ShareSizesPass(ModulePass):
    """Make one function of private functions that differ in numbers and constants, where that takes less flash.

    What a memref argument has of sizes must not matter: it has one dimension, or `mcu.at` makes it one.
    """

    name = "loops-share-sizes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        calls: dict[str, list[CallOp]] = {}
        for call in [inner for inner in op.walk() if isinstance(inner, CallOp)]:
            calls.setdefault(call.callee.string_value(), []).append(call)
        groups: dict[Hashable, list[Skeleton]] = {}
        for function in op.ops:
            if isinstance(function, FuncOp) and is_private(function) and can_be_one(function, calls):
                skeleton = Skeleton(function)
                groups.setdefault(skeleton.key(), []).append(skeleton)
        for group in groups.values():
            if len(group) > 1:
                sizes = Sizes.of(group)
                if sizes.saved(sum(len(calls[one.function.sym_name.data]) for one in group)) > 0:
                    merge(group, sizes, calls)


Row = tuple[Value, ...]
"""What a slot holds in each function of a group."""


@dataclass(frozen=True)
class Linear:
    """`factor * argument + offset`."""

    argument: int
    factor: int = 1
    offset: int = 0


@dataclass
class Sizes:
    """What a group of functions passes: a row for each argument, its type, and what each slot is of them."""

    group: Sequence[Skeleton]
    rows: list[Row] = field(default_factory=list[Row])
    types: list[Attribute] = field(default_factory=list[Attribute])
    slots: dict[int, Linear] = field(default_factory=dict[int, Linear])

    @staticmethod
    def of(group: Sequence[Skeleton]) -> Sizes:
        """Constants first, then words, then indices by size: large ones are computed from small ones."""
        sizes, indices = Sizes(group), dict[int, Row]()
        for number, slot in enumerate(group[0].slots):
            row = tuple(one.slots[number].value for one in group)
            if len(set(row)) == 1:
                continue
            match slot.kind:
                case Kind.MEMORY:
                    sizes.pass_on(number, row, flat_type(slot.op.results[0]))
                case Kind.WORD | Kind.SHIFT:
                    sizes.pass_on(number, less(row, SHIFTED_LATER) if slot.kind is Kind.SHIFT else row, i32)
                case Kind.QUADS:
                    indices[number] = in_turns(slot, row)
                case Kind.INDEX:
                    indices[number] = row
        for number, row in sorted(indices.items(), key=lambda item: numbers_of(item[1])):
            sizes.pass_on(number, row, IndexType())
        return sizes

    def pass_on(self, number: int, row: Row, type: Attribute) -> None:
        """Pass what a slot holds, or find what it follows from."""
        for argument, known in enumerate(self.rows):
            if self.types[argument] == type and (found := linear(known, row, type)) is not None:
                self.slots[number] = Linear(argument, *found)
                return
        self.rows.append(row)
        self.types.append(type)
        self.slots[number] = Linear(len(self.rows) - 1)

    def hint(self, argument: int) -> str:
        """What an argument is called: as what it stands for first."""
        return HINTS[
            next(self.group[0].slots[n].kind for n, source in self.slots.items() if source.argument == argument)
        ]

    def saved(self, calls: int) -> int:
        """Bytes of flash that one function saves which is called so often, about."""
        operations = sum(not is_number(op) for op in self.group[0].function.body.walk())
        return (len(self.group) - 1) * OPERATION_BYTES * operations - (calls + 1) * ARGUMENT_BYTES * len(self.rows)


def can_be_one(function: FuncOp, calls: Mapping[str, Sequence[CallOp]]) -> bool:
    """Whether a function is called, and calls none itself."""
    return function.sym_name.data in calls and not any(isinstance(op, CallOp) for op in function.walk())


def numbers_of(row: Row) -> tuple[int, ...]:
    """The numbers of a row of them."""
    return tuple(value for value in row if isinstance(value, int))


def less(row: Row, by: int) -> Row:
    """Numbers less another."""
    return tuple(value - by for value in numbers_of(row))


def in_turns(slot: Slot, row: Row) -> Row:
    """Turns instead of quads, of which all are whole and as long as can be."""
    each = quads_of_turn(slot, numbers_of(row))
    return tuple(quads // each for quads in numbers_of(row))


def quads_of_turn(slot: Slot, quads: Sequence[int]) -> int:
    """The quads of a turn."""
    assert isinstance(slot.op, QuadBlockOp)
    common, most = gcd(*quads), MOST_QUADS[slot.op.numbers[1]]
    return max(n for n in range(1, most + 1) if common % n == 0)


def linear(known: Row, row: Row, type: Attribute) -> tuple[int, int] | None:
    """The factor and the offset that make one row of another; None where none do. Only indices are computed."""
    if known == row:
        return 1, 0
    pairs = list(zip(numbers_of(known), numbers_of(row), strict=False))
    other = next((pair for pair in pairs if pair[0] != pairs[0][0]), None)
    if not isinstance(type, IndexType) or other is None:
        return None
    (a, b), (c, d) = pairs[0], other
    factor = (d - b) // (c - a)
    offset = b - factor * a
    return (factor, offset) if factor > 0 and all(factor * x + offset == y for x, y in pairs) else None


def merge(group: Sequence[Skeleton], sizes: Sizes, calls: Mapping[str, Sequence[CallOp]]) -> None:
    """Make the first function do what all do."""
    kept = group[0].function
    flat = frozenset(number for number, argument in enumerate(kept.args) if is_flat(argument))
    quads = {
        number: quads_of_turn(slot, numbers_of(tuple(one.slots[number].value for one in group)))
        for number, slot in enumerate(group[0].slots)
        if slot.kind is Kind.QUADS and number in sizes.slots
    }
    for number, one in enumerate(group):
        for call in calls[one.function.sym_name.data]:
            call_with(call, kept, flat, [row[number] for row in sizes.rows], sizes.types)
        if number:
            one.function.detach()
            one.function.erase()
    for number in flat:
        see_flat(kept.args[number], kept.args[number])
    hints = [sizes.hint(number) for number in range(len(sizes.rows))]
    arguments = [take(kept, type, hint) for type, hint in zip(sizes.types, hints, strict=True)]
    take_sizes(group[0].slots, sizes, arguments, quads)
    types = [argument.type for argument in kept.args]
    kept.function_type = FunctionType.from_lists(types, list(kept.function_type.outputs))


def call_with(
    call: CallOp, callee: FuncOp, flat: frozenset[int], passed: Sequence[Value], types: Sequence[Attribute]
) -> None:
    """Call a function with memory of one dimension, and with more arguments."""
    found = [flattened(call, value) if number in flat else value for number, value in enumerate(call.arguments)]
    for value, type in zip(passed, types, strict=True):
        if isinstance(value, int):
            assert isinstance(type, IndexType | IntegerType)
            found.append(insert(call, arith.ConstantOp(IntegerAttr(value, type))))
            continue
        memory = insert(call, GetGlobalOp(value.name, value.type))
        found.append(memory if memory.type == type else flattened(call, memory))
    Rewriter.replace_op(call, CallOp(callee.sym_name.data, found, []))


def take(function: FuncOp, type: Attribute, hint: str) -> SSAValue:
    """Give a function an argument."""
    block = function.body.block
    argument = block.insert_arg(type, len(block.args))
    argument.name_hint = hint
    return argument


def take_sizes(slots: Sequence[Slot], sizes: Sizes, arguments: Sequence[SSAValue], quads: Mapping[int, int]) -> None:
    """Put what is passed into the slots of a function."""
    made: dict[Linear, SSAValue] = {}
    for number, source in sizes.slots.items():
        slot, argument = slots[number], arguments[source.argument]
        assert isinstance(argument, BlockArgument)
        value = made.setdefault(source, argument) if source.factor == 1 and not source.offset else made.get(source)
        if value is None:
            value = made[source] = computed(argument, source)
        match slot.op:
            case GetGlobalOp():
                see_flat(slot.op.memref, value)
                slot.op.memref.replace_all_uses_with(value)
                slot.op.detach()
                slot.op.erase()
            case MachineOp() if slot.kind is Kind.SHIFT:
                slot.op.operands[0] = insert(slot.op, arith.ShRSIOp(slot.op.words[0], value))
                slot.op.properties["immediates"] = left_over(slot.op)
            case QuadBlockOp() if slot.kind is Kind.QUADS:
                slot.op.take_turns(quads[number], value)
            case op:
                op.operands[slot.operand] = value


def computed(argument: BlockArgument, source: Linear) -> SSAValue:
    """What follows from an argument, at the begin of its function."""
    first = argument.block.first_op
    assert first is not None
    value: SSAValue = argument
    if source.factor != 1:
        value = insert(first, arith.MuliOp(value, number_before(first, source.factor)))
    if source.offset:
        op = arith.AddiOp if source.offset > 0 else arith.SubiOp
        value = insert(first, op(value, number_before(first, abs(source.offset))))
    return value


def number_before(op: Operation, value: int) -> SSAValue:
    """An index before an op."""
    return insert(op, arith.ConstantOp(IntegerAttr(value, IndexType())))


def see_flat(memory: SSAValue, value: SSAValue) -> None:
    """Let what sees some memory as memory of one dimension see a value instead, which gets this type."""
    if not is_flat(memory):
        return
    type = flat_type(memory)
    for use in list(memory.uses):
        if isinstance(use.operation, AtOp) and is_view(use.operation):
            use.operation.result.replace_all_uses_with(value)
            use.operation.detach()
            use.operation.erase()
    if memory is value:
        Rewriter.replace_value_with_new_type(value, type)


def flat_type(memory: SSAValue) -> Attribute:
    """The type of some memory, of any size where sizes do not matter."""
    type = memory.type
    if isinstance(type, MemRefType) and is_flat(memory):
        return MemRefType(type.element_type, [DYNAMIC_INDEX], memory_space=type.memory_space)
    return type


def flattened(op: Operation, memory: SSAValue) -> SSAValue:
    """Some memory as memory of one dimension, of any size, before an op."""
    assert isinstance(memory.type, MemRefType)
    return insert(op, AtOp(memory, [number_before(op, 0) for _ in memory.type.get_shape()], DYNAMIC_INDEX))


def insert(op: Operation, new: Operation) -> SSAValue:
    """Write an op before another."""
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new.results[0]
