"""The memory of a plan at the loops level: globals for arenas, buffers and constants, views and casts for the rest.

A memref of the plan is a *place*: a root (argument, arena, buffer or constant) and a byte offset into it. Places in an
arena are `memref.view` at the summed offset. Places elsewhere are `memref.reinterpret_cast` where the root has the same
element type, else a view of the root's bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    IndexType,
    IntegerAttr,
    MemRefType,
    StridedLayoutAttr,
    StringAttr,
    TensorType,
    UnitAttr,
    i8,
    i64,
)
from xdsl.ir import Operation, SSAValue

from ..dialects.errors import UserError
from ..dialects.fixed import ConstantOp
from ..dialects.memplan import AliasOp, ArenaOp, BufferOp, ViewOp, element_bytes
from .loops_emit import Emitter, signless_memref

BUFFER_ALIGNMENT = 4
"""Bytes; a buffer of its own starts where a 32-bit machine can load any element at full speed."""


class Names:
    """Unique symbols `MODEL_name`, valid C identifiers."""

    def __init__(self, model: str, taken: Sequence[str]):
        self.model = model
        self._taken = {*taken, f"{model}_run"}

    def new(self, name: str) -> str:
        """A symbol for this node; numbered where the name is taken."""
        base = f"{self.model}_" + re.sub(r"\W", "_", name, flags=re.ASCII)
        symbol, number = base, 0
        while symbol in self._taken:
            number += 1
            symbol = f"{base}_{number}"
        self._taken.add(symbol)
        return symbol


@dataclass(frozen=True)
class Place:
    """Where a memref of the plan lives: `offset` bytes into `root`, as the signless `type`."""

    root: SSAValue
    offset: int
    type: MemRefType


class Memory:
    """The places of a function's memrefs, and the globals that they need."""

    def __init__(self, names: Names):
        self.names = names
        self.globals: list[memref.GlobalOp] = []
        self._places: dict[SSAValue, Place] = {}
        self._symbols: dict[SSAValue, memref.GlobalOp] = {}
        self._constants: dict[tuple[MemRefType, bytes], memref.GlobalOp] = {}

    def declare(self, op: Operation) -> bool:
        """Take up an op that makes a memref. Returns False when it is another kind of op."""
        match op:
            case ConstantOp():
                self._root(op.result, self._constant(op))
            case ArenaOp():
                symbol = self.names.new("arena")
                self._root(op.result, self._uninitialized(symbol, op.result.type, op.alignment.value.data))
            case BufferOp():
                symbol = self.names.new(op.node.data if op.node is not None else "buffer")
                self._root(op.result, self._uninitialized(symbol, op.result.type, BUFFER_ALIGNMENT))
            case ViewOp():
                self._inside(op.arena, op.offset.value.data, op.result)
            case AliasOp():
                self._inside(op.source, op.offset.value.data, op.result)
            case _:
                return False
        return True

    def argument(self, value: SSAValue) -> None:
        """Take up an argument of the function. Raises UserError where it is not in memory."""
        if not isinstance(value.type, MemRefType):
            raise UserError(f"`{self.names.model}` takes {value.type}: run convert-fixed-to-memplan first")
        self._places[value] = Place(value, 0, signless_memref(value.type))

    def place(self, value: SSAValue) -> Place:
        """Where a memref lives."""
        return self._places[value]

    def is_constant(self, value: SSAValue) -> bool:
        """True when the memref lies in a constant."""
        symbol = self._symbols.get(self._places[value].root)
        return symbol is not None and symbol.constant is not None

    def get_root(self, emit: Emitter, root: SSAValue) -> SSAValue:
        """Write `memref.get_global` of a root that is not an argument."""
        symbol = self._symbols[root]
        return emit.do(memref.GetGlobalOp(symbol.sym_name.data, symbol.type), hint_of(symbol.sym_name.data, self.names))

    def _root(self, value: SSAValue, symbol: memref.GlobalOp) -> None:
        self._symbols[value] = symbol
        self._places[value] = Place(value, 0, symbol.type)

    def _inside(self, source: SSAValue, offset: int, result: SSAValue) -> None:
        assert isinstance(result.type, MemRefType)
        outer = self._places[source]
        self._places[result] = Place(outer.root, outer.offset + offset, signless_memref(result.type))

    def _uninitialized(self, symbol: str, type: MemRefType, alignment: int) -> memref.GlobalOp:
        op = memref.GlobalOp.get(StringAttr(symbol), signless_memref(type), UnitAttr(), alignment=alignment)
        self.globals.append(op)
        return op

    def _constant(self, op: ConstantOp) -> memref.GlobalOp:
        """The global of a constant; constants of the same type and bytes share one."""
        assert isinstance(op.result.type, MemRefType)
        type = signless_memref(op.result.type)
        tensor = TensorType(type.element_type, type.get_shape())
        key = (type, op.value.data.data)
        if key not in self._constants:
            symbol = self.names.new(op.node.data if op.node is not None else f"w{len(self._constants)}")
            value = DenseIntOrFPElementsAttr(tensor, op.value.data)
            self._constants[key] = memref.GlobalOp.get(StringAttr(symbol), type, value, constant=UnitAttr())
            self.globals.append(self._constants[key])
        return self._constants[key]


def hint_of(symbol: str, names: Names) -> str:
    """A symbol's name without the model's, as far as it is a name then."""
    short = symbol.removeprefix(f"{names.model}_")
    return short if not short[:1].isdigit() else f"_{short}"


def write_place(emit: Emitter, root: SSAValue, place: Place) -> SSAValue:
    """Write the memref of a place, given its root. Raises UserError where wide elements would be read as others."""
    whole = root.type
    assert isinstance(whole, MemRefType)
    if isinstance(place.root.owner, ArenaOp):
        return write_view(emit, root, place)
    if whole == place.type:
        return root
    if whole.element_type == place.type.element_type and (place.offset == 0 or whole.element_type != i8):
        return write_cast(emit, root, place)
    if whole.element_type == i8:
        return write_view(emit, flatten(emit, root, whole), place)
    raise UserError(
        f"cannot alias {place.type} to a buffer {whole} outside the arena: only bytes (i8) can be read as another "
        "element type; place the buffer in the arena"
    )


def write_view(emit: Emitter, root: SSAValue, place: Place) -> SSAValue:
    """A typed view at a byte offset of one-dimensional bytes."""
    return emit.do(memref.ViewOp(root, emit.constant(place.offset, IndexType()), [], place.type))


def write_cast(emit: Emitter, root: SSAValue, place: Place) -> SSAValue:
    """The same elements under another shape, from an element offset on (then the type says so, as a strided layout)."""
    shape, offset = place.type.get_shape(), place.offset // element_bytes(place.type)
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    layout = StridedLayoutAttr(strides, offset) if offset else place.type.layout
    type = MemRefType(place.type.element_type, shape, layout, place.type.memory_space)
    return emit.do(memref.ReinterpretCastOp(root, [], [], [], [offset], shape, strides, type))


def flatten(emit: Emitter, root: SSAValue, whole: MemRefType) -> SSAValue:
    """A memref as one dimension."""
    if whole.get_num_dims() == 1:
        return root
    axes = ArrayAttr([ArrayAttr(IntegerAttr(axis, i64) for axis in range(whole.get_num_dims()))])
    flat = MemRefType(i8, [prod(whole.get_shape())], whole.layout, whole.memory_space)
    return emit.do(memref.CollapseShapeOp(operands=[root], properties={"reassociation": axes}, result_types=[flat]))
