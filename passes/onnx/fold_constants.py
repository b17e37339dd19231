"""`onnx-fold-constants`: what is computed from constants alone is computed now; what nothing uses goes.

A quantized weight stays quantized: what moves it moves its integers.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.dense import stored_elements
from ...dialects.errors import UserError
from ...dialects.onnx.budget import DEFAULT_ELEMENTS, Budget, TooLarge, Unlimited
from .folding.constants import erase_unused, insert_before, outermost
from .folding.folder import Folder


@dataclass(frozen=True)
class FoldConstantsPass(ModulePass):
    """Compute what depends on constants only; move quantized weights; drop Identity and dead ops.

    `max_elements` is the most elements of one value; what all constants and their computation take follows from it.
    """

    name = "onnx-fold-constants"
    max_elements: int = DEFAULT_ELEMENTS

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        ops = list(op.walk())
        budget = Budget(self.max_elements)
        budget.store(sum(stored_elements(inner.value) for inner in ops if isinstance(inner, onnx.ConstantOp)))
        folder = Folder(budget)
        for inner in ops:
            if isinstance(inner, onnx.OnnxOp):
                self.fold(folder, inner)
        erase_unused(op)

    def fold(self, folder: Folder, op: onnx.OnnxOp) -> None:
        """Replace an op by its value where that is known. Raises UserError where this would take too much memory."""
        try:
            if isinstance(op, onnx.ConstantOp):
                folder.budget.take_equal(op)
            value = (
                op.x
                if isinstance(op, onnx.IdentityOp)
                else folder.fold(op, lambda new: insert_before(outermost(op), new))
            )
        except TooLarge as error:
            raise UserError(f"{op.name} '{op.label}': {error}; raise max-elements") from None
        except Unlimited as error:
            raise UserError(f"{op.name} '{op.label}': {error}") from None
        if value is not None:
            op.results[0].replace_all_uses_with(value)
