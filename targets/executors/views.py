"""Access maps as strided views of numpy arrays: the elements that an operand gives to the points of a domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from xdsl.ir.affine import AffineMap

from ...dialects.access import Linear, footprint, full_box, linear_map

Array = NDArray[Any]


def accessed(array: Array, access: AffineMap, sizes: Sequence[int], writeable: bool = False) -> Array:
    """The elements (B, *sizes) of an array (B, *shape), without a copy; every access must be inside the array."""
    return strided(array, linear_map(access), sizes, writeable)


def strided(array: Array, results: Sequence[Linear], sizes: Sequence[int], writeable: bool = False) -> Array:
    """`accessed` for the results of an access map."""
    strides = array.strides[1:]
    steps = [sum(r.coefficients[d] * s for r, s in zip(results, strides, strict=True)) for d in range(len(sizes))]
    first = array[(slice(None), *(slice(r.offset, None) for r in results))]
    return as_strided(first, (len(array), *sizes), (array.strides[0], *steps), writeable=writeable)


def padded(array: Array, access: AffineMap, sizes: Sequence[int], fill: int) -> Array:
    """`accessed`, with `fill` where the access map leaves the array."""
    ranges = footprint(access, full_box(sizes))
    margins = [
        (max(0, -low), max(0, high + 1 - size)) for (low, high), size in zip(ranges, array.shape[1:], strict=True)
    ]
    if any(margin != (0, 0) for margin in margins):
        array = np.pad(array, [(0, 0), *margins], constant_values=fill)
    results = [Linear(r.coefficients, r.offset + m[0]) for r, m in zip(linear_map(access), margins, strict=True)]
    return strided(array, results, sizes)


def used_sizes(access: AffineMap, sizes: Sequence[int]) -> tuple[int, ...]:
    """The domain's sizes, 1 for each dimension that the access map does not use."""
    results = linear_map(access)
    return tuple(size if any(r.coefficients[d] for r in results) else 1 for d, size in enumerate(sizes))


def taps(domain_view: Array, reduction: Sequence[int]) -> Iterator[Array]:
    """The (B, *parallel) slice of each point of the reduction domain, in row-major order."""
    for point in product(*(range(size) for size in reduction)):
        yield domain_view[(..., *point)]
