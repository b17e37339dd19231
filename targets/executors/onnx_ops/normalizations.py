"""What divides by a measure of its elements; that measure is accumulated in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.normalization import NormalizationOp
from .types import Array


def layer_normalization(op: onnx.LayerNormalizationOp, operands: Sequence[Array]) -> Array:
    """(x - mean) / sqrt(var + epsilon) * scale + bias"""
    x = operands[0].astype(np.float64)
    centred = x - x.mean(axis=axes_of(op), keepdims=True)
    variance = np.square(centred).mean(axis=axes_of(op), keepdims=True)
    return scaled(op, centred / root(variance + op.epsilon_value), operands)


def rms_normalization(op: onnx.RMSNormalizationOp, operands: Sequence[Array]) -> Array:
    """x / sqrt(mean(x^2) + epsilon) * scale + bias"""
    x = operands[0].astype(np.float64)
    square = np.square(x).mean(axis=axes_of(op), keepdims=True)
    return scaled(op, x / root(square + op.epsilon_value), operands)


def lp_normalization(op: onnx.LpNormalizationOp, operands: Sequence[Array]) -> Array:
    """x / sum |x| * scale + bias"""
    x = operands[0].astype(np.float64)
    total = np.abs(x).sum(axis=axes_of(op), keepdims=True)
    return scaled(op, x / np.where(total == 0, 1, total), operands)


def root(square: Array) -> Array:
    """The square root; 1 of 0, by which only zeros are divided."""
    return np.where(square == 0, 1, np.sqrt(square))


def axes_of(op: NormalizationOp) -> tuple[int, ...]:
    """The op's axes in an array with a batch axis in front."""
    return tuple(axis + 1 for axis in op.reduced)


def scaled(op: NormalizationOp, normal: Array, operands: Sequence[Array]) -> Array:
    """Times the scale, plus the bias, in the operands' type."""
    x, *parameters = operands
    rank = len(shape_of(op.x))
    stretched = iter([p.reshape(len(p), *(1,) * (rank + 1 - p.ndim), *p.shape[1:]) for p in parameters])
    normal = normal if op.scale is None else normal * next(stretched)
    normal = normal if op.bias is None else normal + next(stretched)
    return normal.astype(x.dtype)


def lrn(op: onnx.LRNOp, operands: Sequence[Array]) -> Array:
    """x / (bias + alpha / size * sum x^2)^beta"""
    x, size = operands[0], op.neighbours
    before, behind = (size - 1) // 2, size // 2
    channels = x.shape[2]
    sums = np.zeros((*x.shape[:2], channels + 1, *x.shape[3:]))
    np.cumsum(np.square(x.astype(np.float64)), axis=2, out=sums[:, :, 1:])
    places = np.arange(channels)
    total = sums[:, :, np.minimum(places + behind + 1, channels)] - sums[:, :, np.maximum(places - before, 0)]
    divisor = (op.bias.value.data + op.alpha.value.data / size * total) ** op.beta.value.data
    return (x / divisor).astype(x.dtype)
