"""Translations of layers: convolutions, pools, normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import shape_of, taps_inside, window_shape
from ...dialects.onnx.weights import is_weight
from .node import Node, Unsupported, like


@dataclass(frozen=True)
class WindowAttributes:
    """A sliding window with every attribute explicit."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]


def window_attributes(
    node: Node, spatial: Sequence[int], kernel: Sequence[int], ranks: Sequence[int] = (1, 2)
) -> WindowAttributes:
    """Resolve defaults, `auto_pad` and `ceil_mode` (ONNX Conv and pooling specifications)."""
    rank = len(spatial)
    strides = tuple(node.attributes.get("strides", [1] * rank))
    dilations = tuple(node.attributes.get("dilations", [1] * rank))
    pads = list(node.attributes.get("pads", [0] * 2 * rank))
    auto_pad = node.attributes.get("auto_pad", "NOTSET")
    if rank not in ranks:
        raise Unsupported(f"{rank}-dimensional windows are not supported, only {' and '.join(f'{n}-D' for n in ranks)}")
    if not len(kernel) == len(strides) == len(dilations) == rank or len(pads) != 2 * rank:
        raise Unsupported(
            f"window {list(kernel)}, strides {list(strides)}, dilations {list(dilations)} and pads {pads} "
            f"do not fit {rank} dimensions"
        )
    if auto_pad not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise Unsupported(f"auto_pad = {in_terminal(repr(auto_pad))} is none of ONNX's; use explicit pads")
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        for axis in range(rank):
            positions = -(-spatial[axis] // strides[axis])
            reach = (positions - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1
            total = max(0, reach - spatial[axis])
            small, large = total // 2, total - total // 2
            first, last = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
            pads[axis], pads[axis + rank] = first, last
    elif auto_pad == "VALID":
        pads = [0] * 2 * rank
    if any(p < 0 for p in pads):
        raise Unsupported(f"negative pads {pads} are not supported; slice the input instead")
    if node.attributes.get("ceil_mode", 0):
        for axis in range(rank):
            room = spatial[axis] + pads[axis] + pads[axis + rank] - dilations[axis] * (kernel[axis] - 1) - 1
            starts_inside = (room // strides[axis] + 1) * strides[axis] < spatial[axis] + pads[axis]
            if room % strides[axis] and starts_inside:
                pads[axis + rank] += strides[axis] - room % strides[axis]
    return WindowAttributes(tuple(kernel), strides, dilations, tuple(pads))


def conv(node: Node) -> onnx.OnnxOp:
    x, w = node.operand(0), node.operand(1)
    bias = node.optional(2)
    if not is_weight(w) or (bias is not None and not is_weight(bias)):
        raise Unsupported("weights and bias must be constants")
    x_shape, w_shape = shape_of(x), shape_of(w)
    if list(node.attributes.get("kernel_shape", w_shape[2:])) != list(w_shape[2:]):
        raise Unsupported(f"kernel_shape {node.attributes['kernel_shape']} is not that of weights {list(w_shape)}")
    a = window_attributes(node, x_shape[2:], w_shape[2:])
    positions = window_shape(x_shape[2:], a.kernel, a.strides, a.dilations, a.pads)
    type = like(x, (x_shape[0], w_shape[0], *positions))
    group = node.attributes.get("group", 1)
    return onnx.ConvOp(x, w, bias, type, a.strides, a.pads, a.dilations, group, node.name)


def pool_attributes(node: Node, spatial: Sequence[int]) -> WindowAttributes:
    """Raises Unsupported where a window lies in the padding only, and have no maximum or mean."""
    a = window_attributes(node, spatial, node.attributes["kernel_shape"], (1, 2, 3))
    for axis, positions in enumerate(window_shape(spatial, a.kernel, a.strides, a.dilations, a.pads)):
        node.budget.check((positions,), "a dimension of the result")
        extent = range(spatial[axis])
        if not taps_inside(positions, a.kernel[axis], a.strides[axis], a.dilations[axis], a.pads[axis], extent).all():
            raise Unsupported(
                f"with pads {list(a.pads)} some windows {list(a.kernel)} lie in the padding only; pad less"
            )
    return a


def max_pool(node: Node) -> onnx.OnnxOp:
    """The order in which indices count means nothing without these."""
    x = node.operand(0)
    a = pool_attributes(node, shape_of(x)[2:])
    positions = window_shape(shape_of(x)[2:], a.kernel, a.strides, a.dilations, a.pads)
    type = like(x, (*shape_of(x)[:2], *positions))
    return onnx.MaxPoolOp(x, type, a.kernel, a.strides, a.pads, a.dilations, node.name)


def average_pool(node: Node) -> onnx.OnnxOp:
    if node.attributes.get("ceil_mode", 0) and node.attributes.get("count_include_pad", 0):
        node = padded_before(node)
    x = node.operand(0)
    a = pool_attributes(node, shape_of(x)[2:])
    positions = window_shape(shape_of(x)[2:], a.kernel, a.strides, a.dilations, a.pads)
    type = like(x, (*shape_of(x)[:2], *positions))
    include = bool(node.attributes.get("count_include_pad", 0))
    return onnx.AveragePoolOp(x, type, a.kernel, a.strides, a.pads, a.dilations, include, node.name)


def padded_before(node: Node) -> Node:
    """A pool whose declared padding counts, behind a Pad: what `ceil_mode` adds to it does not count."""
    x = node.operand(0)
    declared, reached = (
        window_attributes(one, shape_of(x)[2:], node.attributes["kernel_shape"], (1, 2, 3)).pads
        for one in (replace(node, attributes={**node.attributes, "ceil_mode": 0}), node)
    )
    rank, extra = len(declared) // 2, [b - a for a, b in zip(declared, reached, strict=True)]
    told = {"auto_pad": "NOTSET", "pads": extra, "count_include_pad": 0, "ceil_mode": 0}
    if any(declared):
        x = onnx.PadOp(x, (0, 0, *declared[:rank], 0, 0, *declared[rank:]), 0.0, node.name).result
    return replace(node, operands=(x,), attributes={**node.attributes, **told})


def global_max_pool(node: Node) -> onnx.OnnxOp:
    """A pool whose window is the whole image."""
    x = node.operand(0)
    shape = shape_of(x)
    ones = (1,) * (len(shape) - 2)
    return onnx.MaxPoolOp(x, like(x, (*shape[:2], *ones)), shape[2:], ones, (0,) * 2 * len(ones), ones, node.name)


def global_average_pool(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    return onnx.GlobalAveragePoolOp(x, like(x, (*shape[:2], *(1 for _ in shape[2:]))), node.name)


def batch_normalization(node: Node) -> onnx.OnnxOp:
    node.refuse(training_mode=0, spatial=1)
    parameters = [onnx.ConstantOp(from_numpy(node.constant(i, "a parameter")), node.name) for i in range(1, 5)]
    operands = [node.operand(0), *(parameter.result for parameter in parameters)]
    return onnx.BatchNormalizationOp(
        operands, node.attributes.get("epsilon", 1e-5), like(operands[0], shape_of(operands[0])), node.name
    )
