"""`onnx-fuse-exponentials`: softmax, its logarithm and sums of exponentials that are written out become one op each.

    log(sum exp(x))             ->  ReduceLogSumExp(x)
    exp(x) / sum exp(x)         ->  Softmax(x)
    log(Softmax(x))             ->  LogSoftmax(x)
    Softmax(x - max x)          ->  Softmax(x), and LogSoftmax

What stands between them has no range that integers hold: exponentials of numbers of 20 differ by nine digits.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.reductions import ReductionOp
from .folding.constants import erase_unused, insert_before

Exp, Log = onnx.FUNCTIONS["Exp"], onnx.FUNCTIONS["Log"]


@dataclass(frozen=True)
class FuseExponentialsPass(ModulePass):
    """Make one op of a softmax, or of the logarithm of a sum of exponentials, that is written out."""

    name = "onnx-fuse-exponentials"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in [o for o in op.walk() if isinstance(o, onnx.OnnxOp)]:
            new = fused(inner)
            if new is not None:
                insert_before(inner, new)
                inner.results[0].replace_all_uses_with(new.results[0])
                Rewriter.erase_op(inner)
        erase_unused(op)


def fused(op: onnx.OnnxOp) -> onnx.OnnxOp | None:
    """What an op computes together with those before it, as one op; operands come first."""
    node = None if op.node is None else op.node.data
    if isinstance(op, Log):
        source = op.x.owner
        if isinstance(source, onnx.SoftmaxOp):
            return shifted(onnx.LogSoftmaxOp(source.x, source.axis_index, source.result.type, node))
        if isinstance(source, onnx.ReduceSumOp) and isinstance(source.x.owner, Exp):
            return onnx.ReduceLogSumExpOp(source.x.owner.x, source.reduced, source.result.type, node)
    if isinstance(op, onnx.DivOp) and isinstance(op.lhs.owner, Exp) and isinstance(op.rhs.owner, onnx.ReduceSumOp):
        exponential, total = op.lhs.owner, op.rhs.owner
        if total.x is op.lhs and len(total.reduced) == 1 and shape_of(total.result) == total.kept_shape:
            return shifted(onnx.SoftmaxOp(exponential.x, total.reduced[0], op.result.type, node))
    return None


def shifted(op: onnx.SoftmaxOp | onnx.LogSoftmaxOp) -> onnx.OnnxOp:
    """Without the maximum that is subtracted first: the op subtracts it again."""
    difference = op.x.owner
    if isinstance(difference, onnx.SubOp) and is_maximum(difference.rhs, difference.lhs, op.axis_index):
        op.operands[0] = difference.lhs
    return op


def is_maximum(value: SSAValue, x: SSAValue, axis: int) -> bool:
    """Whether a value is the maximum of x along an axis, kept as 1."""
    reduction = value.owner
    if not isinstance(reduction, onnx.ReduceMaxOp) or reduction.x is not x:
        return False
    return is_kept_along(reduction, axis)


def is_kept_along(reduction: ReductionOp, axis: int) -> bool:
    """Whether a reduction runs along one axis and keeps it as 1."""
    same = reduction.reduced == (axis % len(shape_of(reduction.x)),)
    return same and shape_of(reduction.result) == reduction.kept_shape
