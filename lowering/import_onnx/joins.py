"""Translations of what puts tensors beside each other and cuts them: Pad, Concat, Slice, Split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import dtype_of, from_numpy
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import element_of, shape_of
from .moves import Indices, taken
from .node import Node, Unsupported, axes_from_first, from_first, like


def pad(node: Node) -> onnx.OnnxOp:
    """Attributes before opset 11, inputs since; axes that are left out get nothing."""
    x, mode = node.operand(0), node.attributes.get("mode", "constant")
    rank = len(shape_of(x))
    counts = node.integers(1, "pads") or []
    axes = axes_from_first(node.integers(3, "axes") or range(rank), rank)
    if len(counts) != 2 * len(axes):
        raise Unsupported(f"pads {counts} do not fit axes {axes}; export the model again")
    pads = [0] * 2 * rank
    for index, axis in enumerate(axes):
        pads[axis], pads[axis + rank] = counts[index], counts[index + len(axes)]
    if mode != "constant":
        return repeated(node, pads)
    value = float(node.attributes.get("value", 0.0))
    if node.optional(2) is not None and node.constant(2, "the padded value").size:
        value = float(node.constant(2, "the padded value").reshape(-1)[0])
    if min(pads, default=0) < 0:
        x = cropped(node, x, pads).results[0]
    pads = [max(0, n) for n in pads]
    if any(pads):
        return onnx.PadOp(x, pads, value, node.name)
    return x.owner if isinstance(x.owner, onnx.SliceOp) and x.owner.parent is None else same(node)


def cropped(node: Node, x: SSAValue, pads: Sequence[int]) -> onnx.SliceOp:
    """x without what negative pads take away."""
    shape, rank = shape_of(x), len(shape_of(x))
    starts = [max(0, -before) for before in pads[:rank]]
    sizes = [n - start - max(0, -after) for n, start, after in zip(shape, starts, pads[rank:], strict=True)]
    if min(sizes) < 1:
        raise Unsupported(f"pads {list(pads)} leave nothing of shape {list(shape)}; export the model again")
    return onnx.SliceOp(x, starts, sizes, node.name)


def repeated(node: Node, pads: Sequence[int]) -> onnx.OnnxOp:
    """x with its own elements around it: `edge`, `reflect` (without the edge) or `wrap`."""
    x, mode = node.operand(0), node.attributes["mode"]
    shape, rank = shape_of(x), len(shape_of(x))
    node.budget.check([max(0, n + pads[a] + pads[a + rank]) for a, n in enumerate(shape)], "the result")
    lists: dict[int, Indices] = {}
    for axis, size in enumerate(shape):
        place = np.arange(-pads[axis], size + pads[axis + rank])
        if mode == "edge":
            lists[axis] = np.clip(place, 0, size - 1)
        elif mode == "wrap":
            lists[axis] = place % size
        elif mode == "reflect":
            period = max(1, 2 * (size - 1))
            lists[axis] = np.minimum(place % period, -place % period)
        else:
            raise Unsupported(f"mode {in_terminal(repr(mode))} is none of ONNX's; export the model again")
    return taken(node, x, lists)


def same(node: Node) -> onnx.OnnxOp:
    """The first operand."""
    x = node.operand(0)
    return onnx.IdentityOp(x, like(x, shape_of(x)), node.name)


def concat(node: Node) -> onnx.OnnxOp:
    parts = [node.operand(index) for index in range(len(node.operands))]
    parts = [part for part in parts if 0 not in shape_of(part)] or parts[:1]
    ranks = {len(shape_of(part)) for part in parts}
    if len(ranks) != 1:
        raise Unsupported(f"operands of {sorted(ranks)} dimensions do not go beside each other")
    axis = from_first(node.attributes["axis"], ranks.pop())
    if len(parts) > 1:
        return onnx.ConcatOp(parts, axis, node.name)
    return onnx.IdentityOp(parts[0], like(parts[0], shape_of(parts[0])), node.name)


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
    if 0 in steps:
        raise Unsupported(f"steps {steps} go nowhere; export the model again")
    cuts = {a: slice(*cut) for a, *cut in zip(axes_from_first(axes, len(shape)), starts, ends, steps, strict=True)}
    ranges = {axis: range(*cut.indices(shape[axis])) for axis, cut in cuts.items()}
    sizes = [len(ranges[axis]) if axis in ranges else size for axis, size in enumerate(shape)]
    if min(sizes, default=1) < 1:
        return nothing(x, sizes, node.name)
    if any(row.step != 1 for row in ranges.values()):
        return taken(node, x, {axis: np.array(row) for axis, row in ranges.items()})
    return onnx.SliceOp(x, [ranges[a].start if a in ranges else 0 for a in range(len(shape))], sizes, node.name)


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
    if len(sizes) != node.outputs or min(sizes) < 0 or sum(sizes) != shape[axis]:
        raise Unsupported(f"parts of {sizes} do not divide dimension {axis} of {list(shape)} into {node.outputs}")
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [part(node, x, axis, start, size) for start, size in zip(starts, sizes, strict=True)]


def part(node: Node, x: SSAValue, axis: int, start: int, size: int) -> onnx.OnnxOp:
    """So many of a value's numbers along a dimension."""
    shape = [size if a == axis else n for a, n in enumerate(shape_of(x))]
    if size == 0:
        return nothing(x, shape, node.name)
    return onnx.SliceOp(x, [start if a == axis else 0 for a in range(len(shape))], shape, node.name)


def nothing(x: SSAValue, shape: Sequence[int], name: str) -> onnx.OnnxOp:
    """A value without numbers, of the type of another: a part that a concatenation leaves out, and all else refuses."""
    return onnx.ConstantOp(from_numpy(np.empty(shape, dtype_of(element_of(x))), element_of(x)), name)
