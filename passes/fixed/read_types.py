"""`fixed-read-types`: widths and scales of single values, from a file.

Leaves the attributes of `dialects/fixed/settings.py` on the ops that make the values, where `fixed-assign-types` finds
them; what a value had before is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ...dialects.fixed.settings import put
from .calibrate import the_function
from .scales.named_values import named_values
from .scales.types_file import read_settings


@dataclass(frozen=True)
class ReadTypesPass(ModulePass):
    """Set widths and scales of single values as a TOML file says (see passes/fixed/scales/types_file.py)."""

    name = "fixed-read-types"
    file: str

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        named = named_values(the_function(op))
        for key, setting in read_settings(Path(self.file), named).items():
            for value in named[key]:
                put(value, setting)
