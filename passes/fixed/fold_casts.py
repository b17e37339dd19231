"""fixed-fold-casts: forms read and write integers, whatever these stand for, so that no cast need stand between them.

A cast is a reshape that keeps the shape: the same integers under another scale and zero point. It moves up into the
form that computes its operand; what cannot moves down, past what only rearranges, until forms read its operand instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from ...dialects.fixed import ReshapeOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ..rewriting import rewrite_forms
from .layouts.transposes import permutation_of, transpose


def cast_of(value: SSAValue) -> ReshapeOp | None:
    """The cast that makes a value, if one does."""
    owner = value.owner
    return owner if isinstance(owner, ReshapeOp) and owner.is_pure_cast else None


def cast(source: SSAValue, like: SSAValue) -> ReshapeOp:
    """A value under the scale and zero point of another."""
    return ReshapeOp(source, TensorType(shaped_type(like).element_type, shaped_type(source).get_shape()))


class WriteInstead(RewritePattern):
    """cast(form(x)) -> form(x) with the cast's type, where nothing else uses the form"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        form = op.source.owner
        if not op.is_pure_cast or not isinstance(form, StructuredForm) or form.result is None:
            return
        if op.source.has_one_use() and permutation_of(form) is None:
            result = rewriter.replace_value_with_new_type(form.result, op.result.type)
            rewriter.replace(op, [], [result])


class RiseThroughTranspose(RewritePattern):
    """cast(T(p, x)) -> T(p, cast(x)), where nothing else uses the transpose"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        moved = op.source.owner
        permutation = permutation_of(moved)
        if op.is_pure_cast and permutation is not None and isinstance(moved, MapOp) and op.source.has_one_use():
            changed = rewriter.insert(cast(moved.ins[0], op.result), InsertPoint.before(op))
            rewriter.replace(op, transpose(changed.result, permutation, moved.node.data if moved.node else None))
            rewriter.erase(moved)


class RiseThroughReshape(RewritePattern):
    """cast(reshape(x)) -> reshape(cast(x)), where nothing else uses the reshape"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        first = op.source.owner
        if op.is_pure_cast and isinstance(first, ReshapeOp) and not first.is_cast and op.source.has_one_use():
            changed = rewriter.insert(cast(first.source, op.result), InsertPoint.before(op))
            rewriter.replace(op, ReshapeOp(changed.result, op.result.type, first.node.data if first.node else None))
            rewriter.erase(first)


class ReadInstead(RewritePattern):
    """form(cast(x)) -> form(x)"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, StructuredForm) or permutation_of(op) is not None:
            return
        for index, operand in enumerate(op.operands[: len(op.operands) - len(op.indices)]):
            if (before := cast_of(operand)) is not None:
                op.operands[index] = before.source
                rewriter.notify_op_modified(op)
                rewriter.notify_op_modified(before)


class SinkThroughTranspose(RewritePattern):
    """T(p, cast(x)) -> cast(T(p, x))"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        permutation = permutation_of(op)
        if permutation is None or op.result is None or (before := cast_of(op.ins[0])) is None:
            return
        node = None if op.node is None else op.node.data
        moved = rewriter.insert(transpose(before.source, permutation, node), InsertPoint.before(op))
        rewriter.replace(op, cast(moved.results[0], op.result))
        rewriter.notify_op_modified(before)


class SinkThroughReshape(RewritePattern):
    """reshape(cast(x)) -> cast(reshape(x))"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        before = cast_of(op.source)
        if before is None or op.is_cast:
            return
        type = TensorType(shaped_type(before.source).element_type, op.result.type.get_shape())
        moved = rewriter.insert(
            ReshapeOp(before.source, type, op.node.data if op.node else None), InsertPoint.before(op)
        )
        rewriter.replace(op, cast(moved.result, op.result))
        rewriter.notify_op_modified(before)


class EraseUnused(RewritePattern):
    """A cast without uses -> nothing"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        if op.is_pure_cast and not op.result.uses:
            rewriter.erase(op)


STEPS = (
    (EraseUnused, ReadInstead, RiseThroughTranspose, RiseThroughReshape, WriteInstead),
    (EraseUnused, ReadInstead, SinkThroughTranspose, SinkThroughReshape),
)
"""Each step runs until nothing changes: what can rise is gone before the rest sinks."""


@dataclass(frozen=True)
class FoldCastsPass(ModulePass):
    """Let forms read and write through changes of scale and zero point that change no integer."""

    name = "fixed-fold-casts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for step in STEPS:
            rewrite_forms(op, step)
