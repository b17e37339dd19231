"""`onnx-fold-constants`: constants move through ops that only rearrange them; what nothing uses goes."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.onnx_base import shape_of
from ...dialects.onnx_shapes import SameElementsOp
from .constants import constant_value, erase_unused, insert_constant


@dataclass(frozen=True)
class FoldConstantsPass(ModulePass):
    """Fold Reshape, Flatten, Squeeze, Identity and Transpose of constants; drop Identity and dead ops."""

    name = "onnx-fold-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            fold(inner)
        erase_unused(op)


def fold(op: Operation) -> None:
    """Replace the result of one op where it is known, or is its operand."""
    if isinstance(op, onnx.IdentityOp):
        op.result.replace_all_uses_with(op.x)
        return
    if not isinstance(op, SameElementsOp | onnx.TransposeOp):
        return
    array = constant_value(op.x)
    if array is None:
        return
    if isinstance(op, onnx.TransposeOp):
        folded = array.transpose(op.permutation)
    else:
        folded = array.reshape(shape_of(op.result))
    op.result.replace_all_uses_with(insert_constant(op, folded, op.x))
