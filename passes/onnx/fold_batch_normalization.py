"""`onnx-fold-batch-normalization`: a BatchNormalization becomes part of the layer before it.

`(w x + b - mean) * s + shift = (s w) x + (s (b - mean) + shift)` with `s = scale / sqrt(variance + epsilon)` per
channel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.errors import UserError
from ...dialects.onnx_base import shape_of
from .constants import constant_value, erase_unused, insert_before


@dataclass(frozen=True)
class FoldBatchNormalizationPass(ModulePass):
    """Fold into a preceding Conv or Gemm with float weights and no other use; otherwise make a 1x1 depthwise Conv."""

    name = "onnx-fold-batch-normalization"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for norm in [o for o in op.walk() if isinstance(o, onnx.BatchNormalizationOp)]:
            fold(norm)
        erase_unused(op)


def affine(norm: onnx.BatchNormalizationOp) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factor and summand per channel: `y = x * factor + summand`.

    Raises UserError for parameters that are computed, and for a negative variance.
    """
    values = [constant_value(v) for v in (norm.scale, norm.shift, norm.mean, norm.variance)]
    if any(v is None for v in values):
        raise UserError(f"BatchNormalization '{norm.label}': the parameters must be constants")
    scale, shift, mean, variance = (np.asarray(v, np.float64) for v in values)
    if not (variance + norm.epsilon.value.data > 0).all():
        raise UserError(f"BatchNormalization '{norm.label}': a variance is negative; train or export the model again")
    factor = scale / np.sqrt(variance + norm.epsilon.value.data)
    return factor, shift - mean * factor


def fold(norm: onnx.BatchNormalizationOp) -> None:
    """Replace one BatchNormalization."""
    factor, summand = affine(norm)
    layer = norm.x.owner
    if isinstance(layer, onnx.ConvOp | onnx.GemmOp) and norm.x.uses.get_length() == 1:
        weights = constant_value(layer.w)
        bias = np.zeros(len(factor)) if layer.bias is None else constant_value(layer.bias)
        if weights is not None and bias is not None:
            scaled = weights * factor.reshape(-1, *(1,) * (weights.ndim - 1))
            w = insert_before(layer, onnx.ConstantOp(from_numpy(scaled.astype(np.float32)), layer.label + "_w"))
            b = (bias * factor + summand).astype(np.float32)
            new_bias = insert_before(layer, onnx.ConstantOp(from_numpy(b), layer.label + "_b"))
            new = type(layer).build(
                operands=[layer.x, w, new_bias],
                properties=dict(layer.properties),
                result_types=[norm.result.type],
            )
            insert_before(layer, new)
            norm.result.replace_all_uses_with(new.results[0])
            Rewriter.erase_op(norm)
            Rewriter.erase_op(layer)
            return
    replace_by_depthwise(norm, factor, summand)


def replace_by_depthwise(
    norm: onnx.BatchNormalizationOp, factor: NDArray[np.float64], summand: NDArray[np.float64]
) -> None:
    """One multiply-accumulate per element: a depthwise Conv with a window of 1."""
    shape = shape_of(norm.x)
    channels, rank = len(factor), max(1, len(shape) - 2)
    kernel = factor.reshape(channels, 1, *(1,) * rank).astype(np.float32)
    w = insert_before(norm, onnx.ConstantOp(from_numpy(kernel), norm.label + "_w"))
    b = insert_before(norm, onnx.ConstantOp(from_numpy(summand.astype(np.float32)), norm.label + "_b"))
    x, image = norm.x, (*shape, *(1,) * (3 - len(shape)))
    if image != shape:
        x = insert_before(norm, onnx.ReshapeOp(x, TensorType(f32, image), norm.label + "_image"))
    type = TensorType(f32, image)
    ones, zeros = (1,) * rank, (0,) * 2 * rank
    result = insert_before(norm, onnx.ConvOp(x, w, b, type, ones, zeros, ones, channels, norm.label))
    if image != shape:
        result = insert_before(norm, onnx.ReshapeOp(result, TensorType(f32, shape), norm.label + "_flat"))
    norm.result.replace_all_uses_with(result)
    Rewriter.erase_op(norm)
