"""The memory of a plan at the loops level: globals for arenas, buffers and constants, views and casts for the rest.

A memref of the plan is a *place*: a root (argument, arena, buffer or constant) and a byte offset into it. Places in an
arena are `memref.view` at the summed offset. Places elsewhere are `memref.reinterpret_cast` where the root has the same
element type, else a view of the root's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StridedLayoutAttr,
    StringAttr,
    TensorType,
    UnitAttr,
    i8,
    i16,
    i64,
)
from xdsl.ir import Operation, SSAValue

from ...dialects.dataflow import RING
from ...dialects.dense import dtype_of, from_numpy, to_numpy
from ...dialects.emitc.types import ENTRIES, MEMORY, SECTION
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.layout import EncodedRows, encode
from ...dialects.fixed.structured import scalar_type, shaped_type
from ...dialects.memories import DEFAULT_MEMORY
from ...dialects.memplan import FLASH, AliasOp, ArenaOp, BufferOp, RowsOp, ViewOp, element_bytes, row_dimension
from ...dialects.names import Names, identifier, own
from .emit import Emitter, signless, signless_memref
from .encoded import Encoded
from .rows import Rows, narrow, one_row, spacing, table_type

BUFFER_ALIGNMENT = 4
"""Bytes; a buffer of its own starts where a 32-bit machine can load any element at full speed."""


class Symbols:
    """Unique symbols `MODEL_name`, valid C identifiers. Those that a caller or a linker knows are nobody else's."""

    def __init__(self, model: str, taken: Sequence[str]):
        self.model, self.arena = model, f"{model}_arena"
        self._names = Names([*taken, *(model + end for end in ENTRIES), self.arena])

    def new(self, name: str) -> str:
        """A symbol for this node; numbered where the name is taken."""
        return self._names.unique(own(f"{self.model}_{identifier(name, 'node')}"))


@dataclass(frozen=True)
class Place:
    """Where a memref of the plan lives: `offset` bytes into `root`, as the signless `type`."""

    root: SSAValue
    offset: int
    type: MemRefType
    rows: SSAValue | None = None
    """The `memplan.rows` of whose rows, each apart, the memref consists; `root` is their arena."""


class Memory:
    """The places of a function's memrefs, and the globals that they need.

    Where the caller writes the input into the arena, `is_shared`, the (first) arena is public. `sections` are those of
    the linker for arenas in some memories. Of the memrefs `slices` a call has one slice, of that type.
    """

    def __init__(
        self,
        names: Symbols,
        is_shared: bool,
        sections: Mapping[str, str],
        slices: Mapping[SSAValue, MemRefType] | None = None,
    ):
        self.names, self.is_shared, self.sections = names, is_shared, sections
        self.slices = {} if slices is None else slices
        self.globals: list[memref.GlobalOp] = []
        self._arenas = 0
        self.has_packed = False
        self.unread: set[str] = set()
        """Constants that no form of the plan reads, which are part of the program all the same."""
        self._places: dict[SSAValue, Place] = {}
        self._symbols: dict[SSAValue, memref.GlobalOp] = {}
        self._constants: dict[tuple[IntegerType, bytes], memref.GlobalOp] = {}
        self._values: dict[SSAValue, ConstantOp] = {}
        self._offsets: dict[SSAValue, NDArray[np.int32]] = {}
        self._tables: dict[SSAValue, memref.GlobalOp] = {}

    def declare(self, op: Operation) -> bool:
        """Take up an op that makes a memref. Returns False when it is another kind of op."""
        match op:
            case ConstantOp() if isinstance(op.result.type, MemRefType):
                self._values[op.result] = op
                self._places[op.result] = Place(op.result, 0, signless_memref(op.result.type))
                if not op.result.uses.get_length() and self.number(op.result) is None:
                    self._unread(op)
            case ArenaOp():
                self._arena(op)
            case BufferOp():
                symbol = self.names.new(op.node.data if op.node is not None else "buffer")
                made = self._uninitialized(symbol, op.result.type, BUFFER_ALIGNMENT)
                if RING in op.attributes:
                    self.globals[-1].attributes[RING] = op.attributes[RING]
                self._root(op.result, made)
            case ViewOp():
                self._inside(op.arena, op.offset.value.data, op.result)
            case RowsOp():
                place = self._places[op.arena]
                self._offsets[op.result] = op.row_offsets
                self._places[op.result] = Place(place.root, 0, signless_memref(op.result.type), op.result)
            case AliasOp():
                self._inside(op.source, op.offset.value.data, op.result)
            case _:
                return False
        return True

    def argument(self, value: SSAValue, is_row: bool) -> None:
        """Take up an argument of the function, or one row of it. Raises UserError where it is not in memory."""
        if not isinstance(value.type, MemRefType):
            raise UserError(f"`{self.names.model}` takes {value.type}: run convert-fixed-to-memplan first")
        if is_row and row_dimension(value.type) is None:
            raise UserError(f"`{self.names.model}` takes {value.type}, which has no rows, row by row")
        type = signless_memref(value.type)
        self._places[value] = Place(value, 0, one_row(type) if is_row else self._sliced(value, type))

    def _sliced(self, value: SSAValue, type: MemRefType) -> MemRefType:
        """The type of what a call has of a memref."""
        return signless_memref(self.slices.get(value, type))

    def place(self, value: SSAValue) -> Place:
        """Where a memref lives."""
        return self._places[value]

    def alignment(self, value: SSAValue) -> int:
        """Bytes of which the address of a memref, or of each of its rows, is a multiple; 1 where it is not known."""
        place, owner = self._places[value], self._places[value].root.owner
        if isinstance(owner, ArenaOp):
            return gcd(owner.alignment.value.data, place.offset, *map(int, self._offsets.get(value, ())))
        return 1

    def is_passed(self, value: SSAValue) -> bool:
        """True when a step takes the memref as an argument: it is neither a constant nor made of rows."""
        place = self._places[value]
        return place.rows is None and place.root not in self._values

    def number(self, value: SSAValue) -> int | None:
        """The one number that a constant consists of, as its type counts it; such a constant takes no memory."""
        constant = self._values.get(value)
        if constant is None or not isinstance(constant.result.type, MemRefType):
            return None
        values = to_numpy(constant.value).reshape(-1).view(dtype_of(scalar_type(constant.result.type.element_type)))
        return int(values[0]) if len(values) and (values == values[0]).all() else None

    def encoded(self, emit: Emitter, value: SSAValue) -> Encoded | None:
        """Write the bytes of a constant that has a layout."""
        constant = self._values.get(value)
        if constant is None or constant.layout is None:
            return None
        rows = encode(to_numpy(constant.value), constant.layout)
        symbol = self._bytes(constant, rows)

        def table(values: NDArray[np.int32]) -> SSAValue:
            return self._get(emit, self.table(f"{self._name(constant)}_rows", values))

        layout, element = constant.layout, signless(scalar_type(shaped_type(value).element_type))
        return Encoded(self._get(emit, symbol), rows, layout.encoding.data, layout.axis.value.data, element, table)

    def _bytes(self, constant: ConstantOp, rows: EncodedRows) -> memref.GlobalOp:
        """The global of the bytes of a constant."""
        data = rows.data.view(np.int8)
        type = MemRefType(i8, data.shape, memory_space=FLASH)
        return self.constant(self._name(constant), type, from_numpy(data))

    def _unread(self, constant: ConstantOp) -> None:
        """Make the global of a constant that nothing reads: of a sample of a program all constants count."""
        if constant.layout is None:
            symbol = self._constant(constant)
        else:
            symbol = self._bytes(constant, encode(to_numpy(constant.value), constant.layout))
        self.unread.add(symbol.sym_name.data)

    def get_root(self, emit: Emitter, root: SSAValue) -> SSAValue:
        """Write `memref.get_global` of a root that is not an argument."""
        if root in self._values and root not in self._symbols:
            self._symbols[root] = self._constant(self._values[root])
        return self._get(emit, self._symbols[root])

    def _get(self, emit: Emitter, symbol: memref.GlobalOp) -> SSAValue:
        return emit.do(memref.GetGlobalOp(symbol.sym_name.data, symbol.type), hint_of(symbol.sym_name.data, self.names))

    def _root(self, value: SSAValue, symbol: memref.GlobalOp) -> None:
        self._symbols[value] = symbol
        self._places[value] = Place(value, 0, symbol.type)

    def _inside(self, source: SSAValue, offset: int, result: SSAValue) -> None:
        assert isinstance(result.type, MemRefType)
        outer = self._places[source]
        type = self._sliced(result, signless_memref(result.type))
        self._places[result] = Place(outer.root, outer.offset + offset, type, outer.rows)

    def _arena(self, op: ArenaOp) -> None:
        """Arenas after the first are named by their memories; the first is what the caller may share."""
        memory, is_first = op.memory.data, not self._arenas
        symbol = self.names.arena if is_first else self.names.new(f"arena_{memory}")
        arena = self._uninitialized(symbol, op.result.type, op.alignment.value.data)
        arena.sym_visibility = StringAttr("public" if self.is_shared and is_first else "private")
        if memory != DEFAULT_MEMORY:
            arena.attributes[MEMORY] = op.memory
        if memory in self.sections:
            arena.attributes[SECTION] = StringAttr(self.sections[memory])
        self._arenas += 1
        self._root(op.result, arena)

    def _uninitialized(self, symbol: str, type: MemRefType, alignment: int) -> memref.GlobalOp:
        op = memref.GlobalOp.get(StringAttr(symbol), signless_memref(type), UnitAttr(), alignment=alignment)
        self.globals.append(op)
        return op

    def _constant(self, op: ConstantOp) -> memref.GlobalOp:
        assert isinstance(op.result.type, MemRefType)
        return self.constant(self._name(op), signless_memref(op.result.type), op.value)

    def _name(self, op: ConstantOp) -> str:
        return op.node.data if op.node is not None else f"w{len(self._constants)}"

    def constant(self, name: str, type: MemRefType[IntegerType], value: DenseIntOrFPElementsAttr) -> memref.GlobalOp:
        """The global of a constant; constants of the same elements share one, whatever their shapes."""
        key = (type.element_type, np.ascontiguousarray(to_numpy(value)).tobytes())
        if key not in self._constants:
            tensor = DenseIntOrFPElementsAttr(TensorType(type.element_type, type.get_shape()), value.data)
            symbol = StringAttr(self.names.new(name))
            self._constants[key] = memref.GlobalOp.get(symbol, type, tensor, constant=UnitAttr())
            self.globals.append(self._constants[key])
        return self._constants[key]

    def packed(self, emit: Emitter, name: str, values: NDArray[Any]) -> SSAValue:
        """Write the memref of a constant in the order in which a kernel reads it."""
        self.has_packed = True
        value = from_numpy(values)
        type = MemRefType(table_type(values), values.shape, memory_space=FLASH)
        symbol = self.constant(name, type, value)
        if type.element_type != i8:
            symbol.alignment = IntegerAttr(BUFFER_ALIGNMENT, i64)
        return emit.do(memref.GetGlobalOp(symbol.sym_name.data, symbol.type))

    def table(self, name: str, values: NDArray[np.int32]) -> memref.GlobalOp:
        """A constant list of numbers, none negative, in the narrowest integers that hold them."""
        numbers = narrow(values)
        return self.constant(
            name, MemRefType(table_type(numbers), numbers.shape, memory_space=FLASH), from_numpy(numbers)
        )

    def state(self, name: str) -> memref.GlobalOp:
        """A 16-bit variable that lasts from call to call and starts at 0."""
        symbol = StringAttr(self.names.new(name))
        op = memref.GlobalOp.get(symbol, MemRefType(i16, [1]), from_numpy(np.zeros(1, np.int16)))
        self.globals.append(op)
        return op

    def write_rows(self, emit: Emitter, place: Place) -> Rows:
        """Write what the rows of a place are reached by: the arena, and their table where they need one."""
        assert place.rows is not None
        arena, offsets = self.get_root(emit, place.root), self._offsets[place.rows]
        if (step := spacing(offsets)) is not None:
            return Rows(arena, place.type, None, int(offsets[0]), step)
        hint = place.rows.owner.node if isinstance(place.rows.owner, RowsOp) else None
        if place.rows not in self._tables:
            self._tables[place.rows] = self.table(f"{'row' if hint is None else hint.data}_rows", offsets)
        table = self._tables[place.rows]
        return Rows(arena, place.type, emit.do(memref.GetGlobalOp(table.sym_name.data, table.type)))


def hint_of(symbol: str, names: Symbols) -> str:
    """A symbol's name without the model's."""
    return symbol.removeprefix(f"{names.model}_")


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
