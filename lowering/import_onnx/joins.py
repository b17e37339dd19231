"""Translations of what puts tensors beside each other and cuts them: Pad, Concat, Slice, Split."""

from __future__ import annotations

import numpy as np

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from .node import Node, Unsupported, axes_from_first, from_first, like


def pad(node: Node) -> onnx.OnnxOp:
    """Attributes before opset 11, inputs since; axes that are left out get nothing."""
    node.refuse(mode="constant")
    x = node.operand(0)
    rank = len(shape_of(x))
    counts = node.integers(1, "pads") or []
    axes = axes_from_first(node.integers(3, "axes") or range(rank), rank)
    value = float(node.attributes.get("value", 0.0))
    if node.optional(2) is not None and node.constant(2, "the padded value").size:
        value = float(node.constant(2, "the padded value").reshape(-1)[0])
    if len(counts) != 2 * len(axes):
        raise Unsupported(f"pads {counts} do not fit axes {axes}; export the model again")
    if any(n < 0 for n in counts):
        raise Unsupported(f"negative pads {counts} are not supported; slice the input instead")
    pads = [0] * 2 * rank
    for index, axis in enumerate(axes):
        pads[axis], pads[axis + rank] = counts[index], counts[index + len(axes)]
    return onnx.PadOp(x, pads, value, node.name) if any(pads) else same(node)


def same(node: Node) -> onnx.OnnxOp:
    """The first operand."""
    x = node.operand(0)
    return onnx.IdentityOp(x, like(x, shape_of(x)), node.name)


def concat(node: Node) -> onnx.OnnxOp:
    parts = [node.operand(index) for index in range(len(node.operands))]
    ranks = {len(shape_of(part)) for part in parts}
    if len(ranks) != 1:
        raise Unsupported(f"operands of {sorted(ranks)} dimensions do not go beside each other")
    axis = from_first(node.attributes["axis"], ranks.pop())
    return onnx.ConcatOp(parts, axis, node.name) if len(parts) > 1 else same(node)


def slice_(node: Node) -> onnx.OnnxOp:
    """Attributes before opset 10, inputs since."""
    x = node.operand(0)
    shape = shape_of(x)
    starts, ends = node.integers(1, "starts"), node.integers(2, "ends")
    if starts is None or ends is None:
        raise Unsupported("starts or ends are missing; export the model again")
    axes = node.integers(3, "axes") or list(range(len(starts)))
    steps = node.integers(4, "steps") or [1] * len(axes)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise Unsupported(f"starts {starts}, ends {ends}, axes {axes} and steps {steps} differ in length")
    if any(step != 1 for step in steps):
        raise Unsupported(f"steps {steps} are not supported, only 1")
    first, sizes = [0] * len(shape), list(shape)
    for axis, start, end in zip(axes_from_first(axes, len(shape)), starts, ends, strict=True):
        begin, stop, _ = slice(start, end).indices(shape[axis])
        first[axis], sizes[axis] = begin, max(0, stop - begin)
    if min(sizes, default=1) < 1:
        raise Unsupported(f"the result of shape {sizes} is empty; export the model again")
    return onnx.SliceOp(x, first, sizes, node.name)


def split(node: Node) -> list[onnx.OnnxOp]:
    """A slice per output: of the stated sizes, else of equal ones, the last perhaps smaller (opset 18)."""
    x = node.operand(0)
    shape = shape_of(x)
    axis = node.axis(0, len(shape))
    sizes = node.integers(1, "split")
    if sizes is None:
        count = node.attributes.get("num_outputs", node.outputs)
        if count != node.outputs:
            raise Unsupported(f"num_outputs = {count} of a node with {node.outputs} results; export the model again")
        chunk = -(-shape[axis] // count)
        sizes = [min(chunk, shape[axis] - chunk * index) for index in range(count)]
    if len(sizes) != node.outputs or min(sizes) < 1 or sum(sizes) != shape[axis]:
        raise Unsupported(f"parts of {sizes} do not divide dimension {axis} of {list(shape)} into {node.outputs}")
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [
        onnx.SliceOp(
            x,
            [start if a == axis else 0 for a in range(len(shape))],
            [size if a == axis else n for a, n in enumerate(shape)],
            node.name,
        )
        for start, size in zip(starts, sizes, strict=True)
    ]
