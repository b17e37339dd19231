"""`-t rtl`: Verilog-2005 of the hardware of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.target import Target

from .verilog.program import print_verilog


@dataclass(frozen=True)
class RtlTarget(Target):
    """Print a module of rtl as Verilog."""

    name = "rtl"

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        output.write(print_verilog(module))
