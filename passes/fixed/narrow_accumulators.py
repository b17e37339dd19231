"""`fixed-narrow-accumulators`: each accumulator in the least width that every partial sum provably fits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, IntegerType, ModuleOp, i64
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.errors import UserError
from ...dialects.fixed.forms import ContractOp, ReduceOp
from ...dialects.fixed.scalar import ExtendOp
from ...dialects.fixed.types import Reduction
from .intervals.analysis import Analysis, is_tensor_function

ACCUMULATORS = "fixed.accumulators"
"""The attribute of a function that counts its accumulators by width: `{i16 = 1, i24 = 5}`."""


@dataclass(frozen=True)
class NarrowAccumulatorsPass(ModulePass):
    """Give sums of products, and sums, an accumulator of 16, 24 or 32 bits where that is proven to hold them.

    The bounds are those of the actual weights, per channel; a form has one accumulator, the widest that a channel
    needs. Every partial sum fits, in whatever order. The body goes on in the width that it had. `least` is the
    narrowest width that is used: 16 or 24 on an 8-bit core, 32 where narrower ones gain nothing. With `exact`, for
    hardware, any number of bits will do.
    """

    name = "fixed-narrow-accumulators"
    least: int = 16
    exact: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.least not in (16, 24, 32):
            raise UserError(f"{self.name}: least is 16, 24 or 32, got {self.least}")
        for function in op.ops:
            if isinstance(function, FuncOp) and is_tensor_function(function):
                self._narrow(function)

    def _narrow(self, function: FuncOp) -> None:
        widths: Counter[str] = Counter()
        for form, ranges in Analysis(function).forms.items():
            if not accumulates(form) or ranges.combined is None:
                continue
            assert isinstance(form, ContractOp | ReduceOp)
            bits = max(self.least, ranges.combined.partial.bits())
            width = next((w for w in (16, 24, 32) if bits <= w), 64)
            if self.exact:
                width = max(2, ranges.combined.partial.bits())
            if width < form.acc.width.data:
                narrow(form, IntegerType(width))
            widths[str(form.acc)] += 1
        numbers = {name: IntegerAttr(count, i64) for name, count in sorted(widths.items())}
        function.attributes[ACCUMULATORS] = DictionaryAttr(numbers)


def accumulates(form: object) -> bool:
    """True for the forms that add up."""
    return isinstance(form, ContractOp) or (isinstance(form, ReduceOp) and form.kind.data is Reduction.SUM)


def narrow(form: ContractOp | ReduceOp, type: IntegerType) -> None:
    """Change the accumulator of a form; its body begins by widening it to what it was."""
    block = form.body.block
    wide, argument = form.acc, block.args[0]
    form.properties["acc"] = type
    new = block.insert_arg(type, 0)
    new.name_hint = argument.name_hint
    extended = ExtendOp(new, wide)
    first = block.first_op
    assert first is not None, "verified: a body yields"
    Rewriter.insert_op(extended, InsertPoint.before(first))
    argument.replace_all_uses_with(extended.result)
    block.erase_arg(argument)
