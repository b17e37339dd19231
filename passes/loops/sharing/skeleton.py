"""What functions have in common whatever the sizes in them, and where these sizes are.

Bounds of loops, factors of addresses, words, which constant memory is read, how far is shifted, how many quads a block
has: each is a *slot*, and two functions of one skeleton have as many, in the same order.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, SymbolRefAttr, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from ....dialects.machine import saturate
from ....dialects.mcu import LABEL
from ....dialects.mcu.columns import QuadBlockOp
from ....dialects.mcu.words import AtOp, MachineOp
from ..indices.advance import constant_of


class Kind(Enum):
    """What is in a slot."""

    INDEX = "index"
    WORD = "word"
    SHIFT = "shift"
    QUADS = "quads"
    MEMORY = "memory"


@dataclass(frozen=True)
class ConstantMemory:
    """A constant by its name, and its type."""

    name: SymbolRefAttr
    type: Attribute


Value = int | ConstantMemory


@dataclass(frozen=True)
class Slot:
    """A number, or a constant, in an op; of a number that is an operand also which one."""

    op: Operation
    kind: Kind
    value: Value
    operand: int = 0


@dataclass
class Skeleton:
    """A function without its slots."""

    function: FuncOp
    slots: list[Slot] = field(default_factory=list[Slot])
    numbers: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])

    def key(self) -> Hashable:
        """The same for functions of which one can do what the other does, with the other's slots."""
        self.slots.clear()
        self.numbers.clear()
        return self._blocks(self.function)

    def _blocks(self, op: Operation) -> Hashable:
        found: list[Hashable] = []
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    self.numbers[argument] = len(self.numbers)
                types = tuple(loose_type(argument) for argument in block.args)
                found.append((types, tuple(self._op(inner) for inner in block.ops if not is_number(inner))))
        return tuple(found)

    def _op(self, op: Operation) -> Hashable:
        if isinstance(op, AtOp) and is_view(op):
            self.numbers[op.result] = self.numbers[op.memref]
            return None
        operands = tuple(self._operand(op, number) for number in range(len(op.operands)))
        kept = self._properties(op)
        inside = self._blocks(op)
        for result in op.results:
            self.numbers[result] = len(self.numbers)
        attributes = frozenset((name, value) for name, value in op.attributes.items() if name != LABEL)
        return op.name, operands, kept, attributes, tuple(loose_type(result) for result in op.results), inside

    def _operand(self, op: Operation, number: int) -> Hashable:
        """The number of a value; of a constant that can be passed its type."""
        value = op.operands[number]
        if not is_number(value.owner):
            return self.numbers[value]
        kind = Kind.WORD if value.type == i32 else Kind.INDEX
        self.slots.append(Slot(op, kind, constant_of(value) or 0, number))
        return kind

    def _properties(self, op: Operation) -> Hashable:
        """The properties of an op that are no slots."""
        match op:
            case memref.GetGlobalOp():
                self.slots.append(Slot(op, Kind.MEMORY, ConstantMemory(op.name_, op.memref.type)))
                return None
            case MachineOp() if op.operation.data == saturate.__name__:
                self.slots.append(Slot(op, Kind.SHIFT, op.numbers[0]))
                return op.operation, op.called, op.numbers[1:]
            case QuadBlockOp() if not op.counts:
                self.slots.append(Slot(op, Kind.QUADS, op.numbers[0]))
                return op.numbers[1:]
            case _:
                return frozenset(op.properties.items())


def is_number(op: object) -> bool:
    """True for a constant index or word."""
    return (
        isinstance(op, arith.ConstantOp)
        and isinstance(op.value, IntegerAttr)
        and (op.result.type == i32 or isinstance(op.result.type, IndexType))
    )


def is_view(op: AtOp) -> bool:
    """True for all of some memory, of an argument or a constant, as memory of one dimension."""
    source = op.memref.owner if not isinstance(op.memref, BlockArgument) else None
    return (source is None or isinstance(source, memref.GetGlobalOp)) and is_flat(op.memref) and starts(op)


def starts(op: AtOp) -> bool:
    """True where a part of memory begins where that begins."""
    return all(constant_of(index) == 0 for index in op.indices)


def is_flat(memory: SSAValue) -> bool:
    """True where no size of some memory matters: it has one dimension, or is only seen as memory of one."""
    type = memory.type
    if not isinstance(type, MemRefType):
        return False
    seen = [use.operation for use in memory.uses]
    return type.get_num_dims() == 1 or all(isinstance(op, AtOp) and starts(op) for op in seen)


def loose_type(value: SSAValue) -> Attribute | tuple[Attribute, ...]:
    """The type of a value; of an argument or a constant whose sizes do not matter what it holds, and where."""
    outside = isinstance(value, BlockArgument) or isinstance(value.owner, memref.GetGlobalOp)
    if outside and isinstance(value.type, MemRefType) and is_flat(value):
        return value.type.element_type, value.type.memory_space
    return value.type
