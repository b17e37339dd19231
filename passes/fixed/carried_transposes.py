"""Transposes that move through what stores its operands under the same dimensions: padding."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir.affine import AffineExpr
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from ...dialects.access import linear_map
from ...dialects.fixed_forms import ReduceOp
from ...dialects.fixed_type import DomainAttr
from .relayout import permuted_map, read_through, set_maps
from .transposes import Permutation, inverse, permuted_type, settled_permutation, transpose


class SinkThroughPadding(RewritePattern):
    """pad(T(p, x)) -> T(p, pad(x)), where every dimension of the result goes along one of x"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReduceOp, rewriter: PatternRewriter) -> None:
        if op.result is None or op.params or not is_padding(op):
            return
        permutation = settled_permutation(op.ins[0])
        if permutation is None:
            return
        read_through(op, 0, rewriter)
        back = inverse(permutation)
        reorder_parallel(op, back)
        result = rewriter.replace_value_with_new_type(op.result, permuted_type(op.result.type, back))
        restored = rewriter.insert(transpose(result, permutation), InsertPoint.after(op))
        rewriter.replace_uses_with_if(result, restored.results[0], lambda use: use.operation is not restored)


def is_padding(op: ReduceOp) -> bool:
    """True when each element is that of the input at its own place but for an offset, or padding."""
    if any(size != 1 for size in op.domain.reduction.data):
        return False
    parallel = len(op.domain.parallel.data)
    reads, writes = linear_map(op.in_maps[0]), linear_map(op.out_map)
    return len(reads) == len(writes) == parallel and all(
        read.coefficients[:parallel] == write.coefficients[:parallel] == tuple(int(d == i) for d in range(parallel))
        and not write.offset
        for i, (read, write) in enumerate(zip(reads, writes, strict=True))
    )


def reorder_parallel(op: ReduceOp, order: Permutation | Sequence[int]) -> None:
    """Make parallel dimension `order[i]` the i-th, and index `order[i]` of the result the i-th."""
    parallel = len(order)
    names = [AffineExpr.dimension(list(order).index(d)) for d in range(parallel)]
    names += [AffineExpr.dimension(d) for d in range(parallel, len(op.sizes))]
    maps = [*(m.data for m in op.maps.data[:-1]), permuted_map(op.out_map, tuple(order))]
    set_maps(op, [m.replace_dims_and_symbols(names, (), len(op.sizes), 0) for m in maps])
    op.domain = DomainAttr([op.sizes[d] for d in order], op.domain.reduction.data)
