"""What a memory takes: block RAMs or look-up tables, as Yosys chooses between them (memory_libmap)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ...dialects import rtl
from ..family import Family


@dataclass(frozen=True)
class MemoryCells:
    """Look-up tables, and block RAMs of 36 Kbit."""

    luts: float = 0
    bram36: float = 0


FLIP_FLOPS = 1
"""Words of a memory that is registers."""

TABLE_WORDS = 64
"""Words of a constant of which a look-up table of six inputs holds a bit."""


@dataclass(frozen=True)
class Shape:
    """Words of so many elements of so many bits; a constant of few bits is tables unless it is a block RAM."""

    words: int
    lanes: int
    element: int
    is_constant: bool = False
    is_block: bool = False


def shape_of(memory: rtl.MemoryOp) -> Shape:
    """The shape of a memory."""
    words, lanes, element = memory.words.value.data, memory.lanes.value.data, memory.element.width.data
    return Shape(words, lanes, element, memory.init is not None, memory.block is not None)


def shape_cells(family: Family, shape: Shape, reads: int) -> MemoryCells:
    """The cells of a memory that is read at so many places at once: each has a copy of its own."""
    words, bits = shape.words, shape.lanes * shape.element
    if shape.is_constant:
        if not shape.is_block:
            return MemoryCells(bits * max(1.0, words / TABLE_WORDS) * reads)
        return MemoryCells(0, block_rams(family, words, bits) * ceil(reads / 2))
    if words <= FLIP_FLOPS:
        return MemoryCells()
    cells = reads * lutram_cells(family, words, shape.lanes, shape.element)
    blocks = reads * block_rams(family, words, bits)
    if cells * family.lutram_cost <= blocks * family.block_cost:
        return MemoryCells(cells * family.lutram_luts)
    return MemoryCells(0, blocks)


def block_rams(family: Family, words: int, bits: int) -> float:
    """Block RAMs of 36 Kbit for words of so many bits: the cheapest grid of blocks of one shape."""
    return min(ceil(words / depth) * ceil(bits / width) * price for depth, width, price in family.blocks)


def lutram_cells(family: Family, words: int, lanes: int, bits: int) -> int:
    """Cells of look-up tables for a memory whose elements are written one by one."""
    return lanes * min(ceil(words / depth) * ceil(bits / width) for depth, width in family.lutrams)
