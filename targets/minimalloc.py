"""`-t minimalloc`: the lives of buffers as an instance of MiniMalloc, with their offsets where they are placed.

`id,lower,upper,size[,offset]`: a buffer, or a row of one, of `size` bytes is alive at times lower <= t < upper. Any
plan can be written: one for other allocators to place, or one that is placed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.utils.target import Target

from ..dialects.dense import to_numpy
from ..dialects.errors import UserError
from ..dialects.memplan import TIMES, BufferOp
from ..dialects.memplan.liveness import Liveness, is_planned


@dataclass(frozen=True)
class MinimallocTarget(Target):
    """Print the buffers of the one function of a module in memplan form."""

    name = "minimalloc"

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        output.write(print_minimalloc(module))


def print_minimalloc(module: ModuleOp) -> str:
    """The text of the file. Raises UserError where the module has not one planned function, or a part is not placed."""
    functions = [op for op in module.ops if isinstance(op, FuncOp) and is_planned(op)]
    if len(functions) != 1:
        raise UserError(
            f"the module has {len(functions)} functions in memplan form, one is needed: run convert-fixed-to-memplan"
        )
    liveness = Liveness(functions[0])
    lives = [life for life in liveness.scratch if life.is_used]
    placed = [life for life in lives if not isinstance(life.root.owner, BufferOp)]
    if placed and len(placed) < len(lives):
        raise UserError("some buffers are placed and some are not: run memplan-place on all of them")
    times = times_of(functions[0], len(liveness.steps))
    lines = ["id,lower,upper,size" + (",offset" if placed else "")]
    for life in lives:
        fields: list[object] = [life.name, times[life.first], times[life.last] + 1, life.size]
        lines.append(",".join(map(str, [*fields, life.place[1]] if placed else fields)))
    return "\n".join(lines) + "\n"


def times_of(function: FuncOp, steps: int) -> list[int]:
    """The time of each step: its number, where the function does not name others."""
    times = function.attributes.get(TIMES)
    return to_numpy(times).tolist() if isinstance(times, DenseIntOrFPElementsAttr) else np.arange(steps).tolist()
