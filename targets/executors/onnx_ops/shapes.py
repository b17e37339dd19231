"""Moves: the same elements elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import Operation

from ....dialects import onnx
from ....dialects.errors import UserError
from ....dialects.onnx.base import shape_of
from .types import Array


def same_elements(op: Operation, operands: Sequence[Array]) -> Array:
    """Under the result's shape."""
    return operands[0].reshape(len(operands[0]), *shape_of(op.results[0]))


def pad(op: onnx.PadOp, operands: Sequence[Array]) -> Array:
    """x with a constant around it."""
    return np.pad(operands[0], [(0, 0), *op.margins], constant_values=operands[0].dtype.type(op.fill))


def concat(op: onnx.ConcatOp, operands: Sequence[Array]) -> Array:
    """The operands, constants among them, beside each other."""
    batch = max(len(operand) for operand in operands)
    return np.concatenate([np.broadcast_to(v, (batch, *v.shape[1:])) for v in operands], axis=op.axis_index + 1)


def slice_(op: onnx.SliceOp, operands: Sequence[Array]) -> Array:
    """A box of x."""
    box = zip(op.start_list, shape_of(op.result), strict=True)
    return operands[0][(slice(None), *(slice(start, start + size) for start, size in box))]


def gather(op: onnx.GatherOp, operands: Sequence[Array]) -> Array:
    """Elements of x at constant indices."""
    result = operands[0]
    for axis, indices in op.lists.items():
        result = result.take(indices, axis=axis + 1)
    return result


def take(op: onnx.TakeOp, operands: Sequence[Array]) -> Array:
    """Elements of x at computed indices. Raises UserError where one leaves its dimension."""
    x, indices = operands
    axis, size = op.axis_index, shape_of(op.x)[op.axis_index]
    if indices.min() < -size or indices.max() >= size:
        raise UserError(f"{op.name} '{op.label}': an index leaves a dimension of {size} on this data")
    flat = indices.reshape(len(indices), -1)
    rows = np.arange(len(x)).reshape(-1, 1)
    taken = np.moveaxis(np.moveaxis(x, axis + 1, 1)[rows, flat], 1, axis + 1)
    return taken.reshape(len(taken), *shape_of(op.result))
