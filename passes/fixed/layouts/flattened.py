"""Transposes before a reshape: [N, C, H, W] flattened for a dense layer, channels split, dimensions of size 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import InsertPoint

from ....dialects.access import Linear, linear_map
from ....dialects.dense import from_numpy, to_numpy
from ....dialects.fixed import ConstantOp, ReshapeOp
from ....dialects.fixed.forms import ContractOp, MapOp
from ....dialects.fixed.structured import shaped_type
from ....dialects.fixed.types import PER_TENSOR, QType
from .reshaped import merged_groups
from .transposes import (
    Permutation,
    inverse,
    is_identity,
    node_of,
    permutation_of,
    permuted_type,
    settled_permutation,
    transpose,
)


class MergeReshapes(RewritePattern):
    """reshape(reshape(x)) -> reshape(x);  reshape(x) to its own type -> x;  reshape without uses -> nothing"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        if not op.result.uses:
            rewriter.erase(op)
        elif op.result.type == op.source.type:
            rewriter.replace(op, [], [op.source])
        elif isinstance(first := op.source.owner, ReshapeOp):
            rewriter.replace(op, ReshapeOp(first.source, op.result.type, node_of(op)))


class ReshapeThroughTranspose(RewritePattern):
    """reshape(T(p, x)) -> reshape(x), where only dimensions of size 1 move"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        permutation, first = permutation_of(op.source.owner), op.source.owner
        if permutation is None or not isinstance(first, MapOp):
            return
        source = shaped_type(first.ins[0])
        moved = [axis for axis in permutation if source.get_shape()[axis] > 1]
        if moved == sorted(moved) and source.element_type == op.result.type.element_type:
            rewriter.replace(op, ReshapeOp(first.ins[0], op.result.type, node_of(op)))


class SinkThroughReshape(RewritePattern):
    """reshape(T(p, x)) -> T(q, reshape(T(r, x))): r moves dimensions that the reshape takes together, q those groups"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        permutation, first = settled_permutation(op.source), op.source.owner
        if permutation is None or not isinstance(first, MapOp) or shaped_type(first.ins[0]) == op.result.type:
            return
        source, result = shaped_type(first.ins[0]), op.result.type
        if source.element_type != result.element_type:
            return
        shape, sizes = source.get_shape(), result.get_shape()
        groups = merged_groups(shaped_type(op.source).get_shape(), sizes)
        groups.sort(key=lambda group: leading([permutation[d] for d in group[0]], shape))
        within = [permutation[d] for dims, _ in groups for d in dims]
        order = [d for _, merged in groups for d in merged]
        if not moves(order, sizes):
            return
        value = first.ins[0]
        if not is_identity(tuple(within)):
            value = rewriter.insert(transpose(value, within, node_of(first)), InsertPoint.before(op)).results[0]
        together = ReshapeOp(value, permuted_type(result, order), node_of(op))
        rewriter.insert(together, InsertPoint.before(op))
        rewriter.replace(op, transpose(together.result, inverse(order)))
        rewriter.notify_op_modified(first)


def leading(dims: Sequence[int], shape: Sequence[int]) -> int:
    """The outermost of some dimensions whose size is not 1, or of all where there is none."""
    return min([d for d in dims if shape[d] > 1] or dims)


def moves(permutation: Sequence[int], sizes: Sequence[int]) -> bool:
    """True when a permutation of dimensions of these sizes moves any that is not 1."""
    moved = [d for d in permutation if sizes[d] > 1]
    return moved != sorted(moved)


class FoldIntoFlattenedWeights(RewritePattern):
    """contract(reshape(T(p, x)), w) -> contract(reshape(x), w in x's order), where the reshape merges all that moved

    Where others than contractions read the reshape, its order is needed anyhow.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ContractOp, rewriter: PatternRewriter) -> None:
        reshape, constant = op.ins[0].owner, op.ins[1].owner
        if not isinstance(reshape, ReshapeOp) or not isinstance(constant, ConstantOp):
            return
        permutation, first = permutation_of(reshape.source.owner), reshape.source.owner
        if permutation is None or not isinstance(first, MapOp):
            return
        if not all(isinstance(use.operation, ContractOp) and use.index == 0 for use in reshape.result.uses):
            return
        weights = reordered_weights(op, to_numpy(constant.value), reshape, permutation)
        if weights is None or shaped_type(first.ins[0]).element_type != reshape.result.type.element_type:
            return
        flat = rewriter.insert(ReshapeOp(first.ins[0], reshape.result.type), InsertPoint.before(op))
        node = None if constant.node is None else constant.node.data
        value = from_numpy(weights, constant.value.get_element_type())
        folded = rewriter.insert(ConstantOp(value, shaped_type(constant.result), node), InsertPoint.before(op))
        op.operands[0], op.operands[1] = flat.result, folded.result
        for changed in (op, reshape, constant):
            rewriter.notify_op_modified(changed)


def reordered_weights(
    op: ContractOp, weights: NDArray[Any], reshape: ReshapeOp, permutation: Permutation
) -> NDArray[Any] | None:
    """The weights for an input that is flattened without being transposed; None where the reshape does more."""
    shape = shaped_type(reshape.source).get_shape()
    size_of = dict(zip(permutation, shape, strict=True))
    groups = merged_groups(shape, reshape.result.type.get_shape())
    axes = [[permutation[d] for d in dims if shape[d] > 1] for dims, _ in groups]
    stored = [axis for group in axes for axis in sorted(group)]
    if stored != sorted(stored):
        return None
    for moved, (_, merged) in zip(axes, groups, strict=True):
        if moved == sorted(moved):
            continue
        axis = weight_axis(op, [d for d in merged if reshape.result.type.get_shape()[d] > 1])
        if axis is None:
            return None
        before, after = weights.shape[:axis], weights.shape[axis + 1 :]
        parts = weights.reshape(*before, *(size_of[a] for a in moved), *after)
        order = [axis + int(i) for i in np.argsort(moved)]
        rest = range(axis + len(moved), parts.ndim)
        weights = parts.transpose(*range(axis), *order, *rest).reshape(*before, -1, *after)
    return weights


def weight_axis(op: ContractOp, merged: Sequence[int]) -> int | None:
    """The axis of the weights that a reduction walks along with dimension `merged` of the input, both end to end."""
    if len(merged) != 1:
        return None
    x_index = linear_map(op.in_maps[0])[merged[0]]
    used = [d for d, c in enumerate(x_index.coefficients) if c]
    if len(used) != 1 or used[0] < len(op.domain.parallel.data):
        return None
    if not walks(op, 0, merged[0], used[0]):
        return None
    readers = [axis for axis, r in enumerate(linear_map(op.in_maps[1])) if r.coefficients[used[0]]]
    if len(readers) != 1 or not walks(op, 1, readers[0], used[0]):
        return None
    element = shaped_type(op.ins[1]).element_type
    along_scales = isinstance(element, QType) and element.axis.data != PER_TENSOR and element.axis.data == readers[0]
    return None if along_scales else readers[0]


def walks(op: ContractOp, operand: int, axis: int, dim: int) -> bool:
    """True when index `axis` of an input is dimension `dim` alone, over its whole size, and no other index uses it."""
    results = linear_map(op.in_maps[operand])
    alone = Linear(tuple(int(d == dim) for d in range(len(op.sizes))), 0)
    whole = shaped_type(op.ins[operand]).get_shape()[axis] == op.sizes[dim]
    return whole and results[axis] == alone and sum(r.coefficients[dim] != 0 for r in results) == 1
