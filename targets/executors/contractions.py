"""Contractions on batches of numpy arrays: BLAS where it is exact.

A sum of products whose partial sums stay below 2^24 (2^53) is computed in float32 (float64) without any rounding, so
the fastest matrix product gives the exact integers. Depthwise shapes are sums over the points of the window instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.structured import scalar_type, shaped_type
from ...dialects.fixed.types import storage_limits
from .values import Values, container
from .views import Array, padded, taps, used_sizes

MAX_TAPS = 256
"""Up to this many reduction points are visited one by one, each vectorized over the rest of the domain."""


def element_type(value: SSAValue) -> IntegerType:
    """The integer type of an operand's elements."""
    return scalar_type(shaped_type(value).element_type)


def contract(form: ContractOp, x: Array, w: Array) -> Values:
    """The sum of products of `x` (B or 1, *shape) and `w` (B or 1, *shape); it broadcasts to (B, *parallel)."""
    x_zero, w_zero = form.zero_points.data
    low, high = storage_limits(element_type(form.ins[0]))
    x_bound = max(high - x_zero, x_zero - low)
    x_access, w_access = form.in_maps
    parallel, reduction = form.domain.parallel.data, form.domain.reduction.data
    x_sizes = (*used_sizes(x_access, form.sizes)[: len(parallel)], *reduction)
    w_sizes = (*used_sizes(w_access, form.sizes)[: len(parallel)], *reduction)

    wide = np.int64 if element_type(form.ins[1]).width.data <= 32 else object
    w_view = padded(w.astype(wide) - w_zero, w_access, w_sizes, 0)
    axes = tuple(range(1 + len(parallel), w_view.ndim))
    bound = x_bound * max(1, int(np.abs(w_view).sum(axis=axes).max()))
    shared = [x_sizes[d] > 1 and w_sizes[d] > 1 for d in range(len(parallel))]
    w_only = [w_sizes[d] > 1 and x_sizes[d] == 1 for d in range(len(parallel))]
    tapped = any(shared) and not any(w_only) and prod(reduction) <= MAX_TAPS

    dtype = container(-bound, bound) if tapped else exact_product_type(bound)
    x_view, w_view = padded(x.astype(dtype) - x_zero, x_access, x_sizes, 0), w_view.astype(dtype)
    if tapped:
        total = sum_of_taps(x_view, w_view, reduction)
    else:
        total = matrix_product(x_view, w_view, [len(w) > 1, *shared], [False, *w_only])
    return Values(total.astype(container(-bound, bound), copy=False), -bound, bound)


def exact_product_type(bound: int) -> np.dtype[Any]:
    """The fastest numpy type in which a sum of products, all partial sums up to `bound`, is exact."""
    if bound < 1 << 24:
        return np.dtype(np.float32)
    if bound < 1 << 53:
        return np.dtype(np.float64)
    return container(-bound, bound)


def sum_of_taps(x: Array, w: Array, reduction: Sequence[int]) -> Array:
    """The sum over the reduction domain of elementwise products of two views (B, *parallel, *reduction)."""
    products = (a * b for a, b in zip(taps(x, reduction), taps(w, reduction), strict=True))
    total = next(products)
    for p in products:
        total += p
    return total


def matrix_product(x: Array, w: Array, shared: Sequence[bool], w_only: Sequence[bool]) -> Array:
    """The same sum as a stack of matrix products.

    `shared` and `w_only` say for the batch and each parallel dimension whether both operands vary along it, or `w`
    alone. Shared dimensions become the stack, those of `x` alone rows, those of `w` alone columns, the reduction domain
    the inner dimension.
    """
    outer = range(len(shared))
    stack = [d for d in outer if shared[d]]
    rows = [d for d in outer if not shared[d] and not w_only[d]]
    columns = [d for d in outer if w_only[d]]
    inner = list(range(len(shared), x.ndim))
    shape = [max(x.shape[d], w.shape[d]) for d in outer]
    stacked = [shape[d] for d in stack]
    x = np.broadcast_to(x, [shape[d] if d in stack else x.shape[d] for d in range(x.ndim)])
    left = x.transpose(stack + rows + columns + inner).reshape(prod(stacked), -1, prod(x.shape[d] for d in inner))
    right = w.transpose(stack + inner + columns + rows).reshape(prod(stacked), left.shape[-1], -1)
    result = np.matmul(left, right).reshape(*stacked, *(shape[d] for d in rows), *(shape[d] for d in columns))
    return result.transpose(np.argsort(stack + rows + columns))
