"""`hls-pipeline`: loops that start an iteration as often as their memories allow."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ...dialects.hls import PipelineOp
from ..loops.pipeline import has_constant_bounds, has_pipeline, is_innermost
from .rules.ports import cuts_of, least_interval


@dataclass(frozen=True)
class HlsPipelinePass(ModulePass):
    """Put `hls.pipeline` into innermost loops as `loops-pipeline` does, with the least interval that banks allow.

    A bank has two ports: an iteration that accesses one more often than that takes another cycle for each two.
    """

    name = "hls-pipeline"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        cuts = cuts_of(op)
        for loop in [o for o in op.walk() if isinstance(o, scf.ForOp)]:
            if is_innermost(loop) and has_constant_bounds(loop) and not has_pipeline(loop):
                first = loop.body.block.first_op
                assert first is not None, "verified: a loop's body ends in scf.yield"
                loop.body.block.insert_op_before(PipelineOp(least_interval(loop, cuts)), first)
