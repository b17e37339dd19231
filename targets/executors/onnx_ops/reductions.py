"""What runs along axes: products, normalizations, softmax, reductions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from .types import Array


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


def softmax(op: onnx.SoftmaxOp, operands: Sequence[Array]) -> Array:
    """exp(x - max x) / sum exp(x - max x)"""
    x, axis = operands[0], axis_of(op)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def axis_of(op: onnx.SoftmaxOp | onnx.ArgMaxOp) -> int:
    """The op's axis in an array with a batch axis in front."""
    return op.axis_index % len(shape_of(op.x)) + 1


def reduce_mean(op: onnx.ReduceMeanOp, operands: Sequence[Array]) -> Array:
    """The mean over the op's axes."""
    mean = operands[0].mean(axis=tuple(axis + 1 for axis in op.reduced), keepdims=True, dtype=operands[0].dtype)
    return mean.reshape(len(mean), *shape_of(op.result))
