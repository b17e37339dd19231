"""Memories as words of several elements: what the lanes of an access share, and which constants are laid out anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from numpy.typing import NDArray
from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, IntegerType, MemRefType, UnitAttr, i64
from xdsl.ir import Attribute, Operation

from ...dialects import rtl
from ...dialects.dataflow import ring_of
from ...dialects.dense import to_numpy
from ...dialects.diagnostics import OpError
from .banks import Banks, declare
from .nest import Access, Coordinates, Nest
from .running import Running


@dataclass(eq=False)
class Memory:
    """A buffer or a constant of the program; `runs` are the numbers of neighbouring elements that accesses take."""

    symbol: str
    element: IntegerType
    elements: int
    values: NDArray[Any] | None = None
    runs: set[int] = field(default_factory=set[int])
    ring: int | None = None
    """The elements that are kept, where those are not all; addresses wrap."""
    is_double: bool = False
    """The caller has another one while modules run."""
    readers: set[str] = field(default_factory=set[str])
    """The functions that read it."""
    writes: dict[str, list[Access]] = field(default_factory=dict[str, list[Access]])
    """By function, where it writes."""

    @property
    def lanes(self) -> int:
        """The elements of a word: those of the widest access; constants have words by access."""
        return 1 if self.values is not None else max(self.runs, default=1)

    @property
    def bits(self) -> int:
        """The width of an element."""
        return self.element.width.data

    @property
    def words(self) -> int:
        """The words that are kept."""
        return -(-(self.ring or self.elements) // self.lanes)

    def banks(self, bank_bits: int) -> Banks:
        """Its banks, or itself as one; of a double one both lie in the same block RAMs."""
        return Banks.of(self.symbol, self.words, self.lanes * self.bits, bank_bits >> self.is_double)

    def declarations(self, bank_bits: int, collision_free: bool = False) -> list[rtl.MemoryOp]:
        """The memory as an op, or as banks; a constant's elements in their order."""
        if self.values is not None:
            return list(declare(self.symbol, self.values.reshape(-1, 1), self.element, bank_bits))
        made = [rtl.MemoryOp(name, words, self.lanes, self.element) for name, words in self.banks(bank_bits)]
        for op in made:
            op.collision_free = UnitAttr() if collision_free else None
            op.double = UnitAttr() if self.is_double else None
        return made


def memory_of(op: memref.GlobalOp) -> Memory:
    """The memory of a global."""
    value, (element, elements) = op.initial_value, contents(op, op.type)
    values = to_numpy(value).reshape(-1) if isinstance(value, DenseIntOrFPElementsAttr) else None
    if values is not None and values.size != elements:
        raise OpError(op, f"{values.size} numbers do not fill {elements} elements")
    return Memory(op.sym_name.data, element, elements, values, ring=ring_of(op))


def contents(op: Operation, type: Attribute) -> tuple[IntegerType, int]:
    """The element and the number of elements of a memref. Raises OpError where hardware has no such memory."""
    if not isinstance(type, MemRefType) or not isinstance(type.element_type, IntegerType):
        raise OpError(op, f"hardware has memories of integers, not {type}")
    elements = prod(type.get_shape())
    if elements < 1 or any(size < 1 for size in type.get_shape()):
        raise OpError(op, f"hardware needs memories of a known size, not {type}")
    return type.element_type, elements


def copy_memories(ops: Iterable[Operation]) -> None:
    """Give memories with more read ports than tools take copies; one of a single word is registers and needs none."""
    ports: dict[str, int] = {}
    memories: list[rtl.MemoryOp] = []
    for op in ops:
        if isinstance(op, rtl.MemoryOp):
            memories.append(op)
        elif isinstance(op, rtl.ModuleOp):
            for name, number in read_ports(op).items():
                ports[name] = max(ports.get(name, 0), number)
    for memory in memories:
        copies = rtl.arrays(ports.get(memory.sym_name.data, 0), memory.init is not None)
        if len(copies) > 1 and memory.words.value.data > 1:
            memory.reads = IntegerAttr(copies[0], i64)


def read_ports(module: rtl.ModuleOp) -> dict[str, int]:
    """How many read ports of each memory there are up to the last one of a module."""
    ports: dict[str, int] = {}
    for op in module.body.block.ops:
        if type(op) is rtl.ReadOp:
            name = op.memory.string_value()
            ports[name] = max(ports.get(name, 0), op.port.value.data + 1)
    return ports


@dataclass(frozen=True)
class Run:
    """Lanes that take neighbouring elements: `width` of them from the least offset on, at steps that it divides."""

    width: int
    start: Running


def run_of(nest: Nest, access: Access, lanes: Sequence[Coordinates], is_finishing: bool) -> Run | None:
    """How lanes take a run of a power of two of elements that starts at its multiples; None where they do not.

    What finishes results takes lanes of a loop one group after the other.
    """
    if access.terms:
        return None
    offsets = sorted({access.running.at(lane) for lane in lanes})
    width, first = len(offsets), offsets[0]
    if offsets != list(range(first, first + width)) or width & (width - 1):
        return None
    start = Running(access.running.base + first, access.running.steps)
    moved = [start.base, *(s * loop.lanes for s, loop in zip(start.steps, nest.loops, strict=True))]
    serial = is_finishing and nest.group < nest.lanes
    moved += [s * nest.group for s, loop in zip(start.steps, nest.loops, strict=True) if serial and loop.lanes > 1]
    return Run(width, start) if all(move % width == 0 for move in moved) else None
