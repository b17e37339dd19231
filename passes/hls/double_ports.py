"""`hls-double-ports`: a caller writes the next inputs and reads the last outputs while hardware runs."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.passes import ModulePass

from ...dialects.dataflow import DOUBLE_PORTS
from .interface import is_public


class DoublePortsPass(ModulePass):
    """Say of public functions that the memories of their ports are double: one for them and one for the caller.

    From one inference to the next it then takes as long as the longest of an inference, its inputs and its outputs, not
    as long as all of them.
    """

    name = "hls-double-ports"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and not function.is_declaration and is_public(function):
                function.attributes[DOUBLE_PORTS] = UnitAttr()
