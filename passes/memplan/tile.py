"""Tiles: how each form visits its points on a core, before memory is planned for it."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefType, ModuleOp, i32
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.fixed.forms import ContractOp, segments
from ...dialects.fixed.tile import Kernel, TileAttr
from ...dialects.machine import dual_multiply_add, unpack_bytes
from ...dialects.memplan import BufferOp
from ...dialects.memplan.liveness import is_planned
from .schedule import is_placed
from .tiling.columns import Columns
from .tiling.lanes import Lanes
from .tiling.planes import Planes


@dataclass(frozen=True)
class TilePass(ModulePass):
    """Give contractions a tile, with the scratch memory that its kernel needs, where the core has the operations.

    `operations` are those of the core (dialects/machine.py), with commas between. A form that no kernel fits keeps its
    points one by one. Functions that are placed already are left alone.
    """

    name = "memplan-tile"
    operations: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        given = set(self.operations.split(","))
        if not {dual_multiply_add.__name__, unpack_bytes.__name__} <= given:
            return
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                for form in list(function.body.block.ops):  # those of loops run in rounds
                    if isinstance(form, ContractOp) and form.tile is None:
                        tile(form)


def tile(form: ContractOp) -> None:
    """Give a form the tile of the kernel that fits it, if there is one."""
    columns, lanes, planes = Columns.of(form), Lanes.of(form), Planes.of(form)
    if planes is not None:
        row = planes.lanes.size[1] * planes.lanes.channels
        form.properties["tile"] = TileAttr(row, Kernel.PLANES, planes.outputs)
        add_scratch(form, planes.scratch_words)
    elif lanes is not None:
        form.properties["tile"] = TileAttr(lanes.size[1] * lanes.channels, Kernel.LANES, lanes.pixels)
        add_scratch(form, lanes.scratch_words)
    elif columns is not None:
        pixels = 2 if columns.roles.pixels else 1
        form.properties["tile"] = TileAttr(columns.channels * pixels, Kernel.COLUMNS, pixels)
        add_scratch(form, columns.scratch_words(pixels))


def add_scratch(form: ContractOp, words: int) -> None:
    """Give a form scratch memory of so many words."""
    node = None if form.node is None else f"{form.node.data}_scratch"
    buffer = BufferOp(MemRefType(i32, [words]), node)
    Rewriter.insert_op(buffer, InsertPoint.before(form))
    form.operands = [*form.operands, buffer.result]
    form.properties["operandSegmentSizes"] = segments(len(form.ins), len(form.params), len(form.tables), 1, scratch=1)
