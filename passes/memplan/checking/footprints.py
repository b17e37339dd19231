"""Which elements a form touches, and at which of its points first and last, computed from the access maps.

The plan checker asks these questions; they share no code with the planners. A point is an element of the parallel
domain, numbered in row-major order; at each, a form reads over its whole reduction domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from ....dialects.access import Linear
from .intervals import Runs, run, runs_of_mask

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]

UNTOUCHED = -1
"""The number of the point that touches an element which none does."""

NOWHERE = -(1 << 40)
"""A number of a point so low that no sum with others is one."""


def values_of(result: Linear, dims: Sequence[int], sizes: Sequence[int]) -> Indices:
    """The values of one index over some dimensions of the domain, the others at 0: one axis per dimension."""
    axes = np.ix_(*(np.arange(sizes[d], dtype=np.int64) * result.coefficients[d] for d in dims))
    return sum(axes, np.full((1,) * len(dims), result.offset, dtype=np.int64))


def used_dims(results: Sequence[Linear]) -> list[list[int]]:
    """Per index, the dimensions that it depends on."""
    return [[d for d, coefficient in enumerate(result.coefficients) if coefficient] for result in results]


def is_product(results: Sequence[Linear]) -> bool:
    """True when no two indices share a dimension: what is touched is then a product of one set per index."""
    dims = [d for used in used_dims(results) for d in used]
    return len(dims) == len(set(dims))


def touched(results: Sequence[Linear], sizes: Sequence[int], shape: Sequence[int]) -> Mask:
    """The elements inside the tensor that the domain reaches, as a mask of its shape."""
    mask = np.zeros(tuple(shape), np.bool_)
    dims = used_dims(results)
    if is_product(results):
        values = [np.unique(values_of(result, used, sizes)) for result, used in zip(results, dims, strict=True)]
        mask[np.ix_(*(v[(v >= 0) & (v < size)] for v, size in zip(values, shape, strict=True)))] = True
        return mask
    flat = flat_indices(results, sorted({d for used in dims for d in used}), sizes, shape)
    mask.reshape(-1)[flat[flat >= 0]] = True
    return mask


def runs(results: Sequence[Linear], sizes: Sequence[int], shape: Sequence[int]) -> Runs:
    """The elements inside the tensor that the domain reaches, as runs of their row-major numbers."""
    if not is_product(results):
        return runs_of_mask(touched(results, sizes, shape).reshape(-1))
    found, inner = run(0, 1), 1
    for result, dims, size in zip(reversed(results), reversed(used_dims(results)), reversed(shape), strict=True):
        indices = runs_of_index(result, dims, sizes, size)
        if found.tolist() == [[0, inner]]:
            found = indices * inner
        else:
            starts = np.concatenate([np.zeros(0, np.int64), *(np.arange(low, high) for low, high in indices.tolist())])
            found = (starts[:, None, None] * inner + found).reshape(-1, 2)
        inner *= size
    return found


def runs_of_index(result: Linear, dims: Sequence[int], sizes: Sequence[int], size: int) -> Runs:
    """The values of one index inside [0, size), as runs."""
    reach, low = 1, result.offset
    for step, extent in sorted((abs(result.coefficients[d]), sizes[d] - 1) for d in dims):
        if step > reach and extent:
            mask = np.zeros(size, np.bool_)
            values = values_of(result, dims, sizes).reshape(-1)
            mask[values[(values >= 0) & (values < size)]] = True
            return runs_of_mask(mask)
        reach += step * extent
    low += sum(min(0, result.coefficients[d] * (sizes[d] - 1)) for d in dims)
    start, end = max(low, 0), min(low + reach, size)
    return run(start, end) if start < end else np.zeros((0, 2), np.int64)


def flat_indices(results: Sequence[Linear], dims: Sequence[int], sizes: Sequence[int], shape: Sequence[int]) -> Indices:
    """Row-major element numbers over some dimensions of the domain, one axis per dimension; -1 for padding."""
    flat = np.zeros(tuple(sizes[d] for d in dims), np.int64)
    inside = np.ones(flat.shape, np.bool_)
    for result, size in zip(results, shape, strict=True):
        index = values_of(result, dims, sizes)
        flat = flat * size + index
        inside &= (index >= 0) & (index < size)
    return np.where(inside, flat, -1)


def points(results: Sequence[Linear], sizes: Sequence[int], parallel: int, shape: Sequence[int], last: bool) -> Indices:
    """Per element, flat, the number of the first or the last point that touches it; UNTOUCHED for none.

    `parallel` says how many of the dimensions are parallel: the others do not number points.
    """
    strides = [prod(sizes[d + 1 : parallel]) if d < parallel else 0 for d in range(len(sizes))]
    dims = used_dims(results)
    together = sorted({d for used in dims for d in used})
    # A parallel dimension that the access does not depend on touches the same elements from its start to its end.
    rest = sum(strides[d] * (sizes[d] - 1) for d in range(parallel) if d not in together) if last else 0
    if is_product(results):
        total = np.full((1,) * len(shape), rest, np.int64)
        for axis, (result, used, size) in enumerate(zip(results, dims, shape, strict=True)):
            numbers = points_of_index(result, used, sizes, strides, size, last)
            total = total + numbers.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        return np.where(total < 0, UNTOUCHED, total).reshape(-1)
    flat = flat_indices(results, together, sizes, shape)
    numbers = np.broadcast_to(values_of(Linear(tuple(strides), rest), together, sizes), flat.shape)
    inside = flat >= 0
    return extremes(flat[inside], numbers[inside], prod(shape), last)


def points_of_index(
    result: Linear, dims: Sequence[int], sizes: Sequence[int], strides: Sequence[int], size: int, last: bool
) -> Indices:
    """What the dimensions of one index add to the number of the first or last point, per value of it; else NOWHERE."""
    index = values_of(result, dims, sizes)
    numbers = np.broadcast_to(values_of(Linear(tuple(strides), 0), dims, sizes), index.shape)
    inside = (index >= 0) & (index < size)
    found = extremes(index[inside], numbers[inside], size, last)
    return np.where(found == UNTOUCHED, NOWHERE, found)


def extremes(places: Indices, numbers: Indices, size: int, last: bool) -> Indices:
    """The greatest (or least) number at each of `size` places; UNTOUCHED where there is none."""
    if last:
        found = np.full(size, UNTOUCHED, np.int64)
        np.maximum.at(found, places, numbers)
        return found
    found = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(found, places, numbers)
    return np.where(found == np.iinfo(np.int64).max, UNTOUCHED, found)
