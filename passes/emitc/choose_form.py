"""In which standard a program is spelled, and whether it is one file."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, UnitAttr
from xdsl.passes import ModulePass

from ...dialects.emitc.types import SINGLE_FILE, STANDARD, STANDARDS
from ...dialects.errors import UserError


@dataclass(frozen=True)
class ChooseFormPass(ModulePass):
    """Say on the module how it is spelled: `standard` c99, c11 or c++11, in a `single-file` with its header."""

    name = "emitc-choose-form"
    standard: str = "c99"
    single_file: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.standard not in STANDARDS:
            raise UserError(f"emitc-choose-form: standard is one of {', '.join(STANDARDS)}, not {self.standard}")
        op.attributes[STANDARD] = StringAttr(self.standard)
        if self.single_file:
            op.attributes[SINGLE_FILE] = UnitAttr()
