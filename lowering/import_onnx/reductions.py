"""Importing what runs along an axis: reductions, softmax."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from .joins import same
from .node import Node, Unsupported, axes_from_first, like


def softmax(node: Node) -> onnx.OnnxOp:
    """Before opset 13 it ran over all dimensions from `axis` on at once: taken where only one of them exceeds 1."""
    x = node.operand(0)
    shape = shape_of(x)
    if node.opset >= 13:
        axis = node.axis(-1, len(shape))
    else:
        first = node.axis(1, len(shape))
        long = [a for a in range(first, len(shape)) if shape[a] > 1]
        if len(long) > 1:
            raise Unsupported(
                f"over the dimensions from {first} on of shape {list(shape)} at once (opset {node.opset}) it is not "
                "supported; put a Flatten before it, or export with opset 13"
            )
        axis = (long or [first])[0]
    return onnx.SoftmaxOp(x, axis, like(x, shape), node.name)


def arg_max(node: Node) -> onnx.OnnxOp:
    node.refuse(select_last_index=0)
    x = node.operand(0)
    shape = list(shape_of(x))
    axis = node.axis(0, len(shape))
    kept = [1] if node.attributes.get("keepdims", 1) else []
    type = like(x, [*shape[:axis], *kept, *shape[axis + 1 :]], IntegerType(64))
    return onnx.ArgMaxOp(x, axis, type, node.name)


def reduce_mean(node: Node) -> onnx.OnnxOp:
    """Over all dimensions where no axes are given, unless `noop_with_empty_axes` says that this means nothing."""
    x = node.operand(0)
    shape = shape_of(x)
    axes = node.integers(1, "axes")
    if not axes and node.attributes.get("noop_with_empty_axes", 0):
        return same(node)
    reduced = sorted(axes_from_first(axes or range(len(shape)), len(shape)))
    kept = bool(node.attributes.get("keepdims", 1))
    type = like(x, [1 if a in reduced else n for a, n in enumerate(shape) if kept or a not in reduced])
    return onnx.ReduceMeanOp(x, reduced, type, node.name)
