"""Translations of what takes elements from places known at import: Gather and its kin, Tile, Expand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i1
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.progressions import MAX_PARTS, parts, progression
from ...dialects.onnx.weights import is_weight
from .node import Node, Unsupported, like

Indices = NDArray[np.int64]


def taken(node: Node, x: SSAValue, lists: Mapping[int, Sequence[int] | Indices]) -> onnx.OnnxOp:
    """The elements of x at the indices along each dimension; x itself where these are all, in order."""
    shape = shape_of(x)
    moved = {axis: np.asarray(row, np.int64) for axis, row in lists.items()}
    moved = {axis: row for axis, row in moved.items() if not np.array_equal(row, np.arange(shape[axis]))}
    sizes = [len(moved[axis]) if axis in moved else size for axis, size in enumerate(shape)]
    if min(sizes, default=1) < 1:
        raise Unsupported(f"the result of shape {sizes} is empty; export the model again")
    node.budget.check(sizes, "the result")
    if not is_weight(x):
        for axis, row in moved.items():
            if progression(row) is None and len(parts(row)) > MAX_PARTS:
                raise Unsupported(
                    f"its indices along dimension {axis} consist of more than {MAX_PARTS} runs; put the elements in "
                    "that order before the model, or use fewer"
                )
    if not moved:
        return onnx.IdentityOp(x, like(x, shape), node.name)
    return onnx.GatherOp(x, {axis: row.tolist() for axis, row in moved.items()}, node.name)


def reshaped(node: Node, x: SSAValue, shape: Sequence[int]) -> SSAValue:
    """x under another shape."""
    return x if shape_of(x) == tuple(shape) else onnx.ReshapeOp(x, like(x, shape), node.name).result


def viewed(node: Node, op: onnx.OnnxOp, shape: Sequence[int]) -> onnx.OnnxOp:
    """The result of an op under another shape."""
    if shape_of(op.results[0]) == tuple(shape):
        return op
    return onnx.ReshapeOp(op.results[0], like(op.results[0], shape), node.name)


def indices_of(node: Node, index: int) -> Indices:
    """The value of an operand that holds indices, which must be known now."""
    if not is_weight(node.operand(index)):
        raise Unsupported(
            "index computed at run time; constant indices are supported: look tables up before the model, or fold "
            "constants before exporting"
        )
    array = node.constant(index, "the indices")
    if array.dtype.kind not in "iu":
        raise Unsupported(f"indices must be integers, not {array.dtype}; export the model again")
    return array.astype(np.int64)


def from_zero(indices: Indices, size: int | Indices) -> Indices:
    """Indices counted from the first. Raises Unsupported where one leaves its dimension."""
    if (indices >= size).any() or (indices < -np.asarray(size)).any():
        raise Unsupported(f"an index leaves a dimension of {np.max(size)}; export the model again")
    return np.where(indices < 0, indices + size, indices)


def gather(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    axis = node.axis(0, len(shape))
    if not is_weight(node.operand(1)):
        return computed_gather(node, x, axis)
    indices = indices_of(node, 1)
    node.budget.check([*shape[:axis], *indices.shape, *shape[axis + 1 :]], "the result")
    op = taken(node, x, {axis: from_zero(indices, shape[axis]).reshape(-1)})
    return viewed(node, op, [*shape[:axis], *indices.shape, *shape[axis + 1 :]])


def computed_gather(node: Node, x: SSAValue, axis: int) -> onnx.OnnxOp:
    """Along one dimension at indices that the model computes."""
    indices = node.operand(1)
    element, shape = element_of(indices), shape_of(x)
    if not isinstance(element, IntegerType) or element == i1:
        raise Unsupported(f"indices must be integers, not {element}; export the model again")
    node.budget.check([*shape[:axis], *shape_of(indices), *shape[axis + 1 :]], "the result")
    return onnx.TakeOp(x, indices, axis, node.name)


def gather_elements(node: Node) -> onnx.OnnxOp:
    """Along one dimension where the indices are the same all along the others, else one by one."""
    x = node.operand(0)
    shape = shape_of(x)
    axis = node.axis(0, len(shape))
    indices = from_zero(indices_of(node, 1), shape[axis])
    if indices.ndim != len(shape) or not indices.size:
        raise Unsupported(f"indices of shape {list(indices.shape)} for {list(shape)}; export the model again")
    column = indices[tuple(slice(None) if a == axis else slice(0, 1) for a in range(len(shape)))]
    others = [indices.shape[a] == n for a, n in enumerate(shape) if a != axis]
    if all(others) and (indices == column).all():
        return taken(node, x, {axis: column.reshape(-1)})
    return by_number(node, x, element_numbers(indices, axis, shape), indices.shape)


def element_numbers(indices: Indices, axis: int, shape: Sequence[int]) -> Indices:
    """The row-major numbers of the elements that indices along one dimension, each at its own place, name."""
    place: list[Any] = list(np.indices(indices.shape))
    place[axis] = indices
    if any(size > whole for a, (size, whole) in enumerate(zip(indices.shape, shape, strict=True)) if a != axis):
        raise Unsupported(f"indices of shape {list(indices.shape)} leave {list(shape)}; export the model again")
    return np.ravel_multi_index(place, tuple(shape)).reshape(-1).astype(np.int64)


def by_number(node: Node, x: SSAValue, numbers: Indices, shape: Sequence[int]) -> onnx.OnnxOp:
    """Elements of x by their row-major numbers, in blocks where whole blocks are taken."""
    block = block_size(numbers, prod(shape_of(x)))
    flat = reshaped(node, x, (prod(shape_of(x)) // block, block))
    return viewed(node, taken(node, flat, {0: numbers[::block] // block}), shape)


def block_size(numbers: Indices, whole: int) -> int:
    """The most neighbouring elements that are always taken together and begin at a multiple of their number."""
    jumps = np.flatnonzero(np.diff(numbers) != 1) + 1
    bounds = np.concatenate([[0, len(numbers), whole], jumps, numbers[jumps], numbers[:1]])
    return int(np.gcd.reduce(bounds))


def gather_nd(node: Node) -> onnx.OnnxOp:
    """The leading dimensions that the indices count in become one."""
    x, indices = node.operand(0), indices_of(node, 1)
    shape, batch = shape_of(x), node.attributes.get("batch_dims", 0)
    depth = batch + indices.shape[-1] if indices.ndim else 0
    if not 0 <= batch < max(1, indices.ndim) or not 0 < depth <= len(shape) or indices.shape[:batch] != shape[:batch]:
        raise Unsupported(f"indices of shape {list(indices.shape)} for {list(shape)}; export the model again")
    numbers = tuple_numbers(indices, shape[batch:depth])
    if batch:
        rows = np.ravel_multi_index(tuple(np.indices(indices.shape[:-1])[:batch]), shape[:batch])
        numbers = numbers + rows * prod(shape[batch:depth])
    flat = reshaped(node, x, (prod(shape[:depth]), *shape[depth:]))
    node.budget.check([*numbers.shape, *shape[depth:]], "the result")
    return viewed(node, taken(node, flat, {0: numbers.reshape(-1)}), [*numbers.shape, *shape[depth:]])


def tuple_numbers(indices: Indices, shape: Sequence[int]) -> Indices:
    """The row-major numbers of indices that lie along the last dimension."""
    inside = from_zero(indices, np.asarray(shape, np.int64))
    return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(inside, -1, 0)), tuple(shape)), np.int64)


def scatter_elements(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    axis = node.axis(0, len(shape))
    indices = from_zero(indices_of(node, 1), shape[axis])
    if indices.ndim != len(shape) or shape_of(node.operand(2)) != indices.shape:
        raise Unsupported(f"indices of shape {list(indices.shape)} for {list(shape)}; export the model again")
    return scattered(node, x, element_numbers(indices, axis, shape))


def scatter_nd(node: Node) -> onnx.OnnxOp:
    x, indices = node.operand(0), indices_of(node, 1)
    shape, depth = shape_of(x), indices.shape[-1] if indices.ndim else 0
    if not 0 < depth <= len(shape) or shape_of(node.operand(2)) != (*indices.shape[:-1], *shape[depth:]):
        raise Unsupported(f"indices of shape {list(indices.shape)} for {list(shape)}; export the model again")
    rest = prod(shape[depth:])
    node.budget.check([*indices.shape[:-1], rest], "the updates")
    rows = tuple_numbers(indices, shape[:depth]).reshape(-1, 1)
    return scattered(node, x, (rows * rest + np.arange(rest)).reshape(-1))


def scattered(node: Node, x: SSAValue, numbers: Indices) -> onnx.OnnxOp:
    """x with the updates at these elements: elements of both beside each other, each from its place."""
    node.refuse(reduction="none")
    whole, count = prod(shape_of(x)), len(numbers)
    node.budget.check((whole + count,), "x and its updates")
    if len(np.unique(numbers)) != count:
        raise Unsupported("two updates have the same place; export the model again")
    sources = np.arange(whole)
    sources[numbers] = whole + np.arange(count)
    flat = [reshaped(node, value, (size,)) for value, size in ((x, whole), (node.operand(2), count))]
    return by_number(node, onnx.ConcatOp(flat, 0, node.name).result, sources, shape_of(x))


def tile(node: Node) -> onnx.OnnxOp:
    x, repeats = node.operand(0), node.listed(1, "the repeats")
    shape = shape_of(x)
    if len(repeats) != len(shape) or min(repeats, default=1) < 1:
        raise Unsupported(f"repeats {repeats} of shape {list(shape)}; export the model again")
    node.budget.check([n * r for n, r in zip(shape, repeats, strict=True)], "the result")
    return taken(node, x, {a: np.tile(np.arange(n), r) for a, (n, r) in enumerate(zip(shape, repeats, strict=True))})


def expand(node: Node) -> onnx.OnnxOp:
    x, stated = node.operand(0), node.listed(1, "the shape")
    node.budget.check(stated, "the result")
    shape = np.broadcast_shapes(shape_of(x), tuple(stated))
    node.budget.check(shape, "the result")
    before = (1,) * (len(shape) - len(shape_of(x))) + shape_of(x)
    lists = {a: np.zeros(n, np.int64) for a, n in enumerate(shape) if n != before[a]}
    return taken(node, reshaped(node, x, before), lists)


def compress(node: Node) -> onnx.OnnxOp:
    """Of all elements where no axis is given."""
    x, kept = node.operand(0), np.flatnonzero(node.constant(1, "the condition"))
    axis: Any = node.attributes.get("axis")
    if axis is None:
        x, axis = reshaped(node, x, (prod(shape_of(x)),)), 0
    axis = node.axis(0, len(shape_of(x)))
    if not len(kept) or kept[-1] >= shape_of(x)[axis]:
        raise Unsupported(f"its condition keeps nothing of dimension {axis}, or more than there is; export it again")
    return taken(node, x, {axis: kept})


def reverse_sequence(node: Node) -> onnx.OnnxOp:
    """Along one dimension where all sequences are equally long, else over both."""
    x, lengths = node.operand(0), indices_of(node, 1)
    shape = shape_of(x)
    batch, time = node.attributes.get("batch_axis", 1), node.attributes.get("time_axis", 0)
    if len(shape) < 2 or {batch, time} != {0, 1} or lengths.shape != (shape[batch],):
        raise Unsupported(f"lengths {list(lengths.shape)} along dimension {batch} of {list(shape)}; export it again")
    if (lengths < 0).any() or (lengths > shape[time]).any():
        raise Unsupported(f"a sequence of {int(lengths.max())} does not fit {shape[time]}; export the model again")
    steps = np.arange(shape[time])
    rows = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    if (rows == rows[0]).all():
        return taken(node, x, {time: rows[0]})
    numbers = rows * shape[1] + np.arange(shape[batch])[:, None] if time == 0 else rows
    if time == 1:
        numbers = numbers + np.arange(shape[batch])[:, None] * shape[1]
    flat = reshaped(node, x, (shape[0] * shape[1], *shape[2:]))
    numbers = numbers.T if time == 0 else numbers
    return viewed(node, taken(node, flat, {0: numbers.reshape(-1)}), shape)
