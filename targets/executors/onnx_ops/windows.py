"""Sliding windows: convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from .types import Array


def windows(
    x: Array, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int], fill: float
) -> Array:
    """All windows of x (B, N, C, spatial...): a view (B, N, C, positions..., kernel...)."""
    rank = len(kernel)
    margins = [(0, 0)] * 3 + [(pads[a], pads[a + rank]) for a in range(rank)]
    if any(pads):
        x = np.pad(x, margins, constant_values=fill)
    extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    view = sliding_window_view(x, extents, axis=tuple(range(3, 3 + rank)))
    steps = [slice(None)] * 3 + [slice(None, None, s) for s in strides] + [slice(None, None, d) for d in dilations]
    return view[tuple(steps)]


def conv(op: onnx.ConvOp, operands: Sequence[Array]) -> Array:
    """A matrix product of gathered windows per group; depthwise convolutions add up their taps instead."""
    x, w, *bias = operands
    w = w[0]
    groups, rank = op.groups, w.ndim - 2
    view = windows(x, w.shape[2:], op.stride_list, op.dilation_list, op.pad_list, 0.0)
    batch, n, channels = view.shape[:3]
    positions = view.shape[3 : 3 + rank]
    if groups == channels == len(w):
        result = np.zeros((batch, n, channels, *positions), x.dtype)
        for tap in np.ndindex(*w.shape[2:]):
            result += view[(..., *tap)] * w[(slice(None), 0, *tap)].reshape(-1, *(1,) * rank)
    else:
        view = view.reshape(batch, n, groups, channels // groups, *positions, *w.shape[2:])
        order = (2, 0, 1, *range(4, 4 + rank), 3, *range(4 + rank, 4 + 2 * rank))
        columns = view.transpose(order).reshape(groups, -1, w[0].size)
        kernels = w.reshape(groups, -1, w[0].size).transpose(0, 2, 1)
        product = (columns @ kernels).reshape(groups, batch, n, *positions, -1)
        result = product.transpose(1, 2, 0, 3 + rank, *range(3, 3 + rank))
        result = result.reshape(batch, n, len(w), *positions)
    return result + bias[0][0].reshape(-1, *(1,) * rank) if bias else result


def max_pool(op: onnx.MaxPoolOp, operands: Sequence[Array]) -> Array:
    """The greatest element of each window."""
    dtype = operands[0].dtype
    view = pool_windows(op, operands[0], -np.inf if dtype.kind == "f" else np.iinfo(dtype).min)
    return view.max(axis=tuple(range(-len(op.kernel_list), 0)))


def average_pool(op: onnx.AveragePoolOp, operands: Sequence[Array]) -> Array:
    """The mean over the elements of each window that count."""
    axes = tuple(range(-len(op.kernel_list), 0))
    real = operands[0].dtype
    total = pool_windows(op, operands[0], 0.0).sum(axis=axes, dtype=real)
    ones = np.ones((1, 1, 1, *operands[0].shape[3:]), real)
    if op.includes_padding:
        rank = len(axes)
        margins = [(0, 0)] * 3 + [(op.pad_list[a], op.pad_list[a + rank]) for a in range(rank)]
        ones = np.pad(ones, margins, constant_values=1)
        count = windows(ones, op.kernel_list, op.stride_list, op.dilation_list, (0,) * 2 * rank, 0.0)
        return total / count.sum(axis=axes)
    return total / pool_windows(op, ones, 0.0).sum(axis=axes)


def pool_windows(op: onnx.MaxPoolOp | onnx.AveragePoolOp, x: Array, fill: float) -> Array:
    """The op's windows of x."""
    return windows(x, op.kernel_list, op.stride_list, op.dilation_list, op.pad_list, fill)


def global_average_pool(op: onnx.GlobalAveragePoolOp, operands: Sequence[Array]) -> Array:
    """The mean over the spatial dimensions."""
    return operands[0].mean(axis=tuple(range(3, operands[0].ndim)), keepdims=True, dtype=operands[0].dtype)


def resize(op: onnx.ResizeOp, operands: Sequence[Array]) -> Array:
    """Weighted sums of neighbours along a dimension."""
    x, w = operands
    axis, first = op.axis_index + 1, np.asarray(op.first_list)
    column = (-1, *(1,) * (x.ndim - axis - 1))
    terms = [w[0, :, t].reshape(column) * x.take(first + t, axis=axis) for t in range(w.shape[2])]
    return np.sum(terms, axis=0, dtype=x.dtype)


def conv_transpose(op: onnx.ConvTransposeOp, operands: Sequence[Array]) -> Array:
    """Each tap of the window adds its product with x at its places of the full result, from which pads are cut."""
    x, w, *bias = operands
    batch, n, channels, *image = x.shape
    kernel, groups, rank = w.shape[3:], op.groups, w.ndim - 3
    grouped = x.reshape(batch, n, groups, channels // groups, -1)
    weights = w[0].reshape(groups, -1, *w.shape[2:])
    reaches = zip(image, kernel, op.stride_list, op.dilation_list, strict=True)
    full = [stride * (size - 1) + dilation * (k - 1) + 1 for size, k, stride, dilation in reaches]
    spare = [max(0, -pad) for pad in op.pad_list[rank:]]
    total = np.zeros((batch, n, w.shape[1], *(a + b for a, b in zip(full, spare, strict=True))), x.dtype)
    for tap in np.ndindex(*kernel):
        product = weights[(..., *tap)] @ grouped
        starts = [t * dilation for t, dilation in zip(tap, op.dilation_list, strict=True)]
        steps = zip(starts, image, op.stride_list, strict=True)
        place = [slice(start, start + stride * (size - 1) + 1, stride) for start, size, stride in steps]
        total[(..., *place)] += product.reshape(batch, n, w.shape[1], *image)
    cut = zip(op.pad_list[:rank], shape_of(op.result)[2:], strict=True)
    result = total[(..., *(slice(pad, pad + size) for pad, size in cut))]
    return result + bias[0][0].reshape(-1, *(1,) * rank) if bias else result
