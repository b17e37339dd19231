"""Planning passes of one's own beside the compiler's: python examples/own_pass/plans.py [MODEL [BOARD]]

`tinyml_opt.plan` runs any passes that place all buffers, and the independent checker behind them. Here are two
lists: with a pass of this file between those of the compiler, and without the one that lets outputs lie over inputs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

import tinyml_opt
from tinyml_opt.passes.memplan.inplace import InplacePass
from tinyml_opt.passes.memplan.place import PlacePass
from tinyml_opt.passes.memplan.schedule import SchedulePass

DIGITS = "examples/digits/digits_cnn.onnx"


@dataclass(frozen=True)
class CountBuffersPass(ModulePass):
    """Print how many buffers are to be placed, and change nothing."""

    name = "own-count-buffers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        print(sum(step.name == "memplan.buffer" for step in op.walk()), "buffers to place")


def compare(model: str = DIGITS, board: str = "nano33ble") -> tuple[int, int]:
    """The peaks of the arena in bytes: with outputs over inputs, and without."""
    with_overlap = tinyml_opt.plan(model, board, [SchedulePass(), CountBuffersPass(), InplacePass(), PlacePass()])
    without = tinyml_opt.plan(model, board, [SchedulePass(), PlacePass()])
    return with_overlap.peak, without.peak


if __name__ == "__main__":
    over, apart = compare(*sys.argv[1:])
    print(f"{over:,} bytes with outputs over dying inputs, {apart:,} without")
