"""Importing operators that change shapes and move elements."""

from __future__ import annotations

from math import prod

import numpy as np

from ...dialects import onnx
from ...dialects.dense import splat
from ...dialects.onnx.base import shape_of
from .joins import same
from .node import Node, Unsupported, axes_from_first, like
from .tensors import array_of


def constant_of_shape(node: Node) -> onnx.OnnxOp:
    shape = node.listed(0, "the shape")
    if any(size < 1 for size in shape):
        raise Unsupported(f"a constant of shape {shape} holds no numbers; export the model again")
    value = node.attributes.get("value")
    number = np.zeros(1, np.float32) if value is None else array_of(value, node.budget)
    if number.dtype.name not in ("float32", "int64") or number.size != 1:
        raise Unsupported(f"constants of {number.size} {number.dtype} are not supported; use one float32")
    return onnx.ConstantOp(splat(number, shape), node.name)


def reshape(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    stated = node.listed(1, "the shape")
    target, shape = list(stated), shape_of(x)
    if not node.attributes.get("allowzero", 0):
        target = [shape[i] if n == 0 and i < len(shape) else n for i, n in enumerate(target)]
    if target.count(-1) == 1:
        rest = prod(n for n in target if n != -1)
        target[target.index(-1)] = prod(shape) // max(1, rest)
    if min(target, default=1) < 0 or prod(target) != prod(shape):
        raise Unsupported(f"cannot turn shape {list(shape)} into {stated}; export the model again")
    return onnx.ReshapeOp(x, like(x, target), node.name)


def flatten(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape, axis = shape_of(x), node.attributes.get("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise Unsupported(f"axis {axis} of a tensor with {len(shape)} dimensions")
    axis += len(shape) if axis < 0 else 0
    return onnx.FlattenOp(x, like(x, (prod(shape[:axis]), prod(shape[axis:]))), node.name)


def squeeze(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    axes = node.integers(1, "axes")
    ones = {a for a, n in enumerate(shape) if n == 1}
    dropped = ones if axes is None else set(axes_from_first(axes, len(shape)))
    if dropped - ones:
        raise Unsupported(f"only dimensions of size 1 can go: not {axes} of shape {list(shape)}")
    return onnx.SqueezeOp(x, like(x, [n for a, n in enumerate(shape) if a not in dropped]), node.name)


def unsqueeze(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape, axes = list(shape_of(x)), node.integers(1, "axes")
    if axes is None:
        raise Unsupported("the axes are missing; export the model again")
    new = axes_from_first(axes, len(shape) + len(axes))
    sizes = iter(shape)
    return onnx.UnsqueezeOp(
        x, like(x, [1 if a in new else next(sizes) for a in range(len(shape) + len(new))]), node.name
    )


def dropout(node: Node) -> onnx.OnnxOp:
    """Nothing, at inference."""
    if node.optional(2) is not None and node.constant(2, "training_mode").any():
        raise Unsupported("training_mode = true is not supported; export the model for inference")
    return same(node)


def transpose(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    perm = node.attributes.get("perm", list(range(len(shape)))[::-1])
    if sorted(perm) != list(range(len(shape))):
        raise Unsupported(f"perm {perm} is not a permutation of {len(shape)} dimensions")
    return onnx.TransposeOp(x, perm, like(x, [shape[a] for a in perm]), node.name)
