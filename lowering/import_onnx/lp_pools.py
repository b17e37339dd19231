"""Translations of LpPool and GlobalLpPool: norms of windows laid beside each other."""

from __future__ import annotations

import numpy as np

from ...dialects import onnx
from ...dialects.onnx.base import shape_of, window_shape
from ...dialects.onnx.reductions import ReductionOp
from .layers import window_attributes
from .moves import reshaped, taken
from .node import Node, Unsupported, like

NORMS: dict[int, type[ReductionOp]] = {1: onnx.ReduceL1Op, 2: onnx.ReduceL2Op}


def norm_of(node: Node) -> type[ReductionOp]:
    """The reduction of the attribute p."""
    p = node.attributes.get("p", 2)
    if p not in NORMS:
        raise Unsupported(f"p = {p} is not supported, only 1 and 2")
    return NORMS[p]


def lp_pool(node: Node) -> onnx.OnnxOp:
    """Each window's elements along dimensions of their own, which are reduced; padding counts as 0."""
    x, norm = node.operand(0), norm_of(node)
    batch, channels, *spatial = shape_of(x)
    a, rank = window_attributes(node, spatial, node.attributes["kernel_shape"], (1, 2, 3)), len(spatial)
    positions = window_shape(spatial, a.kernel, a.strides, a.dilations, a.pads)
    split = (batch, channels, *(n for pair in zip(positions, a.kernel, strict=True) for n in pair))
    node.budget.check(split, "all windows")
    if any(a.pads):
        x = onnx.PadOp(x, (0, 0, *a.pads[:rank], 0, 0, *a.pads[rank:]), 0.0, node.name).result
    places = {
        2 + axis: (np.arange(count)[:, None] * a.strides[axis] + np.arange(a.kernel[axis]) * a.dilations[axis]).ravel()
        for axis, count in enumerate(positions)
    }
    op = taken(node, x, places)
    value = op.operands[0] if isinstance(op, onnx.IdentityOp) else op.results[0]
    windows = reshaped(node, value, split)
    return norm(windows, list(range(3, 3 + 2 * rank, 2)), like(x, (batch, channels, *positions)), node.name)


def global_lp_pool(node: Node) -> onnx.OnnxOp:
    """A norm of the whole image."""
    x, norm = node.operand(0), norm_of(node)
    shape = shape_of(x)
    return norm(x, list(range(2, len(shape))), like(x, (*shape[:2], *(1 for _ in shape[2:]))), node.name)
