"""Importing what runs along axes: reductions, extremes and where they are, softmax, sums up to each element."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.reductions import ReductionOp
from ...dialects.onnx.scalar import ArgOp, AxisOp
from .joins import same
from .node import Node, Translation, Unsupported, axes_from_first, from_first, like

MOST_FACTORS = 16
"""The most factors of a ReduceProd: what more of them reach has no range to speak of."""

Along = Callable[[SSAValue, int, str | None], onnx.OnnxOp]
"""An op on a value along an axis, with its name."""


def along_axis(cls: type[AxisOp]) -> Translation:
    """Along one axis since opset 13; before over all dimensions from it on, as one."""

    def make(x: SSAValue, axis: int, name: str | None) -> onnx.OnnxOp:
        return cls(x, axis, like(x, shape_of(x)), name)

    def translate(node: Node) -> onnx.OnnxOp:
        x = node.operand(0)
        shape = shape_of(x)
        if node.opset >= 13:
            return make(x, node.axis(-1, len(shape)), node.name)
        first = node.axis(1, len(shape))
        long = [a for a in range(first, len(shape)) if shape[a] > 1]
        if len(long) <= 1:
            return make(x, (long or [first])[0], node.name)
        rows = (prod(shape[:first]), prod(shape[first:]))
        flat = onnx.ReshapeOp(x, like(x, rows), f"{node.name}_rows").result
        result = make(flat, 1, f"{node.name}_flat").results[0]
        return onnx.ReshapeOp(result, like(x, shape), node.name)

    return translate


def arg(cls: type[ArgOp]) -> Translation:
    """The index of an extreme."""

    def translate(node: Node) -> onnx.OnnxOp:
        x = node.operand(0)
        axis = node.axis(0, len(shape_of(x)))
        last = bool(node.attributes.get("select_last_index", 0))
        return index_of(cls, x, axis, bool(node.attributes.get("keepdims", 1)), last, node.name)

    return translate


def index_of(cls: type[ArgOp], x: SSAValue, axis: int, keeps: bool, last: bool, name: str | None) -> onnx.OnnxOp:
    """The op for the index of an extreme, an i64."""
    shape = shape_of(x)
    kept = (1,) if keeps else ()
    return cls(x, axis, like(x, (*shape[:axis], *kept, *shape[axis + 1 :]), IntegerType(64)), name, last)


def top_k(node: Node) -> list[onnx.OnnxOp]:
    """The greatest (or least) element along an axis, and its index: k = 1."""
    x = node.operand(0)
    k = node.attributes.get("k", 1) if node.optional(1) is None else node.number(1, "k")
    if k != 1:
        raise Unsupported(f"k = {k:g} is not supported, only 1")
    shape = shape_of(x)
    axis = node.axis(-1, len(shape))
    greatest = bool(node.attributes.get("largest", 1))
    value = onnx.ReduceMaxOp if greatest else onnx.ReduceMinOp
    kept = like(x, (*shape[:axis], 1, *shape[axis + 1 :]))
    index = index_of(onnx.ArgMaxOp if greatest else onnx.ArgMinOp, x, axis, True, False, node.name)
    return [value(x, [axis], kept, node.name), index]


def cum_sum(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    axis = from_first(int(node.number(1, "the axis")), len(shape_of(x)))
    exclusive, reverse = (bool(node.attributes.get(name, 0)) for name in ("exclusive", "reverse"))
    return onnx.CumSumOp(x, axis, like(x, shape_of(x)), exclusive, reverse, node.name)


def reduced_axes(node: Node) -> list[int] | None:
    """The axes of a reduction: all where none are given; None where `noop_with_empty_axes` says it means nothing."""
    rank = len(shape_of(node.operand(0)))
    axes = node.integers(1, "axes")
    if not axes and node.attributes.get("noop_with_empty_axes", 0):
        return None
    return sorted(axes_from_first(axes or range(rank), rank))


def reduced_shape(node: Node, axes: list[int]) -> list[int]:
    """The shape of a reduction's result: its axes are kept as 1, or dropped."""
    kept = bool(node.attributes.get("keepdims", 1))
    shape = shape_of(node.operand(0))
    return [1 if a in axes else n for a, n in enumerate(shape) if kept or a not in axes]


def reduction(cls: type[ReductionOp]) -> Translation:
    """A function of all elements along some axes."""

    def translate(node: Node) -> onnx.OnnxOp:
        x, axes = node.operand(0), reduced_axes(node)
        if axes is None:
            return same(node)
        return cls(x, axes, like(x, reduced_shape(node, axes)), node.name)

    return translate


def reduce_prod(node: Node) -> onnx.OnnxOp:
    """Products of slices, two and two: at most 16 factors."""
    x, axes = node.operand(0), reduced_axes(node)
    if axes is None:
        return same(node)
    count = prod(shape_of(x)[a] for a in axes)
    if count > MOST_FACTORS:
        raise Unsupported(f"a product of {count:,} numbers has no range that integers hold; at most {MOST_FACTORS}")
    value, number = x, 0
    for axis in axes:
        parts = slices(value, axis, f"{node.name}_{axis}")
        while len(parts) > 1:
            pairs = list(zip(parts[::2], parts[1::2], strict=False))
            odd = parts[-1:] if len(parts) % 2 else []
            products: list[SSAValue] = []
            for lhs, rhs in pairs:
                number += 1
                products.append(onnx.MulOp(lhs, rhs, like(lhs, shape_of(lhs)), f"{node.name}_{number}").result)
            parts = products + odd
        value = parts[0]
    return onnx.ReshapeOp(value, like(x, reduced_shape(node, axes)), node.name)


def slices(x: SSAValue, axis: int, name: str) -> list[SSAValue]:
    """A value cut along an axis into pieces of size 1."""
    shape = list(shape_of(x))
    size, shape[axis] = shape[axis], 1
    if size == 1:
        return [x]
    starts = [[i if a == axis else 0 for a in range(len(shape))] for i in range(size)]
    return [onnx.SliceOp(x, start, shape, f"{name}_{i}").result for i, start in enumerate(starts)]
