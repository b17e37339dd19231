"""Changing the order in which forms read and write the dimensions of their operands; access maps absorb any order."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.pattern_rewriter import PatternRewriter
from xdsl.rewriter import InsertPoint

from ....dialects.access import Linear, linear_map
from ....dialects.fixed.forms import MapOp
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.types import DomainAttr
from .transposes import Permutation, dimension_order, inverse, permutation_of, permuted_type, transpose


def is_elementwise(form: StructuredForm, access: AffineMap) -> bool:
    """True when every output element reads, through `access`, the element at its own place."""
    return effective(access, form.sizes) == effective(form.out_map, form.sizes)


def effective(access: AffineMap, sizes: Sequence[int]) -> list[Linear]:
    """The results of a map without the dimensions of size 1, which are always 0."""
    results = linear_map(access)
    return [Linear(tuple(c * (s > 1) for c, s in zip(r.coefficients, sizes, strict=True)), r.offset) for r in results]


def set_maps(form: StructuredForm, maps: Sequence[AffineMap]) -> None:
    """Give a form new access maps, in the order of the property."""
    form.maps = ArrayAttr(AffineMapAttr(m) for m in maps)


def permuted_map(access: AffineMap, permutation: Permutation) -> AffineMap:
    """The access to the same tensor transposed: index i of the new map is index `permutation[i]` of the old."""
    return AffineMap(access.num_dims, access.num_symbols, tuple(access.results[axis] for axis in permutation))


def read_through(form: StructuredForm, index: int, rewriter: PatternRewriter) -> None:
    """Let operand `index` (of ins, then params), a transpose, be read directly from the transpose's source."""
    producer = form.operands[index].owner
    permutation = permutation_of(producer)
    assert permutation is not None and isinstance(producer, MapOp)
    maps = [m.data for m in form.maps]
    maps[index] = permuted_map(maps[index], inverse(permutation))
    set_maps(form, maps)
    form.operands[index] = producer.ins[0]
    rewriter.notify_op_modified(form)


def store_transposed(form: StructuredForm, permutation: Permutation, rewriter: PatternRewriter) -> SSAValue:
    """Let a form write its result transposed. Users see the new type: the caller mends them."""
    assert form.result is not None
    *others, out_map = (m.data for m in form.maps)
    set_maps(form, [*others, permuted_map(out_map, permutation)])
    return rewriter.replace_value_with_new_type(form.result, permuted_type(form.result.type, permutation))


def move_before(form: MapOp, permutation: Permutation, rewriter: PatternRewriter) -> SSAValue:
    """Rewrite `transpose(form(x, y, ..))` to `form(transpose(x), transpose(y), ..)` and return the transposed result.

    Operands that are broadcast keep their layout. The domain follows the new order of the output, whose access map must
    name every dimension once. Users of the result see the new type: the caller mends them.
    """
    maps = [m.data for m in form.maps]
    order = dimension_order(form.out_map)
    assert order is not None
    for index, access in enumerate(maps[:-1]):
        if is_elementwise(form, access):
            moved = rewriter.insert(transpose(form.operands[index], permutation), InsertPoint.before(form))
            form.operands[index] = moved.results[0]
            maps[index] = permuted_map(access, permutation)
    result = store_transposed(form, permutation, rewriter)
    maps[-1] = form.out_map
    reorder_domain(form, maps, [order[axis] for axis in permutation])
    return result


def reorder_domain(form: MapOp, maps: Sequence[AffineMap], order: Sequence[int]) -> None:
    """Make dimension `order[i]` of a map's domain its dimension i."""
    names = [AffineExpr.dimension(list(order).index(d)) for d in range(len(order))]
    set_maps(form, [m.replace_dims_and_symbols(names, (), len(order), 0) for m in maps])
    form.domain = DomainAttr([form.sizes[d] for d in order])
