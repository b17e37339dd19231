"""The translation of ConvTranspose."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.harmless import in_terminal
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.conv_transpose import full_shape
from ...dialects.onnx.weights import is_weight
from .node import Node, Unsupported, like


def conv_transpose(node: Node) -> onnx.OnnxOp:
    """Pads from `auto_pad`, `output_shape` or `output_padding` (ONNX operator specification, ConvTranspose)."""
    x, w, bias = node.operand(0), node.operand(1), node.optional(2)
    if not is_weight(w) or (bias is not None and not is_weight(bias)):
        raise Unsupported("weights and bias must be constants")
    shape, kernel, rank = shape_of(x), shape_of(w)[2:], len(shape_of(x)) - 2
    group = node.attributes.get("group", 1)
    if rank not in (1, 2) or len(kernel) != rank:
        raise Unsupported(f"{rank}-dimensional windows are not supported, only 1-D and 2-D")
    if list(node.attributes.get("kernel_shape", kernel)) != list(kernel):
        raise Unsupported(f"kernel_shape {node.attributes['kernel_shape']} is not that of weights {list(shape_of(w))}")
    strides = node.attributes.get("strides", [1] * rank)
    dilations = node.attributes.get("dilations", [1] * rank)
    extra = node.attributes.get("output_padding", [0] * rank)
    if not len(strides) == len(dilations) == len(extra) == rank or not all(0 <= n <= 1 << 16 for n in extra):
        raise Unsupported(
            f"strides {strides}, dilations {dilations}, output_padding {extra} do not fit {rank} dimensions"
        )
    pads = pads_of(node, full_shape(shape[2:], kernel, strides, dilations, [0] * 2 * rank), strides, extra)
    positions = full_shape(shape[2:], kernel, strides, dilations, pads)
    weights = as_of_conv(node, w, group)
    type = like(x, (shape[0], shape_of(weights)[0], *positions))
    return onnx.ConvTransposeOp(x, weights, bias, type, strides, pads, dilations, group, node.name)


def pads_of(node: Node, full: Sequence[int], strides: Sequence[int], extra: Sequence[int]) -> list[int]:
    """What is cut off the full result, before each dimension and then after each."""
    rank = len(full)
    pads = list(node.attributes.get("pads", [0] * 2 * rank))
    auto_pad, wanted = node.attributes.get("auto_pad", "NOTSET"), node.attributes.get("output_shape")
    if auto_pad not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise Unsupported(f"auto_pad = {in_terminal(repr(auto_pad))} is none of ONNX's; use explicit pads")
    if len(pads) != 2 * rank or min(pads) < 0:
        raise Unsupported(f"pads {pads} do not fit {rank} dimensions; use explicit pads of at least 0")
    if wanted is None and auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [n * stride for n, stride in zip(shape_of(node.operand(0))[2:], strides, strict=True)]
    if wanted is None:
        pads = [0] * 2 * rank if auto_pad == "VALID" else pads
        return [*pads[:rank], *(after - more for after, more in zip(pads[rank:], extra, strict=True))]
    wanted = wanted[-rank:]
    if len(wanted) != rank or min(wanted) < 1:
        raise Unsupported(f"output_shape {wanted} does not fit {rank} dimensions")
    node.budget.check(wanted, "the result")
    cut = [n + more - size for n, more, size in zip(full, extra, wanted, strict=True)]
    first = [max(0, n) // 2 if auto_pad == "SAME_UPPER" else (max(0, n) + 1) // 2 for n in cut]
    return [*first, *(n - begin - more for n, begin, more in zip(cut, first, extra, strict=True))]


def as_of_conv(node: Node, w: SSAValue, group: int) -> SSAValue:
    """Weights [C, O / group, window...] as [O, C / group, window...]."""
    channels, depth, *window = shape_of(w)
    if group < 1 or channels % group:
        raise Unsupported(f"{channels} channels do not make {group} groups; export the model again")
    spatial = range(2, 2 + len(window))
    if group == 1:
        return onnx.TransposeOp(w, (1, 0, *spatial), like(w, (depth, channels, *window)), node.name).result
    if isinstance(w.owner, onnx.DequantizeLinearOp) and w.owner.scales_array.size > 1:
        raise Unsupported("scales per channel of weights in groups are not supported; quantize them per tensor")
    inputs = channels // group
    split = onnx.ReshapeOp(w, like(w, (group, inputs, depth, *window)), node.name).result
    order, moved = (0, 2, 1, *(axis + 1 for axis in spatial)), (group, depth, inputs, *window)
    turned = onnx.TransposeOp(split, order, like(w, moved), node.name).result
    return onnx.ReshapeOp(turned, like(w, (group * depth, inputs, *window)), node.name).result
