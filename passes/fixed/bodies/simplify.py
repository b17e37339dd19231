"""Algebra on the scalar ops of a body: clamps and extensions that follow each other become one."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ....dialects.fixed.normalize import ExponentOp, MantissaOp
from ....dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp
from ....dialects.fixed.types import storage_limits


def value_range(value: SSAValue) -> tuple[int, int]:
    """Bounds of a scalar: those of the clamp that made it, or of its type."""
    match value.owner:
        case SaturateOp():
            return value.owner.bounds
        case ExtendOp():
            return value_range(value.owner.value)
        case _:
            assert isinstance(value.type, IntegerType)
            return storage_limits(value.type)


class MergeSaturates(RewritePattern):
    """clamp(clamp(x, a, b), c, d) -> clamp(x, clamp(a, c, d), clamp(b, c, d))"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SaturateOp, rewriter: PatternRewriter) -> None:
        first = op.value.owner
        if not isinstance(first, SaturateOp):
            return
        low, high = op.bounds
        inner_low, inner_high = (min(max(bound, low), high) for bound in first.bounds)
        rewriter.replace(op, SaturateOp(first.value, inner_low, inner_high, op.result.type))
        rewriter.notify_op_modified(first)


class SaturateUnextended(RewritePattern):
    """clamp(extend(x), a, b) -> clamp(x, a, b)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SaturateOp, rewriter: PatternRewriter) -> None:
        first = op.value.owner
        if isinstance(first, ExtendOp):
            rewriter.replace(op, SaturateOp(first.value, *op.bounds, op.result.type))
            rewriter.notify_op_modified(first)


class DropSaturate(RewritePattern):
    """clamp(x, a, b) -> x, or extend(x), where a <= x <= b and every x has a place in the result type"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SaturateOp, rewriter: PatternRewriter) -> None:
        (low, high), (least, greatest) = op.bounds, value_range(op.value)
        if low > least or greatest > high:
            return
        if op.value.type == op.result.type:
            rewriter.replace(op, [], [op.value])
        elif fits(op.value.type, op.result.type):
            rewriter.replace(op, ExtendOp(op.value, op.result.type))


def fits(narrow: object, wide: IntegerType) -> bool:
    """True when every value of the first integer type is one of the second."""
    assert isinstance(narrow, IntegerType)
    (low, high), (least, greatest) = storage_limits(narrow), storage_limits(wide)
    return least <= low and high <= greatest


class MergeExtends(RewritePattern):
    """extend(extend(x)) -> extend(x);  extend(x) to its own type -> x"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ExtendOp, rewriter: PatternRewriter) -> None:
        if op.value.type == op.result.type:
            rewriter.replace(op, [], [op.value])
        elif isinstance(first := op.value.owner, ExtendOp):
            rewriter.replace(op, ExtendOp(first.value, op.result.type))
            rewriter.notify_op_modified(first)


UNUSED = (SaturateOp, ExtendOp, RescaleOp, LookupOp, ExponentOp, MantissaOp)
"""Scalar ops that mean nothing where nothing uses them."""


class EraseUnused(RewritePattern):
    """A scalar op without uses -> nothing"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, UNUSED) and not op.results[0].uses:
            rewriter.erase(op)


SIMPLIFICATIONS = (EraseUnused, MergeSaturates, SaturateUnextended, DropSaturate, MergeExtends)
