"""Where the memrefs of a plan lie: the first look of the plan checker, which refuses places outside their memory."""

from __future__ import annotations

from typing import NoReturn

from xdsl.dialects.builtin import ArrayAttr, MemRefType, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import DiagnosticException

from ....dialects.fixed import ConstantOp
from ....dialects.memplan import (
    AliasOp,
    ArenaOp,
    BufferOp,
    RowsOp,
    ViewOp,
    row_bytes,
    row_dimension,
    size_in_bytes,
)
from .intervals import run
from .memory import GIVEN, Memory, Place, Unit


def refuse(op: Operation, message: str) -> NoReturn:
    """Raise DiagnosticException at an op."""
    op.emit_error(message, DiagnosticException(message))


def name_of(op: Operation, default: str) -> str:
    """The node that an op names, else the name of its result in the text, else the default."""
    node = op.properties.get("node")
    if isinstance(node, StringAttr):
        return node.data
    return (op.results[0].name_hint if op.results else None) or default


def size_of(op: Operation, value: SSAValue) -> int:
    """Bytes of a memref. Raises DiagnosticException at an op for any other value."""
    if not isinstance(value.type, MemRefType):
        refuse(op, f"`{value.name_hint or op.name}` is no memref: convert it to memplan first")
    return size_in_bytes(value.type)


class Places:
    """The units and places of a function; `inputs` of its arguments are written by the caller, the others read."""

    def __init__(self, function: FuncOp):
        self.units: list[Unit] = []
        self._memories: dict[SSAValue, Memory] = {}
        self._places: dict[SSAValue, Place] = {}
        inputs = function.attributes.get("fixed.inputs")
        arguments = function.body.block.args
        self.inputs = len(inputs) if isinstance(inputs, ArrayAttr) else len(arguments)
        for number, argument in enumerate(arguments):
            is_input = number < self.inputs
            memory = Memory(size_of(function, argument), not is_input or not isinstance(inputs, ArrayAttr))
            self._own(argument, memory, f"argument {number}", is_input)

    @property
    def memories(self) -> list[Memory]:
        """All memories, each once."""
        return list({id(unit.memory): unit.memory for unit in self.units}.values())

    def declare(self, op: Operation) -> bool:
        """Take up an op that makes a memref; False for any other. Raises DiagnosticException where it has no place."""
        match op:
            case ArenaOp():
                self._memories[op.result] = Memory(op.size.value.data)
            case ConstantOp():
                self._own(op.result, Memory(size_of(op, op.result), writable=False), "a constant", True)
            case BufferOp():
                self._own(op.result, Memory(size_of(op, op.result)), name_of(op, "a buffer"), False)
            case ViewOp():
                self._view(op)
            case RowsOp():
                self._rows(op)
            case AliasOp():
                self._alias(op)
            case _:
                return False
        return True

    def of(self, op: Operation, value: SSAValue) -> Place:
        """The place of an operand. Raises DiagnosticException where it has none: an arena has no elements."""
        place = self._places.get(value)
        if place is None:
            refuse(op, f"`{value.name_hint or op.name}` has no place in the plan: it is no view, buffer or argument")
        return place

    def _own(self, value: SSAValue, memory: Memory, name: str, is_written: bool) -> None:
        """A memory with one unit in it, which has it for the whole run or until it is retired."""
        unit = self._unit(f"`{value.name_hint or name}`", memory, 0, memory.size)
        unit.claim()
        if is_written:
            memory.stamp.put(run(0, memory.size), GIVEN)
        self._places[value] = Place(value, (unit,))

    def _unit(self, name: str, memory: Memory, start: int, end: int, is_row: bool = False) -> Unit:
        unit = Unit(len(self.units), name, memory, start, end, is_row=is_row)
        self.units.append(unit)
        return unit

    def _arena(self, op: ViewOp | RowsOp, name: str) -> Memory:
        memory = self._memories.get(op.arena)
        if memory is None:
            refuse(op, f"`{name}` is a view of something that is not an arena")
        return memory

    def _view(self, op: ViewOp) -> None:
        name = name_of(op, "a view")
        memory = self._arena(op, name)
        start, size = op.offset.value.data, size_of(op, op.result)
        if start < 0 or start + size > memory.size:
            refuse(op, f"`{name}` at bytes [{start}, {start + size}) leaves the arena of {memory.size} bytes")
        self._places[op.result] = Place(op.result, (self._unit(f"`{name}`", memory, start, start + size),))

    def _rows(self, op: RowsOp) -> None:
        name, size = name_of(op, "rows"), row_bytes(op.result.type)
        memory = self._arena(op, name)
        units: list[Unit] = []
        for row, start in enumerate(op.row_offsets.tolist()):
            if start < 0 or start + size > memory.size:
                refuse(
                    op,
                    f"row {row} of `{name}` at bytes [{start}, {start + size}) leaves the arena of {memory.size} bytes",
                )
            units.append(self._unit(f"row {row} of `{name}`", memory, start, start + size, is_row=True))
        if len(units) * size != size_of(op, op.result):
            refuse(op, f"`{name}` has {size_of(op, op.result) // size} rows and {len(units)} offsets")
        self._places[op.result] = Place(op.result, tuple(units))

    def _alias(self, op: AliasOp) -> None:
        source, offset, size = self.of(op, op.source), op.offset.value.data, size_of(op, op.result)
        start = source.offset + offset
        if offset < 0 or start + size > source.offset + size_of(op, op.source):
            refuse(op, f"an alias at bytes [{start}, {start + size}) leaves {source.name}")
        if source.is_split:
            row = row_dimension(op.result.type)
            same_rows = row is not None and op.result.type.get_shape()[row] == len(source.units)
            if start or not same_rows or size != source.size:
                refuse(op, f"an alias of {source.name} must see the same {len(source.units)} rows")
        self._places[op.result] = Place(source.root, source.units, start)
