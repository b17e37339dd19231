"""Importing normalizations: over the last dimensions, per channel, per group, across channels, by a norm."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import broadcast_shape, shape_of
from .node import Node, Unsupported, axes_from_first, like

TINY = 1e-18
"""Added to a variance where ONNX adds 1e-9 to its root (MeanVarianceNormalization)."""


def parameter(node: Node, index: int, what: str, shape: Sequence[int]) -> SSAValue | None:
    """A constant scale or bias in a shape that stretches to x; None where it is left out."""
    if node.optional(index) is None:
        return None
    values = node.constant(index, what).astype(np.float32)
    if values.size != prod(shape):
        raise Unsupported(f"{what} has shape {list(values.shape)}, expected {list(shape)}; export the model again")
    return constant(values.reshape(shape), f"{node.name}_{what.split()[-1]}")


def constant(values: NDArray[np.float32], name: str) -> SSAValue:
    """A constant in no block."""
    return onnx.ConstantOp(from_numpy(values), name).result


def stretched(node: Node, index: int, what: str) -> SSAValue | None:
    """A constant scale or bias in its own shape, which must stretch to x; None where it is left out."""
    if node.optional(index) is None:
        return None
    values = node.constant(index, what).astype(np.float32)
    shape = shape_of(node.operand(0))
    if broadcast_shape(values.shape, shape) != shape:
        raise Unsupported(f"{what} of shape {list(values.shape)} does not stretch to {list(shape)}; export it again")
    return constant(values, f"{node.name}_{what.split()[-1]}")


def last_axes(node: Node) -> list[int]:
    """The axes from the attribute `axis` to the last."""
    rank = len(shape_of(node.operand(0)))
    return list(range(node.axis(-1, rank), rank))


def layer_normalization(node: Node) -> list[onnx.OnnxOp]:
    """Where more results are asked for, the means, and the inverses of the deviations from them."""
    x, epsilon = node.operand(0), node.attributes.get("epsilon", 1e-5)
    scale, bias = stretched(node, 1, "the scale"), stretched(node, 2, "the bias")
    normal = onnx.LayerNormalizationOp(x, scale, bias, last_axes(node), epsilon, node.name)
    return [normal, *statistics(node, epsilon)] if node.outputs > 1 else [normal]


def statistics(node: Node, epsilon: float) -> list[onnx.OnnxOp]:
    """The means over the last axes, and 1 / sqrt(var + epsilon)."""
    x, axes = node.operand(0), last_axes(node)
    kept = like(x, [1 if axis in axes else n for axis, n in enumerate(shape_of(x))])
    means = [onnx.ReduceMeanOp(x, axes, kept, f"{node.name}_{name}") for name in ("mean", "centre")]
    centred = onnx.SubOp(x, means[1].result, like(x, shape_of(x)), f"{node.name}_centred").result
    square = onnx.ReduceSumSquareOp(centred, axes, kept, f"{node.name}_squares").result
    count = prod(shape_of(x)[axis] for axis in axes)
    share = constant(np.array(1 / count, np.float32), f"{node.name}_share")
    variance = onnx.MulOp(square, share, kept, f"{node.name}_variance").result
    more = onnx.AddOp(
        variance, constant(np.array(epsilon, np.float32), f"{node.name}_epsilon"), kept, f"{node.name}_more"
    )
    deviation = onnx.FUNCTIONS["Sqrt"](more.result, kept, f"{node.name}_deviation").result
    return [means[0], onnx.FUNCTIONS["Reciprocal"](deviation, kept, f"{node.name}_inverse")]


def rms_normalization(node: Node) -> onnx.OnnxOp:
    x, epsilon = node.operand(0), node.attributes.get("epsilon", 1e-5)
    return onnx.RMSNormalizationOp(x, stretched(node, 1, "the scale"), None, last_axes(node), epsilon, node.name)


def instance_normalization(node: Node) -> onnx.OnnxOp:
    """Over the spatial dimensions; scale and bias per channel."""
    x, epsilon = node.operand(0), node.attributes.get("epsilon", 1e-5)
    shape = shape_of(x)
    if len(shape) < 3:
        raise Unsupported(f"expected x [N, C, spatial...], got {list(shape)}; export the model again")
    column = (shape[1], *(1 for _ in shape[2:]))
    scale, bias = parameter(node, 1, "the scale", column), parameter(node, 2, "the bias", column)
    return onnx.LayerNormalizationOp(x, scale, bias, range(2, len(shape)), epsilon, node.name)


def group_normalization(node: Node) -> onnx.OnnxOp:
    """Over groups of channels and their spatial dimensions; scale and bias per channel, before opset 21 per group."""
    x, groups = node.operand(0), node.attributes.get("num_groups", 1)
    shape = shape_of(x)
    if len(shape) < 2 or not isinstance(groups, int) or groups < 1 or shape[1] % groups:
        raise Unsupported(f"{list(shape)[1:2]} channels do not make {groups!r:.20} groups; export the model again")
    grouped = (shape[0], groups, shape[1] // groups, *shape[2:])
    per_group = node.optional(1) is not None and node.constant(1, "the scale").size == groups != shape[1]
    column = (groups, 1 if per_group else shape[1] // groups, *(1 for _ in shape[2:]))
    scale, bias = parameter(node, 1, "the scale", column), parameter(node, 2, "the bias", column)
    parts = onnx.ReshapeOp(x, like(x, grouped), f"{node.name}_groups").result
    axes, epsilon = range(2, len(grouped)), node.attributes.get("epsilon", 1e-5)
    normal = onnx.LayerNormalizationOp(parts, scale, bias, axes, epsilon, f"{node.name}_normal").result
    return onnx.ReshapeOp(normal, like(x, shape), node.name)


def mean_variance_normalization(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    axes = axes_from_first(node.attributes.get("axes", [0, 2, 3]), len(shape_of(x)))
    return onnx.LayerNormalizationOp(x, None, None, sorted(axes), TINY, node.name)


def lp_normalization(node: Node) -> onnx.OnnxOp:
    """p = 2: the root of a mean square is smaller by the root of the number of elements."""
    x, p = node.operand(0), node.attributes.get("p", 2)
    shape = shape_of(x)
    axis = node.axis(-1, len(shape))
    if p == 1:
        return onnx.LpNormalizationOp(x, None, None, [axis], 0.0, node.name)
    if p != 2:
        raise Unsupported(f"p = {p!r:.20} is not supported, only 1 and 2")
    scale = constant(np.full((1,) * len(shape), 1 / np.sqrt(shape[axis]), np.float32), f"{node.name}_scale")
    return onnx.RMSNormalizationOp(x, scale, None, [axis], 0.0, node.name)


def lrn(node: Node) -> onnx.OnnxOp:
    size = node.attributes.get("size")
    if not isinstance(size, int) or size < 1:
        raise Unsupported("attribute size must be a positive integer; export the model again")
    alpha, beta = node.attributes.get("alpha", 1e-4), node.attributes.get("beta", 0.75)
    return onnx.LRNOp(node.operand(0), size, alpha, beta, node.attributes.get("bias", 1.0), node.name)
