"""`fixed-fold-takes`: forms read what a map takes at computed indices where it lies.

    form(take(x, i))  ->  form(x) at i

A map that only moves elements chosen by an index needs no buffer: its readers hold a dimension of their own at the
index, through their access map. A matrix that a path chooses is then read in flash, and nothing else of its constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from ...dialects.access import from_linear, linear_map
from ...dialects.fixed import ReshapeOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.scalar import YieldOp
from ...dialects.fixed.structured import StructuredForm, segments, shaped_type
from ...dialects.fixed.types import DomainAttr, IntsAttr
from ..rewriting import rewrite_forms


class ReadAtIndex(RewritePattern):
    """form(take(x, i)) -> form(x) at i"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, StructuredForm) or op.result is None:
            return
        for number, value in enumerate((*op.ins, *op.params)):
            take = take_of(value)
            if take is not None and not (number < len(op.ins) and op.is_padded(number)):
                new = read_at_index(op, number, take)
                if new is not None:
                    rewriter.replace(op, new)
                    rewriter.notify_op_modified(take)
                    return


class TakeInShape(RewritePattern):
    """reshape(take(x, i)) -> take(x, i) in that shape, where only dimensions of size 1 come or go"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ReshapeOp, rewriter: PatternRewriter) -> None:
        take = take_of(op.source)
        before, after = shaped_type(op.source).get_shape(), op.result.type.get_shape()
        if take is None or op.is_cast or [n for n in before if n > 1] != [n for n in after if n > 1]:
            return
        counted = (e for e, n in zip(take.out_map.results, before, strict=True) if n > 1)
        results = tuple(next(counted) if n > 1 else AffineExpr.constant(0) for n in after)
        maps = attribute([take.in_maps[0], AffineMap(len(take.sizes), 0, results)])
        rewriter.replace(op, retyped(take, maps, op.result.type))
        rewriter.notify_op_modified(take)


def retyped(form: MapOp, maps: ArrayAttr[AffineMapAttr], type: Attribute) -> MapOp:
    """A copy of a form with other access maps and a result of another type."""
    properties, region = {**form.properties, "maps": maps}, form.body.clone()
    operands = list(form.operands)
    return MapOp.create(operands=operands, result_types=[type], properties=properties, regions=[region])


class EraseUnused(RewritePattern):
    """A take without uses -> nothing"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, MapOp) and op.result is not None and take_of(op.result) is op and not op.result.uses:
            rewriter.erase(op)


def take_of(value: SSAValue) -> MapOp | None:
    """The map that makes a value by moving elements which indices choose; None where something else makes it."""
    op = value.owner
    if not isinstance(op, MapOp) or not op.held_dims or len(op.ins) != 1 or op.params or op.result is None:
        return None
    moves = isinstance(op.body.block.first_op, YieldOp)
    same = shaped_type(op.ins[0]).element_type == shaped_type(op.result).element_type
    return op if moves and same and written_dims(op) is not None else None


def written_dims(op: MapOp) -> list[int | None] | None:
    """The dimension of a map that each index of its result is, None for 0; None where an index is another function."""
    dims: list[int | None] = []
    for result in linear_map(op.out_map):
        used = [d for d, c in enumerate(result.coefficients) if c]
        if len(used) > 1 or result.offset or any(result.coefficients[d] != 1 for d in used):
            return None
        dims.append(used[0] if used else None)
    counted = [d for d in dims if d is not None]
    missing = set(range(len(op.sizes))) - set(counted) - set(op.held_dims)
    return dims if len(set(counted)) == len(counted) and all(op.sizes[d] == 1 for d in missing) else None


def read_at_index(form: StructuredForm, number: int, take: MapOp) -> StructuredForm | None:
    """The form with operand `number` read at the indices of a take; None where a param would follow the reduction."""
    parallel, reduction = list(form.domain.parallel.data), list(form.domain.reduction.data)
    access = form.maps.data[number].data
    held_sizes = [take.sizes[dim] for dim in take.held_dims]
    inside = [d for d in range(len(parallel), len(form.sizes)) if any(r.coefficients[d] for r in linear_map(access))]
    written = written_dims(take)
    assert written is not None
    indices = [result for m in take.held_maps for result in linear_map(m)]
    chosen = [a for a, d in enumerate(written) if d is not None and any(r.coefficients[d] for r in indices)]
    late = any(linear_map(access)[axis].coefficients[d] for axis in chosen for d in inside)
    at = len(form.sizes) if late else len(parallel)
    if late and number >= len(form.ins):
        return None
    total = len(form.sizes) + len(held_sizes)
    names = [AffineExpr.dimension(d if d < at else d + len(held_sizes)) for d in range(len(form.sizes))]

    def moved(old: AffineMap) -> AffineMap:
        return simplified(old.replace_dims_and_symbols(names, (), total, 0))

    reads = moved(access).results
    point: list[AffineExpr] = [AffineExpr.constant(0)] * len(take.sizes)
    for axis, dim in enumerate(written):
        if dim is not None:
            point[dim] = reads[axis]
    new_dims = [at + k for k in range(len(held_sizes))]
    for dim, new in zip(take.held_dims, new_dims, strict=True):
        point[dim] = AffineExpr.dimension(new)

    def through(old: AffineMap) -> AffineMap:
        return simplified(old.replace_dims_and_symbols(point, (), total, 0))

    maps = [moved(m.data) for m in form.maps]
    maps[number] = through(take.in_maps[0])
    if late:
        reduction = [*reduction, *held_sizes]
    else:
        parallel = [*parallel, *held_sizes]
    shifted = [d if d < at else d + len(held_sizes) for d in form.held_dims]
    index_maps = [*map(moved, form.held_maps), *map(through, take.held_maps)]
    operands = list(form.operands)
    operands[number] = take.ins[0]
    properties = {
        **form.properties,
        "domain": DomainAttr(parallel, reduction),
        "maps": attribute(maps),
        "held": IntsAttr((*shifted, *new_dims)),
        "index_maps": attribute(index_maps),
        "operandSegmentSizes": segments(len(form.ins), len(form.params), len(form.tables), 0, len(index_maps)),
    }
    assert form.result is not None
    return type(form).create(
        operands=[*operands, *take.indices],
        result_types=[form.result.type],
        properties=properties,
        attributes=form.attributes,
        regions=[form.detach_region(form.body)],
    )


def simplified(access: AffineMap) -> AffineMap:
    """The same map in the one form that coefficients and offset print as."""
    return from_linear(linear_map(access), access.num_dims)


def attribute(maps: Sequence[AffineMap]) -> ArrayAttr[AffineMapAttr]:
    """Access maps as an attribute."""
    return ArrayAttr(AffineMapAttr(access) for access in maps)


@dataclass(frozen=True)
class FoldTakesPass(ModulePass):
    """Let forms read at computed indices what maps would take from there first."""

    name = "fixed-fold-takes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rewrite_forms(op, (TakeInShape, ReadAtIndex, EraseUnused))
