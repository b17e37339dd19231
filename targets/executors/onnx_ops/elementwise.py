"""Scalar functions, and changes between reals and integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation

from ....dialects import onnx
from ....dialects.dense import dtype_of
from ....dialects.fixed.types import storage_limits
from ....dialects.onnx.base import element_of, shape_of
from ....dialects.onnx.scalar import QuantizationOp
from .types import Array, Evaluate, Real


def aligned(op: Operation, operands: Sequence[Array]) -> list[Array]:
    """Operands of the result's rank; dimensions that one of them lacks come after the batch axis."""
    rank = len(shape_of(op.results[0]))
    return [v.reshape(len(v), *(1,) * (rank + 1 - v.ndim), *v.shape[1:]) for v in operands]


def several(function: Callable[[Any, Any], Any]) -> Evaluate:
    """A scalar function of two operands, with more of them one after the other."""
    return lambda op, operands: reduce(function, aligned(op, operands))


def mean(op: onnx.MeanOp, operands: Sequence[Array]) -> Array:
    """The sum over the number of operands."""
    return reduce(np.add, aligned(op, operands)) / len(operands)


def mod(op: onnx.ModOp, operands: Sequence[Array]) -> Array:
    """The remainder with the sign of the first operand, or of the second."""
    return (np.mod if op.is_floored else np.fmod)(*aligned(op, operands))


def p_relu(op: onnx.PReluOp, operands: Sequence[Array]) -> Array:
    """x, below 0 times the slope"""
    x, slope = aligned(op, operands)
    return np.where(x < 0, x * slope, x)


def clip(op: onnx.ClipOp, operands: Sequence[Array]) -> Array:
    """min(max(x, low), high)"""
    real = operands[0].dtype.type
    return np.clip(operands[0], real(op.low_value), real(op.high_value))


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
    element = element_of(op.result)
    assert isinstance(element, IntegerType), "verified"
    return np.clip(np.rint(operands[0] / scale) + zero_point, *storage_limits(element)).astype(dtype_of(element))


def dequantize(op: onnx.DequantizeLinearOp, operands: Sequence[Array], real: Real = np.float32) -> Array:
    """(x - zero point) * scale"""
    scale, zero_point = parameters(op, real)
    return (operands[0].astype(real) - zero_point) * scale
