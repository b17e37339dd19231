"""The real meaning of every `onnx` op, on numpy arrays with a leading batch axis: (B, *shape).

Reals are float32 or float64: an op computes in the type of its operands, DequantizeLinear in the one it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from xdsl.ir import Operation

from ...dialects import onnx
from ...dialects.dense import dtype_of
from ...dialects.errors import UserError
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.scalar import QuantizationOp

Array = NDArray[Any]
Evaluate = Callable[[Any, Sequence[Array]], Array]
Real = type[np.float32] | type[np.float64]
"""The type in which reals are computed."""


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


def gemm(op: onnx.GemmOp, operands: Sequence[Array]) -> Array:
    """x w^T + bias"""
    x, w, *bias = operands
    result = x @ w[0].T
    return result + bias[0][0] if bias else result


def batch_normalization(op: onnx.BatchNormalizationOp, operands: Sequence[Array]) -> Array:
    """(x - mean) / sqrt(var + epsilon) * scale + shift"""
    x = operands[0]
    column = (-1, *(1,) * (x.ndim - 3))
    scale, shift, mean, variance = (p[0].reshape(column) for p in operands[1:])
    return (x - mean) / np.sqrt(variance + x.dtype.type(op.epsilon.value.data)) * scale + shift


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


def softmax(op: onnx.SoftmaxOp, operands: Sequence[Array]) -> Array:
    """exp(x - max x) / sum exp(x - max x)"""
    x, axis = operands[0], axis_of(op)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def axis_of(op: onnx.SoftmaxOp | onnx.ArgMaxOp) -> int:
    """The op's axis in an array with a batch axis in front."""
    return op.axis_index % len(shape_of(op.x)) + 1


def same_elements(op: Operation, operands: Sequence[Array]) -> Array:
    """Under the result's shape."""
    return operands[0].reshape(len(operands[0]), *shape_of(op.results[0]))


def parameters(op: QuantizationOp, real: Real) -> tuple[Array, Array]:
    """Scales and zero points as reals, broadcast along the op's axis."""
    rank = len(shape_of(op.x))
    shape = [1] * (rank + 1)
    if op.scales_array.size > 1:
        shape[op.axis_index % rank + 1] = -1
    return op.scales_array.astype(real).reshape(shape), op.zero_points_array.astype(real).reshape(shape)


def quantize(op: onnx.QuantizeLinearOp, operands: Sequence[Array]) -> Array:
    """round(x / scale) + zero point, ties to even, saturated."""
    scale, zero_point = parameters(op, operands[0].dtype.type)
    dtype = dtype_of(element_of(op.result))
    limits = np.iinfo(dtype)
    return np.clip(np.rint(operands[0] / scale) + zero_point, limits.min, limits.max).astype(dtype)


def dequantize(op: onnx.DequantizeLinearOp, operands: Sequence[Array], real: Real = np.float32) -> Array:
    """(x - zero point) * scale"""
    scale, zero_point = parameters(op, real)
    return (operands[0].astype(real) - zero_point) * scale


def binary(function: np.ufunc) -> Evaluate:
    """A scalar function of two operands; dimensions that one of them lacks come after the batch axis."""

    def evaluate(op: onnx.AddOp | onnx.MulOp | onnx.SubOp, operands: Sequence[Array]) -> Array:
        rank = len(shape_of(op.result))
        lhs, rhs = (v.reshape(len(v), *(1,) * (rank + 1 - v.ndim), *v.shape[1:]) for v in operands)
        return function(lhs, rhs)

    return evaluate


def clip(op: onnx.ClipOp, operands: Sequence[Array]) -> Array:
    """min(max(x, low), high)"""
    real = operands[0].dtype.type
    return np.clip(operands[0], real(op.low_value), real(op.high_value))


def pad(op: onnx.PadOp, operands: Sequence[Array]) -> Array:
    """x with a constant around it."""
    return np.pad(operands[0], [(0, 0), *op.margins], constant_values=operands[0].dtype.type(op.fill))


def reduce_mean(op: onnx.ReduceMeanOp, operands: Sequence[Array]) -> Array:
    """The mean over the op's axes."""
    mean = operands[0].mean(axis=tuple(axis + 1 for axis in op.reduced), keepdims=True, dtype=operands[0].dtype)
    return mean.reshape(len(mean), *shape_of(op.result))


def concat(op: onnx.ConcatOp, operands: Sequence[Array]) -> Array:
    """The operands, constants among them, beside each other."""
    batch = max(len(operand) for operand in operands)
    return np.concatenate([np.broadcast_to(v, (batch, *v.shape[1:])) for v in operands], axis=op.axis_index + 1)


def slice_(op: onnx.SliceOp, operands: Sequence[Array]) -> Array:
    """A box of x."""
    box = zip(op.start_list, shape_of(op.result), strict=True)
    return operands[0][(slice(None), *(slice(start, start + size) for start, size in box))]


EVALUATE: dict[type[Operation], Evaluate] = {
    onnx.AddOp: binary(np.add),
    onnx.ArgMaxOp: lambda op, v: v[0].argmax(axis=axis_of(op)).reshape(len(v[0]), *shape_of(op.result)),
    onnx.AveragePoolOp: average_pool,
    onnx.BatchNormalizationOp: batch_normalization,
    onnx.ClipOp: clip,
    onnx.ConcatOp: concat,
    onnx.ConvOp: conv,
    onnx.DequantizeLinearOp: dequantize,
    onnx.FlattenOp: same_elements,
    onnx.GemmOp: gemm,
    onnx.GlobalAveragePoolOp: global_average_pool,
    onnx.IdentityOp: same_elements,
    onnx.MatMulOp: lambda op, v: v[0] @ v[1],
    onnx.MaxPoolOp: max_pool,
    onnx.MulOp: binary(np.multiply),
    onnx.PadOp: pad,
    onnx.QuantizeLinearOp: quantize,
    onnx.ReduceMeanOp: reduce_mean,
    onnx.ReluOp: lambda op, v: np.maximum(v[0], 0),
    onnx.ReshapeOp: same_elements,
    onnx.SigmoidOp: lambda op, v: 1 / (1 + np.exp(-v[0])),
    onnx.SliceOp: slice_,
    onnx.SoftmaxOp: softmax,
    onnx.SqueezeOp: same_elements,
    onnx.SubOp: binary(np.subtract),
    onnx.TanhOp: lambda op, v: np.tanh(v[0]),
    onnx.TransposeOp: lambda op, v: v[0].transpose(0, *(axis + 1 for axis in op.permutation)),
    onnx.UnsqueezeOp: same_elements,
}
"""Per op: from its operands (B or 1, *shape) to its result. An elementwise operator is one line."""


def evaluate(op: Operation, operands: Sequence[Array], real: Real = np.float32) -> Array:
    """The value of one op. Raises UserError for an op that does not belong to the level `onnx`."""
    if type(op) not in EVALUATE:
        raise UserError(f"`{op.name}` does not belong to the level `onnx`")
    with np.errstate(all="ignore"):  # whoever takes the values looks for what is not finite
        if isinstance(op, onnx.DequantizeLinearOp):
            return dequantize(op, operands, real)
        return EVALUATE[type(op)](op, operands)
