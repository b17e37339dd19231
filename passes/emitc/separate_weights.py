"""Constants in a file of their own: a reader sees the code, and a build compiles megabytes of numbers once."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass

from ...dialects.emitc import GlobalOp
from ...dialects.emitc.types import FILE, FLASH


@dataclass(frozen=True)
class SeparateWeightsPass(ModulePass):
    """Give constants in flash to the file `weights` (NAME_weights.c); they are then no longer static."""

    name = "emitc-separate-weights"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for array in op.ops:
            if isinstance(array, GlobalOp) and array.const_specifier is not None and FLASH in array.attributes:
                array.static_specifier = None
                array.attributes[FILE] = StringAttr("weights")
