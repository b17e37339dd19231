"""`fixed-prove-no-overflow`: no value of a body or accumulator leaves its type, whatever the input.

Intervals with the actual constants (`intervals/`) prove it. Where they do not, inputs are tried that may show why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from .intervals.analysis import Analysis, Finding, is_tensor_function
from .intervals.witness import Witness, find_witness

PROVEN = "fixed.no_overflow"
"""The attribute of a function in which no value can leave its type."""

SHOWN = 16
"""How many numbers of an input a message shows."""


@dataclass(frozen=True)
class ProveNoOverflowPass(ModulePass):
    """Prove that nothing overflows, and mark the function with `fixed.no_overflow`.

    Raises UserError with every op that may leave its type, and an input that breaks one where one was found; with
    `witness=FILE.npz` that input is written there, an array of stored integers per input, (1, *stored shape).
    """

    name = "fixed-prove-no-overflow"
    witness: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_tensor_function(function):
                findings = Analysis(function).findings
                if findings:
                    raise UserError(*self.reasons(op, findings))
                function.attributes[PROVEN] = UnitAttr()

    def reasons(self, module: ModuleOp, findings: list[Finding]) -> list[str]:
        """A line for each op that may overflow, and one on the input that does it."""
        found, tried = find_witness(module, findings)
        lines = [f"{finding}: give the type more bits" for finding in findings]
        if found is None:
            return [*lines, f"neither proven nor broken: none of {tried} inputs tried overflows"]
        if self.witness:
            np.savez(self.witness, allow_pickle=False, **found.input)
        return [*lines, f"an input that overflows: {shown(found)}{' in ' + self.witness if self.witness else ''}"]


def shown(witness: Witness) -> str:
    """The first numbers of each input, and what happens."""
    parts: list[str] = []
    for label, array in witness.input.items():
        numbers = ", ".join(map(str, array.reshape(-1)[:SHOWN].tolist()))
        parts.append(f"{label!r} = [{numbers}{', ...' if array.size > SHOWN else ''}]")
    return f"{'; '.join(parts)} ({witness.message})"
