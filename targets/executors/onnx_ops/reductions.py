"""What runs along axes: reductions, softmax, normalization per channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.reductions import ReductionOp
from ....dialects.onnx.scalar import ArgOp, AxisOp
from .types import Array, Evaluate

Reduce = Callable[[Array, tuple[int, ...]], Array]
"""An array and its axes to the array with these kept as 1."""


def batch_normalization(op: onnx.BatchNormalizationOp, operands: Sequence[Array]) -> Array:
    """(x - mean) / sqrt(var + epsilon) * scale + shift"""
    x = operands[0]
    column = (-1, *(1,) * (x.ndim - 3))
    scale, shift, mean, variance = (p[0].reshape(column) for p in operands[1:])
    return (x - mean) / np.sqrt(variance + x.dtype.type(op.epsilon.value.data)) * scale + shift


def softmax(op: onnx.SoftmaxOp, operands: Sequence[Array]) -> Array:
    """exp(x - max x) / sum exp(x - max x)"""
    x, axis = operands[0], axis_of(op)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def masked_softmax(op: onnx.MaskedSoftmaxOp, operands: Sequence[Array]) -> Array:
    """The softmax of what the mask leaves, 0 elsewhere."""
    x, mask = operands
    axis, kept = axis_of(op), np.broadcast_to(in_rank(mask, x.ndim), x.shape)
    greatest = x.max(axis=axis, keepdims=True, where=kept, initial=np.finfo(x.dtype).min)
    e = np.where(kept, np.exp(np.minimum(x - greatest, 0)), 0).astype(x.dtype)
    return e / np.maximum(e.sum(axis=axis, keepdims=True), np.finfo(x.dtype).tiny)


def in_rank(x: Array, rank: int) -> Array:
    """An array with rows first whose other dimensions are the last ones of so many."""
    return x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:])


def log_softmax(op: onnx.LogSoftmaxOp, operands: Sequence[Array]) -> Array:
    """x - max x - log(sum exp(x - max x))"""
    x, axis = operands[0], axis_of(op)
    below = x - x.max(axis=axis, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=axis, keepdims=True))


def hardmax(op: onnx.HardmaxOp, operands: Sequence[Array]) -> Array:
    """1 at the first greatest element, else 0."""
    x, axis = operands[0], axis_of(op)
    first = x.argmax(axis=axis, keepdims=True)
    places = np.arange(x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    return (places == first).astype(x.dtype)


def squared_distance(op: onnx.SquaredDistanceOp, operands: Sequence[Array]) -> Array:
    """factor * sum (x - w)^2"""
    rank = len(op.whole)
    x, w = (v.reshape(len(v), *(1,) * (rank + 1 - v.ndim), *v.shape[1:]) for v in operands)
    total = ((x - w) ** 2).sum(axis=tuple(axis + 1 for axis in op.reduced)) * x.dtype.type(op.times)
    return total.reshape(len(total), *shape_of(op.result))


def cum_sum(op: onnx.CumSumOp, operands: Sequence[Array]) -> Array:
    """The sum up to each element."""
    x, axis = operands[0], axis_of(op)
    x = np.flip(x, axis) if op.reverse is not None else x
    sums = np.cumsum(x, axis=axis, dtype=x.dtype)
    sums = sums - x if op.exclusive is not None else sums
    return np.flip(sums, axis) if op.reverse is not None else sums


def arg(function: Callable[..., Array]) -> Evaluate:
    """The index of an extreme, the first of equals or the last."""

    def evaluate(op: ArgOp, operands: Sequence[Array]) -> Array:
        x, axis = operands[0], axis_of(op)
        if op.last is None:
            index = function(x, axis=axis)
        else:
            index = x.shape[axis] - 1 - function(np.flip(x, axis), axis=axis)
        return np.asarray(index, np.int64).reshape(len(x), *shape_of(op.result))

    return evaluate


def axis_of(op: AxisOp) -> int:
    """The op's axis in an array with a batch axis in front."""
    return op.axis_index % len(shape_of(op.x)) + 1


def reduction(function: Reduce) -> Evaluate:
    """A function of all elements along the op's axes."""

    def evaluate(op: ReductionOp, operands: Sequence[Array]) -> Array:
        x = operands[0]
        result = function(x, tuple(axis + 1 for axis in op.reduced))
        return result.astype(x.dtype).reshape(len(x), *shape_of(op.result))

    return evaluate


def log_sum_exp(x: Array, axes: tuple[int, ...]) -> Array:
    """log(sum exp(x)), without leaving the type on the way."""
    greatest = x.max(axis=axes, keepdims=True)
    return greatest + np.log(np.exp(x - greatest).sum(axis=axes, keepdims=True))


REDUCTIONS: dict[type[ReductionOp], Reduce] = {
    onnx.ReduceL1Op: lambda x, axes: np.abs(x).sum(axis=axes, keepdims=True),
    onnx.ReduceL2Op: lambda x, axes: np.sqrt(np.square(x).sum(axis=axes, keepdims=True)),
    onnx.ReduceLogSumExpOp: log_sum_exp,
    onnx.ReduceLogSumOp: lambda x, axes: np.log(x.sum(axis=axes, keepdims=True)),
    onnx.ReduceMaxOp: lambda x, axes: x.max(axis=axes, keepdims=True),
    onnx.ReduceMeanOp: lambda x, axes: x.mean(axis=axes, keepdims=True, dtype=x.dtype),
    onnx.ReduceMinOp: lambda x, axes: x.min(axis=axes, keepdims=True),
    onnx.ReduceSumOp: lambda x, axes: x.sum(axis=axes, keepdims=True),
    onnx.ReduceSumSquareOp: lambda x, axes: np.square(x).sum(axis=axes, keepdims=True),
}
"""What each reduction computes along axes that it keeps as 1."""
