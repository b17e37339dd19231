"""`onnx-fold-batch-normalization`: what scales and shifts each channel becomes part of the layer before it.

`(w x + b - mean) * s + shift = (s w) x + (s (b - mean) + shift)` with `s = scale / sqrt(variance + epsilon)` per
channel. A product or a sum with a constant per channel is the same with other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.errors import UserError
from ...dialects.fixed.types import storage_limits
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.budget import MAX_CHANNELS
from ...dialects.onnx.weights import is_weight, weight_reals
from .folding.constants import constant_value, erase_unused, insert_before

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """`y = x * factor + summand`, one number of each per channel."""

    x: SSAValue
    factor: Array
    summand: Array

    def after(self, inner: Affine) -> Affine:
        """Both, `inner` first."""
        return Affine(inner.x, inner.factor * self.factor, inner.summand * self.factor + self.summand)


@dataclass(frozen=True)
class FoldBatchNormalizationPass(ModulePass):
    """Fold into a preceding Conv or Gemm with constant weights and no other use; several in a row become one.

    What is left is an `onnx.BatchNormalization` with mean 0 and variance 1, except a sum alone, which stays a sum.
    """

    name = "onnx-fold-batch-normalization"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            affine = affine_of(inner)
            if affine is not None:
                fold(inner, affine)
        erase_unused(op)


def affine_of(op: Operation) -> Affine | None:
    """What an op does to each channel; None for an op that does something else.

    Raises UserError for parameters that are computed, and for a negative variance.
    """
    match op:
        case onnx.BatchNormalizationOp():
            return normalization(op)
        case onnx.MulOp() | onnx.AddOp() | onnx.SubOp():
            left, right = per_channel(op, op.rhs, op.lhs), per_channel(op, op.lhs, op.rhs)
            constant, x = (left, op.rhs) if right is None else (right, op.lhs)
            return None if constant is None else with_constant(op, x, constant, right is None)
        case _:
            return None


def with_constant(op: onnx.MulOp | onnx.AddOp | onnx.SubOp, x: SSAValue, constant: Array, is_left: bool) -> Affine:
    """A product, sum or difference of x and a constant per channel, the left operand or the right one."""
    if isinstance(op, onnx.MulOp):
        return Affine(x, constant, np.zeros_like(constant))
    one = np.ones_like(constant)
    if isinstance(op, onnx.AddOp):
        return Affine(x, one, constant)
    return Affine(x, -one, constant) if is_left else Affine(x, one, -constant)


def normalization(norm: onnx.BatchNormalizationOp) -> Affine:
    """The numbers of a BatchNormalization."""
    values = [constant_value(v) for v in (norm.scale, norm.shift, norm.mean, norm.variance)]
    if any(v is None for v in values):
        raise UserError(f"BatchNormalization '{norm.label}': the parameters must be constants")
    scale, shift, mean, variance = (np.asarray(v, np.float64) for v in values)
    if not (variance + norm.epsilon.value.data > 0).all():
        raise UserError(f"BatchNormalization '{norm.label}': a variance is negative; train or export the model again")
    factor = scale / np.sqrt(variance + norm.epsilon.value.data)
    return Affine(norm.x, factor, shift - mean * factor)


def per_channel(op: onnx.MulOp | onnx.AddOp | onnx.SubOp, x: SSAValue, other: SSAValue) -> Array | None:
    """The numbers of a constant operand that are the same all over each channel (dimension 1)."""
    shape, constant = shape_of(x), constant_value(other)
    if constant is None or isinstance(x.owner, onnx.ConstantOp) or len(shape) < 2 or shape_of(op.result) != shape:
        return None
    if shape[1] > MAX_CHANNELS:
        return None
    column = (1,) * (len(shape) - constant.ndim) + constant.shape
    if any(n != 1 for axis, n in enumerate(column) if axis != 1):
        return None
    return np.broadcast_to(constant.reshape(-1), (shape[1],)).astype(np.float64)


def fold(op: Operation, affine: Affine) -> None:
    """Fold one op into what computes its operand, or leave it in the one form that is lowered."""
    layer = affine.x.owner
    alone = affine.x.uses.get_length() == 1
    if (
        isinstance(layer, onnx.ConvOp | onnx.ConvTransposeOp | onnx.GemmOp)
        and alone
        and fold_into_layer(op, layer, affine)
    ):
        return
    inner = affine_of(layer) if alone and isinstance(layer, Operation) else None
    if inner is not None:
        affine = affine.after(inner)
    elif isinstance(op, onnx.AddOp | onnx.SubOp):
        return
    replace(op, affine)


def fold_into_layer(op: Operation, layer: onnx.ConvOp | onnx.ConvTransposeOp | onnx.GemmOp, affine: Affine) -> bool:
    """Give a layer other weights and another bias; says whether it could."""
    if layer.bias is not None and not is_weight(layer.bias):
        return False
    scaled = scaled_weight(layer.w, affine.factor, layer.label)
    if scaled is None:
        return False
    bias = np.zeros(len(affine.factor)) if layer.bias is None else weight_reals(layer.bias)
    *_, w = [insert_before(layer, op) for op in scaled]
    b = (bias * affine.factor + affine.summand).astype(np.float32)
    new_bias = insert_before(layer, onnx.ConstantOp(from_numpy(b), layer.label + "_b"))
    new = type(layer).build(
        operands=[layer.x, w, new_bias],
        properties=dict(layer.properties),
        result_types=[op.results[0].type],
    )
    insert_before(layer, new)
    op.results[0].replace_all_uses_with(new.results[0])
    Rewriter.erase_op(op)
    Rewriter.erase_op(layer)
    return True


def scaled_weight(w: SSAValue, factor: Array, name: str) -> list[onnx.ConstantOp | onnx.DequantizeLinearOp] | None:
    """New ops that make a weight [O, ...] times a factor for each output, the last one's result.

    Of a quantized weight the scales are multiplied, and a factor below 0 changes the signs of its integers. None for a
    weight that is computed, and where no integers of the type stand for the product.
    """
    if (weights := constant_value(w)) is not None:
        product = weights * factor.reshape(-1, *(1,) * (weights.ndim - 1))
        return [onnx.ConstantOp(from_numpy(product.astype(np.float32)), f"{name}_w")]
    old = w.owner
    if not is_weight(w) or not isinstance(old, onnx.DequantizeLinearOp) or not (factor != 0).all():
        return None
    if old.scales_array.size > 1 and old.axis_index % len(shape_of(w)) != 0:
        return None
    element = element_of(old.x)
    assert isinstance(element, IntegerType), "verified: a DequantizeLinear reads integers"
    integers, points = constant_value(old.x), old.zero_points_array.astype(np.int64)
    assert integers is not None, "a weight is a constant"
    signs = np.sign(factor).astype(np.int64)
    values = integers.astype(np.int64) * signs.reshape(-1, *(1,) * (integers.ndim - 1))
    scales, points = (old.scales_array * np.abs(factor)).astype(np.float32), points * signs
    if (factor == factor[0]).all() and old.scales_array.size == 1:
        scales, points = scales[:1].reshape(()), points[:1].reshape(())
    least, greatest = storage_limits(element)
    if min(values.min(), points.min()) < least or max(values.max(), points.max()) > greatest:
        return None
    if (points != points[0]).any():
        return None
    if not (np.isfinite(scales) & (scales > 0)).all():
        return None
    constant = onnx.ConstantOp(from_numpy(values, element), f"{name}_w")
    type = TensorType(element_of(w), shape_of(w))
    return [
        constant,
        onnx.DequantizeLinearOp(constant.result, from_numpy(scales), from_numpy(points, element), 0, type, f"{name}_w"),
    ]


def replace(op: Operation, affine: Affine) -> None:
    """A BatchNormalization of mean 0 and variance 1 instead of an op."""
    assert isinstance(op, onnx.OnnxOp)
    channels = len(affine.factor)
    rows = (affine.factor, affine.summand, np.zeros(channels), np.ones(channels))
    parameters = [
        insert_before(op, onnx.ConstantOp(from_numpy(row.astype(np.float32)), f"{op.label}_{name}"))
        for row, name in zip(rows, ("scale", "shift", "mean", "variance"), strict=True)
    ]
    node = None if op.node is None else op.node.data
    type = TensorType(element_of(affine.x), shape_of(affine.x))
    norm = onnx.BatchNormalizationOp([affine.x, *parameters], 0.0, type, node)
    insert_before(op, norm)
    op.results[0].replace_all_uses_with(norm.result)
    Rewriter.erase_op(op)
