"""Which rows a form touches, slice by slice: what streaming asks of the access functions.

A row is an index of a memref's outermost dimension that is not 1. A form is sliced along one dimension of its domain: a
parallel one that counts the rows of its destination, or a reduction one that counts the rows of its input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ..access import full_box, linear_map
from ..fixed.forms import ReduceOp
from ..fixed.structured import StructuredForm
from ..fixed.types import Reduction
from . import FLASH, row_count, row_dimension

Spans = NDArray[np.int64]
"""Closed intervals of rows, shape (slices, 2); an interval whose end lies before its start is empty."""

MOST_SLICES = 8192
"""A form of more slices runs in one piece: plans would take minutes, and a row of so many is next to nothing."""


def row_spans(access: AffineMap, sizes: Sequence[int], value: SSAValue, along: int | None) -> Spans:
    """The rows of a memref between the first and the last that each slice touches; padding touches nothing.

    Without a dimension to slice `along` there is one slice, the whole form.
    """
    assert isinstance(value.type, MemRefType)
    dim, slices = row_dimension(value.type), 1 if along is None else sizes[along]
    if dim is None:
        return np.zeros((slices, 2), np.int64)
    index = linear_map(access)[dim]
    box = [(0, 0) if d == along else interval for d, interval in enumerate(full_box(sizes))]
    step = 0 if along is None else index.coefficients[along]
    spans = np.array(index.interval(box), np.int64) + step * np.arange(slices)[:, None]
    return np.stack([np.maximum(spans[:, 0], 0), np.minimum(spans[:, 1], row_count(value) - 1)], axis=1)


def accesses(form: StructuredForm) -> Iterator[tuple[SSAValue, AffineMap]]:
    """The memrefs that a form reads element by element, constants left out, with their access maps."""
    maps = (*form.in_maps, *form.param_maps, *form.held_maps)
    operands = zip((*form.ins, *form.params, *form.indices), maps, strict=True)
    for value, access in operands:
        if isinstance(value.type, MemRefType) and value.type.memory_space != FLASH:
            yield value, access


def slice_dimension(form: StructuredForm) -> int | None:
    """The dimension along which a form can run in slices that do not each read everything; None if there is none.

    Each slice writes one row of the destination, or a block of rows. Where no such dimension helps, a sum, maximum or
    minimum over the rows of its input is sliced along the reduction: it can then take its input row by row (see
    `memplan-stream`).
    """
    along = destination_dimension(form)
    if along is not None and any(is_local(form, value, access, along) for value, access in accesses(form)):
        return along
    return reduced_rows(form)


def destination_dimension(form: StructuredForm) -> int | None:
    """The parallel dimension that counts the rows of the destination, if it does nothing else there.

    Or blocks of them: others may then count the rows of a block.
    """
    assert isinstance(form.target.type, MemRefType)
    rows = row_dimension(form.target.type)
    if rows is None:
        return None
    results = linear_map(form.out_map)
    coefficients = results[rows].coefficients
    dims = sorted((dim for dim, c in enumerate(coefficients) if c), key=lambda dim: -coefficients[dim])
    if not dims or form.sizes[dims[0]] == 1 or min(coefficients) < 0:
        return None
    if coefficients[dims[0]] != 1 + sum(coefficients[dim] * (form.sizes[dim] - 1) for dim in dims[1:]):
        return None
    elsewhere = any(r.coefficients[dims[0]] for number, r in enumerate(results) if number != rows)
    return None if elsewhere else dims[0]


def is_local(form: StructuredForm, value: SSAValue, access: AffineMap, along: int) -> bool:
    """True when a slice in the middle reads fewer rows of the memref than the whole form."""
    spans = row_spans(access, form.sizes, value, along)
    first, last = spans[len(spans) // 2]
    whole = row_spans(access, form.sizes, value, None)[0]
    return bool(last - first < whole[1] - whole[0])


def reduced_rows(form: StructuredForm) -> int | None:
    """The reduction dimension that counts the rows of the input of a sum, maximum or minimum, each read once."""
    if not isinstance(form, ReduceOp) or form.kind.data is Reduction.ARGMAX or form.held_dims:
        return None
    source = form.ins[0]
    assert isinstance(source.type, MemRefType)
    rows = row_dimension(source.type)
    if rows is None:
        return None
    index = linear_map(form.in_maps[0])[rows]
    dims = [dim for dim, size in enumerate(form.sizes) if index.coefficients[dim] and size > 1]
    if len(dims) != 1 or dims[0] < len(form.domain.parallel.data):
        return None
    counts_rows = index.coefficients[dims[0]] == 1 and index.offset == 0 and form.sizes[dims[0]] == row_count(source)
    return dims[0] if counts_rows else None
