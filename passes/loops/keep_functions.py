"""`loops-keep-functions`: a step that is called once stays a function where a compiler would move it into its caller.

A core with few registers keeps the pointers and counters of a nest in them only while no others are alive: avr-gcc 5.4
saves 3 to 14 percent of the cycles of models on a Uno, and stack. What is called in a loop is left to the compiler,
since a call costs some 100 cycles there, as is what has no nest, such as a copy of a few words.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.passes import ModulePass

from ...dialects.mcu import KEEP, BlockOp
from ...dialects.mcu.vectors import CopyBlockOp
from .indices.affine import loops_around


@dataclass(frozen=True)
class KeepFunctionsPass(ModulePass):
    """Mark private functions with a nest that are called, and never in a loop, with `mcu.keep`."""

    name = "loops-keep-functions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        calls = [inner for inner in op.walk() if isinstance(inner, CallOp)]
        in_loops = {call.callee.string_value() for call in calls if loops_around(call)}
        outside = {call.callee.string_value() for call in calls} - in_loops
        for function in op.ops:
            if isinstance(function, FuncOp) and function.sym_name.data in outside:
                is_private = function.sym_visibility is not None and function.sym_visibility.data == "private"
                if is_private and has_nest(function):
                    function.attributes[KEEP] = UnitAttr()


def has_nest(function: FuncOp) -> bool:
    """Whether a function has loops, or blocks, which keep sums in registers as loops do."""
    return any(
        isinstance(op, scf.ForOp) or (isinstance(op, BlockOp) and not isinstance(op, CopyBlockOp))
        for op in function.walk()
    )
