"""Tiles: how each form visits its points on a core, before memory is planned for it."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.memplan.liveness import is_planned
from ...targets.costs import CostModel
from .schedule import is_placed
from .tiling.tiler import Tiler

WIDTHS = {"auto": (16, 8), "16": (16,), "8": (8,)}
"""Bits of packed weights, by the pass's option."""


@dataclass(frozen=True)
class TilePass(ModulePass):
    """Give contractions a tile, with the scratch memory that its kernel needs, where the core has the operations.

    `operations` are those of the core (dialects/machine.py), with commas between, `costs` is its cost model as
    targets/costs.py reads it. Weights are packed in the order of
    use, as 16 bits, or 8 that a kernel unpacks, as `packed` says, `auto` for the fewer cycles. With `flash`, in
    bytes, the choices for all forms are those with the fewest cycles that it has room for: a knapsack. A form
    that no kernel fits keeps its points one by one. Functions that are placed already are left alone. Raises UserError
    for other values of `packed` and `costs`.
    """

    name = "memplan-tile"
    operations: str = ""
    flash: int = 0
    packed: str = "auto"
    costs: str = "cortex-m4f"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        tiler = make_tiler(self.name, self.operations, self.costs, self.packed, self.flash)
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                tiler.tile(function)


def make_tiler(name: str, operations: str, costs: str, packed: str, flash: int) -> Tiler:
    """The tiler of a pass's options. Raises UserError."""
    if packed not in WIDTHS:
        raise UserError(f"{name}: packed is one of {', '.join(WIDTHS)}, not `{packed}`")
    return Tiler(frozenset(operations.split(",")), CostModel.parse(costs), WIDTHS[packed], flash)
