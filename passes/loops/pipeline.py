"""Ask HLS to overlap the iterations of innermost loops."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.hls import PipelineOp, UnrollOp


@dataclass(frozen=True)
class PipelinePass(ModulePass):
    """Put `hls.pipeline ii N` first into every innermost loop whose trip count is constant.

    Loops that are unrolled count as what they stand in. A loop that has a pipeline already keeps it.
    """

    name = "loops-pipeline"
    ii: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.ii < 1:
            raise UserError(f"loops-pipeline: an initiation interval is at least 1 cycle, got {self.ii}")
        for loop in [o for o in op.walk() if isinstance(o, scf.ForOp)]:
            if is_innermost(loop) and has_constant_bounds(loop) and not has_pipeline(loop):
                block = loop.body.block
                first = block.first_op
                assert first is not None, "verified: a loop's body ends in scf.yield"
                block.insert_op_before(PipelineOp(self.ii), first)


def is_innermost(loop: scf.ForOp) -> bool:
    """True for a loop that is not unrolled, when no other such loop stands inside."""
    return not is_unrolled(loop) and all(is_unrolled(op) for op in loop.body.walk() if isinstance(op, scf.ForOp))


def is_unrolled(loop: scf.ForOp) -> bool:
    """True when all iterations of the loop are computed at once."""
    return any(isinstance(op, UnrollOp) and op.factor is None for op in loop.body.block.ops)


def has_constant_bounds(loop: scf.ForOp) -> bool:
    """True when the trip count is known."""
    return all(isinstance(bound.owner, arith.ConstantOp) for bound in (loop.lb, loop.ub, loop.step))


def has_pipeline(loop: scf.ForOp) -> bool:
    """True when the loop is pipelined already."""
    return any(isinstance(op, PipelineOp) for op in loop.body.block.ops)
