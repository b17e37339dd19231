"""`fixed-search-types`: a width and a scale for each value, by a search on calibration data.

Leaves the attributes of `dialects/fixed/settings.py` on the ops, where `fixed-assign-types` finds them, and on the
function, as `fixed.search`, what was compared. It needs the meaning of two levels and the lowering between them, which
is why it is one of the tools and not in `passes/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...passes.fixed.assign_types import Assignment
from ...passes.fixed.calibrate import argument_types, the_function
from ...targets.board import load_board
from ...targets.costs import cost_model
from ...targets.dataset import load_dataset
from ..compiler import LOSS
from .costs import Limits
from .effort import affordable
from .found import Found, Goal
from .outcome import lines
from .search import STRATEGIES, Measure, search

OBJECTIVES = ("outputs", "labels")


@dataclass(frozen=True)
class SearchTypesPass(ModulePass):
    """Search for the width and the scale of every value and weight on a calibrated module.

    `strategy` is exact, shiftry or sensitivity (tools/searching/strategies.py). With limits, in bytes, or cycles per
    inference, on `weights` (biases included), `flash`, `ram`, `cycles`, the error of the outputs is least; with `loss`,
    in percent, flash, RAM and cycles are, while at most so many rows more are wrong than in float. `objective` labels
    counts wrong rows before errors. `bits`, `scheme`, `accumulator_bits`, `spare_flash` are those of
    fixed-assign-types, `rows` is the most rows that are looked at (0: as many as are affordable). Prices are those of
    the `board`'s core.
    """

    name = "fixed-search-types"
    data: str
    strategy: str = "exact"
    board: str = "host"
    weights: int = 0
    flash: int = 0
    ram: int = 0
    cycles: int = 0
    loss: int | float | None = None
    objective: str = "outputs"
    bits: int = 8
    scheme: str = "affine"
    accumulator_bits: int = 32
    spare_flash: bool = False
    rows: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.run(op)

    def run(self, op: ModuleOp, measure: Measure | None = None) -> Found:
        """Search; `measure` says what a program takes of flash and RAM. Raises UserError."""
        if self.strategy not in STRATEGIES or self.objective not in OBJECTIVES:
            known = f"strategy is one of {', '.join(STRATEGIES)} and objective one of {', '.join(OBJECTIVES)}"
            raise UserError(f"{self.name}: {known}, got {self.strategy}, {self.objective}")
        function, board = the_function(op), load_board(self.board)
        dataset = load_dataset(self.data, argument_types(function))
        if self.objective == "labels" and dataset.labels is None:
            raise UserError(f"{self.data}: no labels `y`, which --errors labels counts")
        dataset = dataset.head(self.rows or affordable(function))
        assignment = Assignment(function, self.bits, self.scheme == "pow2", self.accumulator_bits, self.spare_flash)
        found = search(
            op,
            dataset,
            assignment,
            self.goal(),
            self.strategy,
            cost_model(board),
            by_labels=self.objective == "labels",
            product_bits=board.product_bits,
            measure=measure,
        )
        function.attributes["fixed.search"] = ArrayAttr([StringAttr(line) for line in lines(found)])
        return found

    def goal(self) -> Goal:
        """The limits that are given; where none are, what may be lost."""
        given = (limit or None for limit in (self.weights, self.flash, self.ram, self.cycles))
        limits = Limits(*given)
        return Goal(limits, self.loss if self.loss is not None or limits != Limits() else LOSS)
