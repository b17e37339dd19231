"""fixed-fold-shuffles: a channel shuffle (reshape, transpose, reshape) costs nothing where a layer may store shuffled.

Linear access maps absorb it: a layer of g groups of c channels writes channel o of group k to o * g + k. What other
layers read does not change, and rows stay rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from ...dialects.fixed import ConcatOp, ReshapeOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ..rewriting import rewrite_forms
from .layouts.reshaped import Nest, merged_groups, set_nest
from .layouts.transposes import Permutation, node_of, permutation_of, permuted_type, transpose


@dataclass(frozen=True)
class Shuffle:
    """A transpose behind a reshape of `source`, which nothing else reads; `last` is the reshape behind it, or it.

    Such a reshape is all that reads the transpose, and keeps type and rows.
    """

    source: SSAValue
    first: ReshapeOp
    permutation: Permutation
    last: MapOp | ReshapeOp

    @staticmethod
    def ending(op: MapOp) -> Shuffle | None:
        """The shuffle whose transpose this is, if it is one."""
        permutation = permutation_of(op)
        first = op.ins[0].owner if permutation is not None else None
        if permutation is None or not isinstance(first, ReshapeOp) or op.result is None:
            return None
        if not (first.result.has_one_use() and first.source.has_one_use() and keeps_type(first)):
            return None
        users = [use.operation for use in op.result.uses]
        merges = [user for user in users if isinstance(user, ReshapeOp) and keeps_type(user) and keeps_rows(user)]
        return Shuffle(first.source, first, permutation, merges[0] if len(users) == len(merges) == 1 else op)

    @property
    def split(self) -> TensorType[Attribute]:
        """The type between the first reshape and the transpose."""
        return self.first.result.type

    @property
    def type(self) -> TensorType[Attribute]:
        """The type of the result."""
        type = self.last.results[0].type
        assert isinstance(type, TensorType)
        return type


def keeps_type(op: ReshapeOp) -> bool:
    """True when the elements keep their type: a cast does not."""
    return shaped_type(op.source).element_type == op.result.type.element_type


def keeps_rows(op: ReshapeOp) -> bool:
    """True when the outermost dimension that is not 1 keeps its size, or counts blocks of as many rows each."""
    before, after = (
        next((size for size in shape.get_shape() if size > 1), 1) for shape in (shaped_type(op.source), op.result.type)
    )
    return before == after or (after % before == 0 and after < prod(op.result.type.get_shape()))


class StoreShuffled(RewritePattern):
    """reshape(T(p, reshape(form(x)))) -> form(x), which writes each element where the shuffle takes it"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        shuffle = Shuffle.ending(op)
        form = None if shuffle is None else shuffle.source.owner
        if shuffle is None or not isinstance(form, StructuredForm) or form.result is None or form.held_dims:
            return
        split = Nest.of(form).reshaped(shaped_type(form.result).get_shape(), shuffle.split.get_shape())
        if split is None:
            return
        moved = split.with_output(tuple(split.maps[-1][d] for d in shuffle.permutation))
        between = permuted_type(shuffle.split, shuffle.permutation)
        stored = moved.reshaped(between.get_shape(), shuffle.type.get_shape())
        if stored is None:
            return
        set_nest(form, stored)
        rewriter.replace(shuffle.last, [], [rewriter.replace_value_with_new_type(form.result, shuffle.type)])
        if shuffle.last is not op:
            rewriter.erase(op)
        rewriter.erase(shuffle.first)
        rewriter.notify_op_modified(form)


class ShuffleParts(RewritePattern):
    """T(p, reshape(concat(x, y, ..))) -> concat(T(p, reshape(x)), T(p, reshape(y)), ..), where no block is cut"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        shuffle = Shuffle.ending(op)
        concat = None if shuffle is None else shuffle.source.owner
        if shuffle is None or not isinstance(concat, ConcatOp):
            return
        axis, shape = concat.axis_index, shuffle.split.get_shape()
        groups = merged_groups(shaped_type(concat.result).get_shape(), shape)
        merged = next((result for dims, result in groups if dims == [axis]), [])
        block = prod(shape[d] for d in merged[1:])
        sizes = [shaped_type(part).get_shape()[axis] for part in concat.parts]
        if not merged or any(size % block for size in sizes):
            return
        parts: list[SSAValue] = []
        for part, size in zip(concat.parts, sizes, strict=True):
            type = TensorType(shuffle.split.element_type, replaced(shape, merged[0], size // block))
            view = rewriter.insert(ReshapeOp(part, type), InsertPoint.before(concat))
            moved = rewriter.insert(transpose(view.result, shuffle.permutation), InsertPoint.before(concat))
            parts.append(moved.results[0])
        joined = rewriter.insert(
            ConcatOp(parts, shuffle.permutation.index(merged[0]), node_of(concat)), InsertPoint.before(concat)
        )
        rewriter.replace(op, [], [joined.result])
        rewriter.erase(shuffle.first)
        rewriter.erase(concat)


def replaced(shape: Sequence[int], dim: int, size: int) -> list[int]:
    """A shape with another size of one dimension."""
    return [size if d == dim else old for d, old in enumerate(shape)]


@dataclass(frozen=True)
class FoldShufflesPass(ModulePass):
    """Let layers store their output in the order that a reshape and a transpose behind them give it."""

    name = "fixed-fold-shuffles"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite_forms(op, (StoreShuffled, ShuffleParts))
