"""What a memory takes: block RAMs, look-up tables or registers, as Yosys weighs them (memory_libmap).

Costs are those of its libraries of cells (`[memories]` of the family); it takes the way of the least cost. A way that
has more words than a cell takes rows of cells, with a multiplexer behind them and a decoder in front.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from ...dialects import rtl
from ...dialects.dense import to_numpy
from ...dialects.rtl import arrays
from ..family import Family, MemoryCell


@dataclass(frozen=True)
class MemoryCells:
    """Look-up tables, registers, and block RAMs of 36 Kbit."""

    luts: float = 0
    ffs: float = 0
    bram36: float = 0

    def __add__(self, other: MemoryCells) -> MemoryCells:
        return MemoryCells(self.luts + other.luts, self.ffs + other.ffs, self.bram36 + other.bram36)


MUX_COST, DECODER_COST, PORT_COST = 0.5, 0.5, 2.0
"""Of a bit of a multiplexer, an output of a decoder, and what a read port needs besides."""


@dataclass(frozen=True)
class Shape:
    """Words of so many elements of so many bits; a constant of few bits is tables unless it is a block RAM.

    `alike`: bits of a constant's words that are the same in all of them, which nothing is built for.
    """

    words: int
    lanes: int
    element: int
    is_constant: bool = False
    is_block: bool = False
    alike: int = 0

    @property
    def bits(self) -> int:
        """The bits of a word that something is built for."""
        return self.lanes * self.element - self.alike


def shape_of(memory: rtl.MemoryOp) -> Shape:
    """The shape of a memory."""
    words, lanes, element = memory.all_words, memory.lanes.value.data, memory.element.width.data
    return Shape(words, lanes, element, memory.init is not None, memory.block is not None, bits_alike(memory))


def bits_alike(memory: rtl.MemoryOp) -> int:
    """The bits of a constant's words that are the same in all of them."""
    if memory.init is None:
        return 0
    values, bits = to_numpy(memory.init).astype(np.int64), memory.element.width.data
    differ = np.bitwise_or.reduce(values, axis=0) ^ np.bitwise_and.reduce(values, axis=0)
    if bits < 64:
        differ &= (1 << bits) - 1
    return bits * differ.size - int(np.bitwise_count(differ.astype(np.uint64)).sum())


def shape_cells(family: Family, shape: Shape, reads: int) -> MemoryCells:
    """The cells of a memory that is read at so many places at once, and of the registers that hold what is read."""
    if shape.words <= 1:
        return MemoryCells() if shape.is_constant else MemoryCells(shape.lanes if shape.lanes > 1 else 0, shape.bits)
    copies = (copy_cells(family, shape, n) for n in arrays(reads, shape.is_constant))
    return sum(copies, MemoryCells())


def in_blocks(family: Family, shape: Shape, reads: int) -> bool:
    """Whether a memory is block RAM."""
    return shape_cells(family, shape, reads).bram36 > 0


def copy_cells(family: Family, shape: Shape, reads: int) -> MemoryCells:
    """The cells of a copy with so many read ports: the cheapest of all ways, the first one of several."""
    ways = [*blocks_of(family, shape, reads)]
    if not shape.is_constant:
        ways = [*tables_of(family, shape, reads), *ways]
    if not shape.is_block:
        ways.append(logic_of(family, shape, reads))
    return min(ways, key=lambda way: way[0])[1]


Way = tuple[float, MemoryCells]
"""Its cost for Yosys, its cells."""


def blocks_of(family: Family, shape: Shape, reads: int) -> Iterator[Way]:
    """Grids of block RAMs; one that nothing writes may have a second read port."""
    for cell in family.blocks:
        copies = ceil(reads / cell.reads) if shape.is_constant else reads
        rows = ceil(shape.words / cell.words)
        blocks = copies * grid_of(cell, shape, rows)
        ports = reads if shape.is_constant else reads * family.block_ports + family.block_writes
        cost = blocks * cell.cost + PORT_COST * ports + row_cost(shape, reads, rows)
        yield cost, row_cells(family, shape, reads, rows, MemoryCells(0, 0, blocks * cell.bram36))


def grid_of(cell: MemoryCell, shape: Shape, rows: int) -> int:
    """The block RAMs of rows of words: the bits of all rows of a constant lie side by side, without gaps.

    Elements that are written one by one begin at bytes of nine bits, or have their own.
    """
    if shape.is_constant:
        return ceil(rows * shape.bits / cell.bits)
    if shape.lanes == 1 or cell.bits < BYTE:
        return rows * shape.lanes * ceil(shape.element / cell.bits)
    return rows * ceil(shape.lanes * ceil(shape.element / BYTE) / (cell.bits // BYTE))


BYTE = 9


def tables_of(family: Family, shape: Shape, reads: int) -> Iterator[Way]:
    """Memories of look-up tables; each element has cells of its own. What is read is held in registers."""
    for cell in family.lutrams:
        copies, rows = ceil(reads / cell.reads), ceil(shape.words / cell.words)
        number = copies * rows * shape.lanes * ceil(shape.element / cell.bits)
        cost = number * cell.cost + copies * rows * shape.bits * cell.bit_cost
        cost += PORT_COST * reads + row_cost(shape, reads, rows)
        taken = MemoryCells(number * cell.luts, reads * shape.bits, 0)
        yield cost, row_cells(family, shape, reads, rows, taken)


def row_cost(shape: Shape, reads: int, rows: int) -> float:
    """The cost of what chooses between rows of cells."""
    writes = 0 if shape.is_constant or rows == 1 else shape.lanes * rows
    return MUX_COST * reads * (rows - 1) * shape.bits + DECODER_COST * writes


def row_cells(family: Family, shape: Shape, reads: int, rows: int, cells: MemoryCells) -> MemoryCells:
    """Cells, and look-up tables that choose between rows of them."""
    if rows == 1:
        return cells
    writes = 0 if shape.is_constant else shape.lanes * rows
    return cells + MemoryCells(reads * shape.bits * ceil((rows - 1) / (family.table_inputs // 2)) + writes)


def logic_of(family: Family, shape: Shape, reads: int) -> Way:
    """A constant as tables of its addresses; registers with a multiplexer at each read port otherwise."""
    size = shape.words * shape.bits
    if shape.is_constant:
        tables = shape.bits * max(1.0, shape.words / (1 << family.table_inputs))
        return size * family.constant_cost, MemoryCells(tables * reads, shape.bits * reads, 0)
    choosing = reads * shape.bits * ceil((shape.words - 1) / (family.table_inputs // 2))
    return float(size), MemoryCells(choosing + shape.lanes * shape.words, size + reads * shape.bits, 0)
