"""Importing operators that change shapes and move elements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...dialects import onnx
from ...dialects.dense import splat
from ...dialects.harmless import in_terminal
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


def depth_to_space(node: Node) -> onnx.OnnxOp:
    """Blocks of channels to blocks of pixels; in mode DCR the block's place counts before the channel, in CRD after."""
    mode, size = node.attributes.get("mode", "DCR"), node.attributes["blocksize"]
    n, channels, *image = image_of(node)
    if size < 1 or channels % size ** len(image) or mode not in ("DCR", "CRD"):
        raise Unsupported(f"blocksize {size} in mode {in_terminal(repr(mode))} of {channels} channels; export it again")
    rank, depth = len(image), channels // size ** len(image)
    block = (size,) * rank
    split = (n, *block, depth, *image) if mode == "DCR" else (n, depth, *block, *image)
    first = 1 if mode == "DCR" else 2
    places = [
        axis for pair in zip(range(2 + rank, 2 + 2 * rank), range(first, first + rank), strict=True) for axis in pair
    ]
    result = (n, depth, *(extent * size for extent in image))
    return rearranged(node, split, (0, 1 + rank if mode == "DCR" else 1, *places), result)


def space_to_depth(node: Node) -> onnx.OnnxOp:
    """Blocks of pixels to channels; in mode DCR the block's place counts before the channel, in CRD after."""
    mode, size = node.attributes.get("mode", "DCR"), node.attributes["blocksize"]
    n, channels, *image = image_of(node)
    if size < 1 or any(extent % size for extent in image) or mode not in ("DCR", "CRD"):
        raise Unsupported(f"blocksize {size} in mode {in_terminal(repr(mode))} of an image {image}; pad it before")
    rank = len(image)
    split = (n, channels, *(part for extent in image for part in (extent // size, size)))
    block, blocks = range(3, 3 + 2 * rank, 2), range(2, 2 + 2 * rank, 2)
    order = (0, *block, 1, *blocks) if mode == "DCR" else (0, 1, *block, *blocks)
    result = (n, channels * size**rank, *(extent // size for extent in image))
    return rearranged(node, split, order, result)


def image_of(node: Node) -> tuple[int, ...]:
    """The shape of the operand, [N, C, H, W]."""
    shape = shape_of(node.operand(0))
    if len(shape) != 4:
        raise Unsupported(f"expected [N, C, H, W], got {list(shape)}; export the model again")
    return shape


def rearranged(node: Node, split: Sequence[int], order: Sequence[int], result: Sequence[int]) -> onnx.OnnxOp:
    """A reshape, a transpose and a reshape."""
    x = node.operand(0)
    parts = onnx.ReshapeOp(x, like(x, split), node.name).result
    moved = onnx.TransposeOp(parts, order, like(x, [split[axis] for axis in order]), node.name).result
    return onnx.ReshapeOp(moved, like(x, result), node.name)


def center_crop_pad(node: Node) -> onnx.OnnxOp:
    """The middle of each dimension, or zeros around it; of an odd number one more at the end."""
    x, stated = node.operand(0), node.listed(1, "the shape")
    shape, rank = shape_of(x), len(shape_of(x))
    axes = axes_from_first(node.attributes.get("axes", list(range(rank))), rank)
    if len(stated) != len(axes) or min(stated, default=1) < 1:
        raise Unsupported(f"shape {stated} for axes {axes}; export the model again")
    target = list(shape)
    for axis, size in zip(axes, stated, strict=True):
        target[axis] = size
    before = [abs(n - size) // 2 for n, size in zip(shape, target, strict=True)]
    cut = [min(n, size) for n, size in zip(shape, target, strict=True)]
    starts = [start if n > size else 0 for start, n, size in zip(before, shape, target, strict=True)]
    middle = onnx.SliceOp(x, starts, cut, node.name)
    if cut == target:
        return middle
    pads = [start if n < size else 0 for start, n, size in zip(before, shape, target, strict=True)]
    pads += [size - n - start for n, size, start in zip(cut, target, pads, strict=True)]
    return onnx.PadOp(middle.result, pads, 0.0, node.name)


def transpose(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    perm = node.attributes.get("perm", list(range(len(shape)))[::-1])
    if sorted(perm) != list(range(len(shape))):
        raise Unsupported(f"perm {perm} is not a permutation of {len(shape)} dimensions")
    return onnx.TransposeOp(x, perm, like(x, [shape[a] for a in perm]), node.name)
