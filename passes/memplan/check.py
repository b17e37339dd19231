"""An independent checker of memory plans: replays the program on the owners of bytes instead of on their values.

It shares no code with the planners. For every byte of every memory it keeps which buffer owns it and whether it has
been written, and refuses what would make a run wrong, with the node that would do it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, MemRefType, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import DiagnosticException

from ...dialects.fixed import ConstantOp
from ...dialects.fixed_forms import StructuredForm
from ...dialects.memplan import AliasOp, ArenaOp, BufferOp, OpaqueOp, RetireOp, ViewOp, element_bytes, size_in_bytes
from .footprints import last_ranks, touched

NOBODY = -1
"""The owner of bytes that belong to no living buffer."""


@dataclass(frozen=True)
class CheckPass(ModulePass):
    """Refuse a plan in which a run would overwrite living bytes, read bytes that hold nothing, or leave its memory.

    Raises DiagnosticException at the offending op. The program is not changed.
    """

    name = "memplan-check"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and any(
                isinstance(inner, StructuredForm | OpaqueOp) for inner in function.walk()
            ):
                Checker(function).check()


@dataclass
class Memory:
    """An arena, a buffer, an argument or a constant: per byte its owner's number and whether it has been written."""

    size: int
    writable: bool = True
    owner: NDArray[np.int32] = field(init=False)
    written: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.owner = np.full(self.size, NOBODY, np.int32)
        self.written = np.zeros(self.size, np.bool_)


@dataclass
class Owner:
    """A buffer, a view, an argument or a constant: what lives and dies as one, at bytes [start, end) of its memory."""

    number: int
    name: str
    memory: Memory
    start: int
    end: int
    retired_by: str | None = None


@dataclass(frozen=True)
class Place:
    """A memref: its bytes [start, end) and who owns them."""

    owner: Owner
    start: int
    end: int

    @property
    def bytes(self) -> slice:
        """The place in the arrays of its memory."""
        return slice(self.start, self.end)


class Checker:
    """The state of one function's memory while its ops are replayed in order."""

    def __init__(self, function: FuncOp):
        self.function = function
        self.memories: dict[SSAValue, Memory] = {}
        self.places: dict[SSAValue, Place] = {}
        self.owners: list[Owner] = []
        self.last_step = "the start"

    def check(self) -> None:
        """Replay the function. Raises DiagnosticException at the first op that the memory does not allow."""
        block = self.function.body.block
        inputs = self.function.attributes.get("fixed.inputs")
        count = len(inputs) if isinstance(inputs, ArrayAttr) else len(block.args)
        for number, argument in enumerate(block.args):
            memory = Memory(size_of(argument), writable=number >= count or not isinstance(inputs, ArrayAttr))
            memory.written[:] = number < count
            self._own(argument, memory, f"argument {number}")
        for op in block.ops:
            self._step(op)
        outputs = block.args[count:]
        for output in outputs:
            place = self.places[output]
            if not place.owner.memory.written.all():
                self._refuse(self.function, f"output `{place.owner.name}` is not written in full")

    def _step(self, op: Operation) -> None:
        match op:
            case ArenaOp():
                self.memories[op.result] = Memory(op.size.value.data)
            case ConstantOp():
                memory = Memory(size_of(op.result), writable=False)
                memory.written[:] = True
                self._own(op.result, memory, "a constant")
            case BufferOp():
                self._own(op.result, Memory(size_of(op.result)), name_of(op, "a buffer"))
            case ViewOp():
                self._view(op)
            case AliasOp():
                self._alias(op)
            case RetireOp():
                self._retire(op)
            case StructuredForm():
                self._form(op)
            case OpaqueOp():
                self._opaque(op)
            case ReturnOp():
                pass
            case _:
                self._refuse(op, f"`{op.name}` has no place in a plan")

    def _refuse(self, op: Operation, message: str) -> NoReturn:
        op.emit_error(message, DiagnosticException(message))

    def _own(self, value: SSAValue, memory: Memory, name: str) -> None:
        """A memory with one owner for the whole run, or until it is retired."""
        owner = Owner(len(self.owners), value.name_hint or name, memory, 0, memory.size)
        self.owners.append(owner)
        memory.owner[:] = owner.number
        self.places[value] = Place(owner, 0, memory.size)

    def _view(self, op: ViewOp) -> None:
        memory = self.memories.get(op.arena)
        start, size = op.offset.value.data, size_of(op.result)
        name = name_of(op, "a view")
        if memory is None:
            self._refuse(op, f"`{name}` is a view of something that is not an arena")
        if start < 0 or start + size > memory.size:
            self._refuse(op, f"`{name}` at bytes [{start}, {start + size}) leaves the arena of {memory.size} bytes")
        owner = Owner(len(self.owners), name, memory, start, start + size)
        self.owners.append(owner)
        self.places[op.result] = Place(owner, start, start + size)

    def _alias(self, op: AliasOp) -> None:
        source = self.places[op.source]
        start = source.start + op.offset.value.data
        end = start + size_of(op.result)
        if start < source.start or end > source.end:
            self._refuse(op, f"an alias at bytes [{start}, {end}) leaves `{source.owner.name}`")
        self.places[op.result] = Place(source.owner, start, end)

    def _retire(self, op: RetireOp) -> None:
        owner = self.places[op.buffer].owner
        if owner.retired_by is not None:
            self._refuse(op, f"`{owner.name}` is retired twice, first after {owner.retired_by}")
        owner.retired_by = self.last_step
        mine = owner.memory.owner == owner.number
        owner.memory.owner[mine] = NOBODY
        owner.memory.written[mine] = False

    def _form(self, form: StructuredForm) -> None:
        node = f"node `{name_of(form, form.name)}`"
        if form.outs is None:
            self._refuse(form, f"{node} writes no memref: convert it to memplan first")
        accesses = zip((*form.ins, *form.params), (*form.in_maps, *form.param_maps), strict=True)
        for value, access in accesses:
            self._read(form, node, value, touched_bytes(form, access, value))
            self._check_order(form, node, value, access)
        for table in form.tables:
            self._read(form, node, table, np.ones(size_of(table), np.bool_))
        self._write(form, node, form.outs, touched_bytes(form, form.out_map, form.outs))
        self.last_step = node

    def _opaque(self, op: OpaqueOp) -> None:
        node = f"node `{name_of(op, op.name)}`"
        for value in op.ins:
            self._read(op, node, value, np.ones(size_of(value), np.bool_))
        for value in op.outs:
            self._write(op, node, value, np.ones(size_of(value), np.bool_))
        self.last_step = node

    def _read(self, form: Operation, node: str, value: SSAValue, mask: NDArray[np.bool_]) -> None:
        place = self.places[value]
        owner, memory = place.owner, place.owner.memory
        if owner.retired_by is not None:
            self._refuse(form, f"{node} reads `{owner.name}`, which was retired after {owner.retired_by}")
        valid = memory.written[place.bytes] & (memory.owner[place.bytes] == owner.number)
        missing = mask & ~valid
        if missing.any():
            first = int(missing.argmax())
            self._refuse(
                form,
                f"{node} reads {int(missing.sum())} bytes of `{owner.name}` that were never written, "
                f"the first at byte {place.start + first}",
            )

    def _write(self, form: Operation, node: str, value: SSAValue, mask: NDArray[np.bool_]) -> None:
        place = self.places[value]
        owner, memory = place.owner, place.owner.memory
        if not memory.writable:
            self._refuse(form, f"{node} writes into `{owner.name}`, which is read-only")
        if owner.retired_by is not None:
            self._refuse(form, f"{node} writes into `{owner.name}`, which was retired after {owner.retired_by}")
        owners = memory.owner[owner.start : owner.end]
        others = (owners != NOBODY) & (owners != owner.number)
        if others.any():
            first = int(others.argmax())
            other = self.owners[int(owners[first])]
            self._refuse(
                form,
                f"{node} writes `{owner.name}` at bytes [{owner.start}, {owner.end}), where `{other.name}` still lives "
                f"at bytes [{other.start}, {other.end})",
            )
        owners[:] = owner.number
        memory.written[place.bytes] |= mask

    def _check_order(self, form: StructuredForm, node: str, value: SSAValue, access: AffineMap) -> None:
        """Refuse a form that, point after point in row-major order, overwrites what a later point still reads."""
        read, written = self.places[value], self.places[form.target]
        low, high = max(read.start, written.start), min(read.end, written.end)
        if read.owner is not written.owner or low >= high:
            return
        last_read = ranks_of_bytes(form, access, value)[low - read.start : high - read.start]
        first_written = ranks_of_bytes(form, form.out_map, form.target)[low - written.start : high - written.start]
        early = (first_written >= 0) & (first_written < last_read)
        if early.any():
            self._refuse(
                form,
                f"{node} overwrites {int(early.sum())} bytes of its own input `{read.owner.name}` before it reads "
                f"them, the first at byte {low + int(early.argmax())}",
            )


def name_of(op: Operation, default: str) -> str:
    """The node that an op names, else the name of its result in the text, else the default."""
    node = op.properties.get("node")
    if isinstance(node, StringAttr):
        return node.data
    return (op.results[0].name_hint if op.results else None) or default


def size_of(value: SSAValue) -> int:
    """Bytes of a memref."""
    assert isinstance(value.type, MemRefType)
    return size_in_bytes(value.type)


def touched_bytes(form: StructuredForm, access: AffineMap, value: SSAValue) -> NDArray[np.bool_]:
    """A mask over the bytes of a memref: those that the form reaches through an access map."""
    assert isinstance(value.type, MemRefType)
    return np.repeat(touched(access, form.sizes, value.type.get_shape()).reshape(-1), element_bytes(value.type))


def ranks_of_bytes(form: StructuredForm, access: AffineMap, value: SSAValue) -> NDArray[np.int64]:
    """Per byte of a memref, the number of the last point that touches it; -1 for none."""
    assert isinstance(value.type, MemRefType)
    shape = value.type.get_shape()
    parallel = len(form.domain.parallel.data)
    assert prod(shape) > 0
    return np.repeat(last_ranks(access, form.sizes, parallel, shape), element_bytes(value.type))
