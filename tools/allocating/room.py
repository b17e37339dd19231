"""Whether block RAM holds whole buffers, before anything is lowered: what the plan alone says."""

from __future__ import annotations

from math import prod

from xdsl.dialects import func

from ...dialects.fixed import ConstantOp
from ...dialects.fixed.structured import scalar_type, shaped_type
from ...dialects.memplan import BufferOp
from ...lowering.loops_to_rtl.banks import TABLE_BITS
from ...targets.device import Fpga
from ...targets.estimating.memories import Shape, shape_cells
from ...targets.family import Family

SHARE = 0.75
"""Of block RAM, with one element in each word: wider words, which lanes read, leave more of it empty."""


def needs_rings(function: func.FuncOp, fpga: Fpga, family: Family) -> bool:
    """Whether whole buffers and constants would leave too little for lanes."""
    return stored_blocks(function, family) > SHARE * fpga.bram36


def stored_blocks(function: func.FuncOp, family: Family) -> float:
    """Block RAMs of 36 Kbit of all buffers and constants, an element in each word."""
    total = 0.0
    for op in function.walk():
        if isinstance(op, BufferOp | ConstantOp):
            kind = shaped_type(op.results[0])
            elements, bits = prod(kind.get_shape()), scalar_type(kind.element_type).width.data
            is_constant = isinstance(op, ConstantOp)
            total += shape_cells(family, Shape(elements, 1, bits, is_constant, elements * bits > TABLE_BITS), 1).bram36
    return total
