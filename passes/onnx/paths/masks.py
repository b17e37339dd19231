"""Masks by value: what a vector of 0 and 1 is for every outcome of the comparisons that it is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.weights import is_weight, numbers_of
from ....targets.executors.onnx_ops import evaluate

MAX_FLAGS = 8
"""The most comparisons of which all outcomes are looked at: tables have 2^8 entries at most."""

COMPUTED = (
    *(onnx.AddOp, onnx.CastOp, onnx.ClipOp, onnx.ConcatOp, onnx.FlattenOp, onnx.GatherOp, onnx.IdentityOp),
    *(onnx.IntegerBinaryOp, onnx.IntegerUnaryOp, onnx.MaxOp, onnx.MinOp, onnx.MulOp, onnx.ReluOp, onnx.ReshapeOp),
    *(onnx.SliceOp, onnx.SqueezeOp, onnx.SubOp, onnx.TransposeOp, onnx.UnsqueezeOp, onnx.WhereOp),
)
"""Ops that a mask is computed with: few numbers, and no weights."""

MAX_ELEMENTS = 1 << 12
"""The most elements of a value on the way to a mask."""


@dataclass(frozen=True)
class Mask:
    """The comparisons that a mask is computed from, and its elements for each outcome: (2^n, elements).

    Outcome k is that in which flag i, counted through all comparisons in row-major order, is bit i of k.
    """

    comparisons: tuple[onnx.CompareOp, ...]
    table: NDArray[Any]

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """The elements that are 1, (2^n, count), the others being 0; None where they are not as many each time."""
        ones = self.table == 1
        counts = ones.sum(axis=1)
        if not ((self.table == 0) | ones).all() or counts.min() != counts.max() or not counts[0]:
            return None
        return np.nonzero(ones)[1].reshape(len(ones), -1)


def mask_of(value: SSAValue) -> Mask | None:
    """A value as a mask; None where it depends on more than some comparisons."""
    order = cone(value)
    if order is None:
        return None
    comparisons = tuple(op for op in order if isinstance(op, onnx.CompareOp))
    flags = sum(prod(shape_of(op.result)) for op in comparisons)
    if not 0 < flags <= MAX_FLAGS:
        return None
    outcomes = (np.arange(1 << flags)[:, None] >> np.arange(flags)) & 1 == 1
    values: dict[SSAValue, NDArray[Any]] = {}
    first = 0
    for op in order:
        if isinstance(op, onnx.CompareOp):
            count = prod(shape_of(op.result))
            values[op.result] = outcomes[:, first : first + count].reshape(-1, *shape_of(op.result))
            first += count
        else:
            operands = [values[operand] if operand in values else known(operand) for operand in op.operands]
            values[op.results[0]] = evaluate(op, operands)
    return Mask(comparisons, values[value].reshape(len(outcomes), -1))


def known(value: SSAValue) -> NDArray[Any]:
    """The numbers of a constant, (1, *shape)."""
    assert isinstance(value.owner, onnx.ConstantOp), "the cone ends in constants"
    return numbers_of(value.owner)[np.newaxis]


def cone(value: SSAValue) -> list[onnx.OnnxOp] | None:
    """The ops that a value is computed with from comparisons and constants, in order; None where there are others."""
    order: dict[onnx.OnnxOp, None] = {}
    waiting = [(value, False)]
    while waiting:
        current, done = waiting.pop()
        op = current.owner
        if not isinstance(op, onnx.OnnxOp) or prod(shape_of(current)) > MAX_ELEMENTS:
            return None
        if op in order:
            continue
        if done or isinstance(op, onnx.CompareOp):
            order[op] = None
            continue
        if is_weight(current):
            if not isinstance(op, onnx.ConstantOp):
                return None
            continue
        if not isinstance(op, COMPUTED):
            return None
        waiting.append((current, True))
        waiting.extend((operand, False) for operand in op.operands)
    return list(order)
