"""Transposes that move through what keeps the dimensions of its operands: padding, moves, concatenations, slices."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineExpr
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from ....dialects.access import linear_map
from ....dialects.fixed import ConcatOp, ConstantOp, SliceOp
from ....dialects.fixed.forms import MapOp, ReduceOp
from ....dialects.fixed.scalar import YieldOp
from ....dialects.fixed.structured import shaped_type
from ....dialects.fixed.types import DomainAttr
from .relayout import permuted_map, read_through, reorder_domain, set_maps, store_transposed
from .transposes import (
    Permutation,
    inverse,
    node_of,
    permutation_of,
    permuted_type,
    settled_permutation,
    transpose,
)


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
    if op.held_dims or any(size != 1 for size in op.domain.reduction.data):
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


class SinkThroughConcat(RewritePattern):
    """concat(T(p, x), T(p, y), ..) -> T(p, concat(x, y, ..)), where every part is T(p, ..) or constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConcatOp, rewriter: PatternRewriter) -> None:
        moving = [part for part in op.parts if not isinstance(part.owner, ConstantOp)]
        wanted = {settled_permutation(part) for part in moving}
        permutation = wanted.pop() if len(wanted) == 1 else None
        if permutation is None:
            return
        sources: list[SSAValue] = []
        for part in op.parts:
            if isinstance(part.owner, MapOp):
                sources.append(part.owner.ins[0])
            else:
                sources.append(rewriter.insert(transpose(part, inverse(permutation))).results[0])
        joined = rewriter.insert(ConcatOp(sources, permutation[op.axis_index], node_of(op)))
        rewriter.replace(op, transpose(joined.result, permutation))
        for part in moving:
            notify(part, rewriter)


class SinkThroughSlice(RewritePattern):
    """slice(T(p, x)) -> T(p, slice(x))"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SliceOp, rewriter: PatternRewriter) -> None:
        permutation = settled_permutation(op.source)
        if permutation is None or not isinstance(op.source.owner, MapOp):
            return
        back, source, shape = inverse(permutation), op.source, shaped_type(op.result).get_shape()
        cut = rewriter.insert(
            SliceOp(
                op.source.owner.ins[0],
                [op.offsets.data[axis] for axis in back],
                [shape[axis] for axis in back],
                node_of(op),
            )
        )
        rewriter.replace(op, transpose(cut.result, permutation))
        notify(source, rewriter)


class SinkThroughMove(RewritePattern):
    """move(T(p, x)) -> T(p, move(x)), where each index of the result goes along the same one of x"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        if op.result is None or not is_move(op):
            return
        permutation = settled_permutation(op.ins[0])
        if permutation is None:
            return
        source, back = op.ins[0], inverse(permutation)
        read_through(op, 0, rewriter)
        result = store_transposed(op, back, rewriter)
        reorder_domain(op, [m.data for m in op.maps], written_order(op))
        restored = rewriter.insert(transpose(result, permutation), InsertPoint.after(op))
        rewriter.replace_uses_with_if(result, restored.results[0], lambda use: use.operation is not restored)
        notify(source, rewriter)


def is_move(op: MapOp) -> bool:
    """True for a map that takes elements from elsewhere and is no transpose: each dimension of its domain in one index.

    That index has the same number in what is read and what is written.
    """
    reads, writes = linear_map(op.in_maps[0]), linear_map(op.out_map)
    if (
        len(op.ins) != 1
        or op.params
        or op.tables
        or op.held_dims
        or len(reads) != len(writes)
        or permutation_of(op) is not None
    ):
        return False
    if not isinstance(op.body.block.first_op, YieldOp):
        return False
    owners = [[i for i, w in enumerate(writes) if w.coefficients[d]] for d in range(len(op.sizes))]
    return all(
        all(owners[d] == [i] for d, c in enumerate(read.coefficients) if c and op.sizes[d] > 1)
        for i, read in enumerate(reads)
    )


def written_order(op: MapOp) -> list[int]:
    """The dimensions of a domain in the order in which they count through the result."""
    writes = linear_map(op.out_map)

    def place(dim: int) -> tuple[int, int]:
        index = next((i for i, w in enumerate(writes) if w.coefficients[dim]), len(writes))
        return index, -abs(writes[index].coefficients[dim]) if index < len(writes) else 0

    return sorted(range(len(op.sizes)), key=place)


def notify(value: SSAValue, rewriter: PatternRewriter) -> None:
    """Have the op looked at again that computes a value: perhaps nothing uses it now."""
    if isinstance(value.owner, Operation):
        rewriter.notify_op_modified(value.owner)
