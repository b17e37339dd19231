"""fixed-fuse-maps: an elementwise map moves into the body of the form that computes its input.

The value between them then never reaches memory: an activation is a few scalar operations at the end of a convolution
(vertical fusion, for the case where every element has one producer and one consumer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, ModuleOp
from xdsl.ir import Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.access import linear_map
from ...dialects.fixed import ConstantOp, ReshapeOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.scalar import YieldOp
from ...dialects.fixed.structured import StructuredForm, segments, shaped_type
from ..rewriting import rewrite_forms
from .bodies.merge import mergeable, merged, simplified
from .bodies.simplify import SIMPLIFICATIONS


class ReadUnreshaped(RewritePattern):
    """map(reshape(x)) -> map(x), where there is one element: whatever its shape, it is at index 0"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        for index, value in enumerate(op.ins):
            reshape = value.owner
            if isinstance(reshape, ReshapeOp) and prod(shaped_type(value).get_shape()) == 1 and not op.held_dims:
                maps, rank = list(op.maps.data), len(shaped_type(reshape.source).get_shape())
                maps[index] = AffineMapAttr(AffineMap(len(op.sizes), 0, (AffineExpr.constant(0),) * rank))
                op.operands[index] = reshape.source
                op.properties["maps"] = ArrayAttr(maps)
                rewriter.notify_op_modified(op)
                if not reshape.result.uses.get_length():
                    rewriter.erase(reshape)


class FuseIntoProducer(RewritePattern):
    """map(form(x)) -> form'(x), whose body goes on with the map's, where nothing else uses the form"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        moving = [index for index, value in enumerate(op.ins) if not isinstance(value.owner, ConstantOp)]
        if len(moving) != 1 or op.result is None or op.held_dims:
            return
        value = op.ins[moving[0]]
        producer = value.owner
        if not isinstance(producer, StructuredForm) or producer.result is None or not value.has_one_use():
            return
        if producer.parent is not op.parent:
            return  # it would run in each round
        if prod(producer.trips[: len(producer.domain.parallel.data)]) != prod(shaped_type(value).get_shape()):
            return
        shape = shaped_type(value).get_shape()
        point = reading_point(op.sizes, shape, op.in_maps[moving[0]], producer.out_map)
        if point is None:
            return
        result = rewriter.insert(fused(producer, op, moving[0], point))
        rewriter.replace(op, [], [result.results[0]])
        rewriter.erase(producer)


class MergeMaps(RewritePattern):
    """map(map(x), y) -> map'(x, y), where nothing else uses the inner one (bodies/merge.py)"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        found = mergeable(op) if op.result is not None else None
        if found is None:
            return
        producer, moving = found
        value = op.ins[moving[0]]
        access = op.in_maps[moving[0]]
        point = reading_point(op.sizes, shaped_type(value).get_shape(), access, producer.out_map)
        if point is None:
            return
        dims = len(producer.sizes)
        accesses = [m.data.replace_dims_and_symbols(point, (), dims, 0) for m in op.maps]
        rewriter.replace(op, merged(producer, op, moving, accesses))
        rewriter.erase(producer)


def reading_point(
    sizes: Sequence[int], shape: Sequence[int], access: AffineMap, out_map: AffineMap
) -> list[AffineExpr] | None:
    """The point of a map's domain that reads the element which a producer writes through `out_map`.

    One expression over the producer's dimensions per dimension of the map, whose sizes are given; None unless the map
    reads every element of the value, of this shape, exactly once.
    """
    found: dict[int, AffineExpr] = {}
    for result, size, written in zip(linear_map(access), shape, out_map.results, strict=True):
        used = [d for d, c in enumerate(result.coefficients) if c and sizes[d] > 1]
        if result.offset or len(used) > 1 or (size > 1) != bool(used):
            return None
        for d in used:
            if d in found or result.coefficients[d] != 1 or sizes[d] != size:
                return None
            found[d] = written
    if any(size > 1 and d not in found for d, size in enumerate(sizes)):
        return None
    return [found.get(d, AffineExpr.constant(0)) for d in range(len(sizes))]


def fused(producer: StructuredForm, op: MapOp, moving: int, point: Sequence[AffineExpr]) -> StructuredForm:
    """The producer with the map's operands, the map's result and one body after the other."""
    assert op.result is not None
    dims = len(producer.sizes)
    others = [i for i in range(len(op.ins) + len(op.params)) if i != moving]
    maps = [m.data.replace_dims_and_symbols(point, (), dims, 0) for m in op.maps]
    params = [*producer.params, *(op.operands[i] for i in others)]
    tables = [*producer.tables, *op.tables]
    accesses = [*(m.data for m in producer.maps.data[:-1]), *(maps[i] for i in others), maps[-1]]
    return type(producer).create(
        operands=[*producer.ins, *params, *tables, *producer.indices],
        result_types=[op.result.type],
        properties={
            **producer.properties,
            "maps": ArrayAttr(AffineMapAttr(simplified(m)) for m in accesses),
            "operandSegmentSizes": segments(len(producer.ins), len(params), len(tables), 0, len(producer.indices)),
        },
        attributes={**producer.attributes, **op.attributes},
        regions=[fused_body(producer, op, moving)],
    )


def fused_body(producer: StructuredForm, op: MapOp, moving: int) -> Region:
    """The producer's body, whose value becomes argument `moving` of the map's body; arguments as in the form."""
    region, consumer = producer.body.clone(), op.body.clone().block
    block = region.block
    values: list[SSAValue] = []
    last = block.last_op
    assert isinstance(last, YieldOp)
    for index, argument in enumerate(consumer.args):
        if index == moving:
            values.append(last.values[0])
        elif index < len(op.ins) + len(op.params):
            values.append(block.insert_arg(argument.type, len(block.args) - len(producer.tables)))
        else:
            values.append(block.insert_arg(argument.type, len(block.args)))
    Rewriter.inline_block(consumer, InsertPoint.before(last), values)
    Rewriter.erase_op(last)
    return region


@dataclass(frozen=True)
class FuseMapsPass(ModulePass):
    """Fuse elementwise maps into the forms before them, and simplify the bodies.

    With `merge` maps of several inputs become one as well, where that keeps no value longer.
    """

    name = "fixed-fuse-maps"
    merge: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite_forms(op, (ReadUnreshaped,))
        rewrite_forms(op, (FuseIntoProducer,))
        if self.merge:
            rewrite_forms(op, (MergeMaps,))
            rewrite_forms(op, (FuseIntoProducer,))
        patterns: list[RewritePattern] = [pattern() for pattern in SIMPLIFICATIONS]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)
