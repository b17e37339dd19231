"""`fixed-assume-ranges`: a nominal range for every real value, for when only sizes are asked.

Sizes, orders and operation counts do not depend on ranges, so a model can be analyzed without calibration data. The
integers that come out mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.passes import ModulePass

from .calibrate import is_real, pair, the_function


@dataclass(frozen=True)
class AssumeRangesPass(ModulePass):
    """Annotate every f32 value that has no range with [-magnitude, magnitude]."""

    name = "fixed-assume-ranges"
    magnitude: float = 1.0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        function = the_function(op)
        nominal = pair((-self.magnitude, self.magnitude))
        for inner in function.walk():
            if is_real(inner):
                inner.attributes.setdefault("fixed.range", nominal)
        arguments = function.body.block.args
        function.attributes.setdefault("fixed.input_ranges", ArrayAttr([nominal for _ in arguments]))
