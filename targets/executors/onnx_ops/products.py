"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from .types import Array


def gemm(op: onnx.GemmOp, operands: Sequence[Array]) -> Array:
    """x w^T + bias"""
    x, w, *bias = operands
    result = x @ w[0].T
    return result + bias[0][0] if bias else result


def mat_mul(op: onnx.MatMulOp, operands: Sequence[Array]) -> Array:
    """x w, in each row; dimensions that one of them lacks come after the batch axis."""
    rank = len(shape_of(op.result))
    x, w = (v.reshape(len(v), *(1,) * (rank + 1 - v.ndim), *v.shape[1:]) for v in operands)
    return x @ w
