"""`onnx-select-paths`: a product with a mask that selects as many rows each time becomes the sum of these rows.

A tree that is written with masks computes every node and multiplies all but those on the path by 0: Bonsai (Kumar et
al., ICML 2017) in most exports. The mask is recognized by its values: it is evaluated for every outcome of the n
comparisons that it depends on (n at most 8). Where it is 1 in exactly d places for each of them, place l of an outcome
is an entry of a table of 2^n numbers, and `mask . m` is the sum of the d rows of m at these indices, each of which is
computed alone. Where rows do not stand alone, the product stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, ModuleOp, TensorType
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import element_of, shape_of
from .folding.constants import erase_unused, insert_before
from .paths.masks import mask_of
from .paths.rows import NoRow, RowWriter

INDEX = IntegerType(16)
"""What outcomes and rows are counted in."""


@dataclass(frozen=True)
class SelectPathsPass(ModulePass):
    """Compute the rows that a mask selects, and no others."""

    name = "onnx-select-paths"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for product in [o for o in op.walk() if isinstance(o, onnx.MatMulOp)]:
            if select(product):
                Rewriter.erase_op(product)
        erase_unused(op)


def select(op: onnx.MatMulOp) -> bool:
    """Replace the uses of a product with a mask by the sum of the rows that it selects, where it is one."""
    count = shape_of(op.x)[-1]
    if prod(shape_of(op.x)) != count or len(shape_of(op.w)) != 2:
        return False
    mask = mask_of(op.x)
    rows = None if mask is None else mask.rows
    if mask is None or rows is None or rows.shape[1] >= count:
        return False
    try:
        new = sum_of_rows(op, mask.comparisons, rows)
    except NoRow:  # what is written by then has no uses
        return False
    op.result.replace_all_uses_with(new)
    return True


def sum_of_rows(op: onnx.MatMulOp, comparisons: Sequence[onnx.CompareOp], rows: NDArray[np.int64]) -> SSAValue:
    """The sum of the rows of `op.w` that each outcome selects. Raises NoRow."""
    count, shape = shape_of(op.w)[0], shape_of(op.result)
    number: SSAValue | None = None
    total: SSAValue | None = None
    for level, places in enumerate(rows.T):
        index: int | SSAValue = int(places[0])
        if (places != places[0]).any():
            number = outcome(op, comparisons) if number is None else number
            table = insert_before(op, onnx.ConstantOp(from_numpy(places.astype(np.int16))))
            index = insert_before(op, onnx.TakeOp(table, number, 0, f"{op.label}_node{level}"))
        row = RowWriter(op, count, index, f"_level{level}").row(op.w)
        type = TensorType(element_of(row), shape_of(row))
        label = op.label if level == rows.shape[1] - 1 else f"{op.label}_sum{level}"
        total = row if total is None else insert_before(op, onnx.AddOp(total, row, type, label))
    assert total is not None, "a mask selects a row"
    return total if shape_of(total) == shape else insert_before(op, onnx.ReshapeOp(total, op.result.type))


def outcome(op: onnx.MatMulOp, comparisons: Sequence[onnx.CompareOp]) -> SSAValue:
    """The number of the outcome, a scalar: the sum of flag i times 2^i."""
    flags, label = list[SSAValue](), f"{op.label}_outcome"
    for number, comparison in enumerate(comparisons):
        shape = shape_of(comparison.result)
        cast = onnx.CastOp(comparison.result, TensorType(INDEX, shape), f"{label}_flags{number}")
        view = onnx.ReshapeOp(insert_before(op, cast), TensorType(INDEX, [prod(shape)]), f"{label}_view{number}")
        flags.append(insert_before(op, view))
    together = insert_before(op, onnx.ConcatOp(flags, 0, f"{label}_flags")) if len(flags) > 1 else flags[0]
    type, scalar = TensorType(INDEX, shape_of(together)), TensorType(INDEX, [])
    powers = insert_before(op, constant(1 << np.arange(shape_of(together)[0])))
    weighted = insert_before(op, onnx.IntegerBinaryOp("mul", together, powers, type, f"{label}_bits"))
    total = insert_before(op, onnx.ReduceSumOp(weighted, [0], scalar, f"{label}_sum"))
    greatest = insert_before(op, constant(np.array((1 << shape_of(together)[0]) - 1)))
    return insert_before(op, onnx.IntegerBinaryOp("min", total, greatest, scalar, label))


def constant(array: NDArray[Any]) -> onnx.ConstantOp:
    """A constant of indices."""
    return onnx.ConstantOp(from_numpy(array.astype(np.int16)))
