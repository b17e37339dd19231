"""Forms that hold dimensions at run-time indices, evaluated as plain forms on the elements that the indices choose.

Each operand that is read at a held dimension becomes the elements (B, ...) that it gives to the points of the domain;
the form that is left has no such dimension.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, MemRefType, TensorType
from xdsl.ir import Block, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from ...dialects.access import linear_map
from ...dialects.fixed.structured import StructuredForm, segments, shaped_type
from ...dialects.fixed.types import DomainAttr
from .values import IntegerOverflow
from .views import Array, accessed, used_sizes


def resolved(
    form: StructuredForm, operands: Sequence[Array], indices: Sequence[Array]
) -> tuple[StructuredForm, list[Array]]:
    """A form without held dimensions, and its ins and params, for some `indices` (B, *shape).

    Raises IntegerOverflow, naming the node, where an index leaves its dimension.
    """
    chosen = {
        dim: chosen_indices(form, dim, array.reshape((-1, *shaped_type(value).get_shape())), access)
        for dim, value, array, access in zip(form.held_dims, form.indices, indices, form.held_maps, strict=True)
    }
    arrays, maps, shapes = list[Array](), list[AffineMap](), list[tuple[int, ...]]()
    for array, access in zip(operands, (*form.in_maps, *form.param_maps), strict=True):
        if form.is_held(access):
            array = elements(form, array, access, chosen)
            ends = enumerate(array.shape[1:])
            indices_of = (AffineExpr.dimension(d) if size > 1 else AffineExpr.constant(0) for d, size in ends)
            access = AffineMap(len(form.sizes), 0, tuple(indices_of))
        arrays.append(array)
        maps.append(access)
        shapes.append(array.shape[1:])
    return without_indices(form, [*maps, form.out_map], shapes), arrays


def chosen_indices(form: StructuredForm, dim: int, array: Array, access: AffineMap) -> Array:
    """The values of a held dimension: (B, *trips), 1 long where they do not vary."""
    values = accessed(array, access, used_sizes(access, form.trips)).astype(np.int64)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= form.sizes[dim]:
        node = form.name if form.node is None else form.node.data
        wrong, size = low if low < 0 else high, form.sizes[dim]
        raise IntegerOverflow(f"node `{node}`: {form.name}: the index {wrong} leaves a dimension of {size}")
    return values


def elements(form: StructuredForm, array: Array, access: AffineMap, chosen: dict[int, Array]) -> Array:
    """The elements (B, ...) of an operand at the points of the domain, 1 long along dimensions that do not matter."""
    rank, results = len(form.sizes), linear_map(access)
    places: list[Array] = [batch_of(array, rank)]
    for result in results:
        index = np.full((1,) * (rank + 1), result.offset, np.int64)
        for dim, coefficient in enumerate(result.coefficients):
            if coefficient:
                index = index + coefficient * (chosen[dim] if dim in chosen else running(dim, form.sizes[dim], rank))
        places.append(index)
    return array[tuple(np.broadcast_arrays(*places))]


def batch_of(array: Array, rank: int) -> Array:
    """The samples of an operand; the one there is, if all share it."""
    return np.arange(len(array)).reshape(-1, *(1,) * rank)


def running(dim: int, size: int, rank: int) -> Array:
    """The values of a dimension that is iterated."""
    return np.arange(size).reshape([-1 if axis == dim + 1 else 1 for axis in range(rank + 1)])


def without_indices(
    form: StructuredForm, maps: Sequence[AffineMap], shapes: Sequence[tuple[int, ...]]
) -> StructuredForm:
    """The form on operands of other shapes, its held dimensions 1 long."""
    values = (*form.ins, *form.params)
    types = [of_shape(value, shape) for value, shape in zip(values, shapes, strict=True)]
    out = [] if form.outs is None else [form.outs.type]
    block = Block(arg_types=[*types, *(table.type for table in form.tables), *out])
    split, trips = len(form.domain.parallel.data), form.trips
    properties = {name: value for name, value in form.properties.items() if name not in ("held", "index_maps")}
    properties |= {
        "operandSegmentSizes": segments(len(form.ins), len(form.params), len(form.tables), len(out)),
        "domain": DomainAttr(trips[:split], trips[split:]),
        "maps": ArrayAttr(AffineMapAttr(access) for access in maps),
    }
    results = [] if form.result is None else [form.result.type]
    regions = [form.body.clone()]
    return type(form).create(operands=block.args, result_types=results, properties=properties, regions=regions)


def of_shape(value: SSAValue, shape: Sequence[int]) -> TensorType | MemRefType:
    """The type of a value under another shape."""
    old = shaped_type(value)
    return type(old)(old.element_type, shape)
