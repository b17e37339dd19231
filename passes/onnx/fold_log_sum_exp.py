"""`onnx-fold-log-sum-exp`: Log of a ReduceSum of Exp is one ReduceLogSumExp.

    log(sum(exp(x)))

Exponentials of a few tens are further apart than any integers hold that are calibrated on all of them; the one op keeps
the difference from the maximum alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from .folding.constants import insert_before

EXP, LOG = onnx.FUNCTIONS["Exp"], onnx.FUNCTIONS["Log"]

Op = TypeVar("Op", bound=Operation)


@dataclass(frozen=True)
class FoldLogSumExpPass(ModulePass):
    """Make ReduceLogSumExp of Exp, ReduceSum and Log."""

    name = "onnx-fold-log-sum-exp"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for log in [o for o in op.walk() if isinstance(o, LOG)]:
            total = made_by(log, onnx.ReduceSumOp)
            exp = None if total is None else made_by(total, EXP)
            if total is not None and exp is not None:
                fold(log, total, exp)


def made_by(user: Operation, kind: type[Op]) -> Op | None:
    """The op of a kind whose one result an op alone reads."""
    owner = user.operands[0].owner
    return owner if isinstance(owner, kind) and owner.results[0].has_one_use() else None


def fold(log: onnx.OnnxOp, total: onnx.ReduceSumOp, exp: Operation) -> None:
    """The one op in place of the three, with the name of the last."""
    result = log.results[0]
    assert isinstance(result.type, TensorType)
    node = None if log.node is None else log.node.data
    whole = insert_before(log, onnx.ReduceLogSumExpOp(exp.operands[0], total.reduced, result.type, node))
    result.replace_all_uses_with(whole)
    for op in (log, total, exp):
        Rewriter.erase_op(op)
