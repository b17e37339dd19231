"""Which bytes a form touches, and in which order, computed from the access maps by enumeration.

The plan checker asks these questions; they share no code with the planners.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, linear_map

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


def values_of(result: Linear, dims: Sequence[int], sizes: Sequence[int]) -> Indices:
    """The values of one index over some dimensions of the domain, the others at 0: one axis per dimension."""
    axes = np.ix_(*(np.arange(sizes[d], dtype=np.int64) * result.coefficients[d] for d in dims))
    return sum(axes, np.full((1,) * len(dims), result.offset, dtype=np.int64))


def used_dims(results: Sequence[Linear]) -> list[list[int]]:
    """Per index, the dimensions that it depends on."""
    return [[d for d, coefficient in enumerate(result.coefficients) if coefficient] for result in results]


def touched(access: AffineMap, sizes: Sequence[int], shape: Sequence[int]) -> Mask:
    """The elements inside the tensor that the domain reaches, as a mask of its shape."""
    results, mask = linear_map(access), np.zeros(tuple(shape), np.bool_)
    dims = used_dims(results)
    together = sorted({d for used in dims for d in used})
    if len(together) == sum(map(len, dims)):
        # No two indices share a dimension: the footprint is a product of one set per index.
        values = [np.unique(values_of(result, used, sizes)) for result, used in zip(results, dims, strict=True)]
        mask[np.ix_(*(v[(v >= 0) & (v < size)] for v, size in zip(values, shape, strict=True)))] = True
        return mask
    flat = flat_indices(access, together, sizes, shape)
    mask.reshape(-1)[flat[flat >= 0]] = True
    return mask


def flat_indices(access: AffineMap, dims: Sequence[int], sizes: Sequence[int], shape: Sequence[int]) -> Indices:
    """Row-major element numbers over some dimensions of the domain, one axis per dimension; -1 for padding."""
    flat = np.zeros(tuple(sizes[d] for d in dims), np.int64)
    inside = np.ones(flat.shape, np.bool_)
    for result, size in zip(linear_map(access), shape, strict=True):
        index = values_of(result, dims, sizes)
        flat = flat * size + index
        inside &= (index >= 0) & (index < size)
    return np.where(inside, flat, -1)


def last_ranks(access: AffineMap, sizes: Sequence[int], parallel: int, shape: Sequence[int]) -> Indices:
    """Per element, the row-major number of the last point of the parallel domain that touches it; -1 for none.

    `parallel` says how many of the dimensions are parallel.
    """
    results = linear_map(access)
    dims = sorted({d for used in used_dims(results) for d in used})
    strides = [prod(sizes[d + 1 : parallel]) if d < parallel else 0 for d in range(len(sizes))]
    # A parallel dimension that the access does not depend on is touched last at its end.
    start = sum(strides[d] * (sizes[d] - 1) for d in range(parallel) if d not in dims)
    ranks = values_of(Linear(tuple(strides), start), dims, sizes)
    flat = flat_indices(access, dims, sizes, shape)
    ranks = np.broadcast_to(ranks, flat.shape)
    last = np.full(prod(shape), -1, np.int64)
    np.maximum.at(last, flat[flat >= 0], ranks[flat >= 0])
    return last
