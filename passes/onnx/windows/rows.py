"""Which values of a model have rows of their own for rows of its input, and which ops make row of row.

A row of a value depends on some rows of the input and on none behind them, so that a program to which rows come one
after the other computes each once. That ends where an op needs all rows, or pads behind the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.functions import FunctionOp
from ....dialects.onnx.scalar import BinaryOp, ElementwiseOp, QuantizationOp
from ....dialects.onnx.shapes import SameElementsOp
from ....dialects.onnx.weights import is_weight

FIRST_SPATIAL = 2
"""The first dimension along which windows move."""


@dataclass(frozen=True)
class Rows:
    """A value has a row, an index of `axis`, for every `stride` rows of the input.

    `quiet` is one that is 0 before the first row, as padding has it.
    """

    axis: int
    stride: int
    quiet: bool = True


@dataclass(frozen=True)
class Window:
    """How a layer's window moves along rows: `size` rows that move by `stride`, `before` of them padding at first."""

    size: int
    stride: int
    before: int

    @property
    def is_causal(self) -> bool:
        """True where the padding is as many rows as a step keeps."""
        return self.before == self.size - self.stride


class NoRowsError(Exception):
    """Why the result of an op has no rows."""


Rule = Callable[[Operation, Rows, int], Rows]
"""The rows of an op's result, from those of its operand and the rows of the whole input. Raises NoRowsError."""


def rows_of(op: Operation, known: Mapping[SSAValue, Rows], whole: int) -> Rows:
    """The rows of an op's result; `known` has those of values before it. Raises NoRowsError."""
    rule = next((rule for kind, rule in RULES if isinstance(op, kind)), None)
    moving = [known[v] for v in op.operands if v in known]
    others = [v for v in op.operands if v not in known and not is_weight(v)]
    kinds = {(rows.axis, rows.stride) for rows in moving}
    if rule is None or others or len(kinds) != 1 or len(op.results) != 1:
        raise NoRowsError("needs all rows")
    return rule(op, replace(moving[0], quiet=all(rows.quiet for rows in moving)), whole)


def window_of(op: Operation, axis: int) -> Window:
    """The window of a layer along a dimension. Raises NoRowsError for dilated ones, and such that pad behind."""
    assert isinstance(op, onnx.ConvOp | onnx.MaxPoolOp | onnx.AveragePoolOp)
    dim, rank = axis - FIRST_SPATIAL, len(op.stride_list)
    sizes = shape_of(op.w)[FIRST_SPATIAL:] if isinstance(op, onnx.ConvOp) else op.kernel_list
    dilated = (sizes[dim] - 1) * op.dilation_list[dim] + 1
    before, after = op.pad_list[dim], op.pad_list[dim + rank]
    if after or (before and isinstance(op, onnx.AveragePoolOp | onnx.MaxPoolOp)):
        raise NoRowsError("pads rows at the end of its input, which here never ends")
    return Window(dilated, op.stride_list[dim], before)


def layer(op: Operation, rows: Rows, whole: int) -> Rows:
    """A window takes further rows as they come; what pads before the first one keeps them 0 where its operand is."""
    if rows.axis < FIRST_SPATIAL:
        raise NoRowsError("needs all rows")
    window = window_of(op, rows.axis)
    count = shape_of(op.operands[0])[rows.axis]
    stride = rows.stride * window.stride
    if window.before and not (window.is_causal and rows.quiet):
        raise NoRowsError("pads rows before its input that a window further on has other numbers in")
    if window.size < window.stride or (count + window.before - window.size) % window.stride:
        raise NoRowsError("leaves rows out")
    if whole % stride or whole // stride < 2:
        raise NoRowsError(f"takes a step of {stride} rows, of which {whole} are no whole number")
    return Rows(rows.axis, stride, rows.quiet and window.is_causal)


def reshaped(op: Operation, rows: Rows, whole: int) -> Rows:
    """Rows stay where the dimension stays, with as many elements before it."""
    before, after = shape_of(op.operands[0]), shape_of(op.results[0])
    outer, size = prod(before[: rows.axis]), before[rows.axis]
    for axis, other in enumerate(after):
        if other == size and prod(after[:axis]) == outer:
            return replace(rows, axis=axis)
    raise NoRowsError("needs all rows")


def transposed(op: Operation, rows: Rows, whole: int) -> Rows:
    """Rows along another dimension."""
    assert isinstance(op, onnx.TransposeOp)
    return replace(rows, axis=op.permutation.index(rows.axis))


def elementwise(op: Operation, rows: Rows, whole: int) -> Rows:
    """What differs from row to row is the operand alone; a number along the rows is not."""
    along = [v for v in op.operands if is_weight(v) and varies(v, op, rows.axis)]
    scales = isinstance(op, QuantizationOp) and op.scales_array.size > 1
    if along or (scales and isinstance(op, QuantizationOp) and op.axis_index == rows.axis):
        raise NoRowsError("has numbers of its own for each row")
    return rows


def varies(constant: SSAValue, op: Operation, axis: int) -> bool:
    """Whether a constant that an op stretches to its result has more than one element along a dimension."""
    if isinstance(op, onnx.BatchNormalizationOp):
        return axis == 1
    shape, rank = shape_of(constant), len(shape_of(op.results[0]))
    place = axis - (rank - len(shape))
    return place >= 0 and shape[place] > 1


RULES: tuple[tuple[type | tuple[type, ...], Rule], ...] = (
    ((onnx.ConvOp, onnx.MaxPoolOp, onnx.AveragePoolOp), layer),
    (SameElementsOp, reshaped),
    (onnx.TransposeOp, transposed),
    ((ElementwiseOp, FunctionOp, onnx.ClipOp, QuantizationOp, BinaryOp, onnx.BatchNormalizationOp), elementwise),
)
"""How ops pass rows on."""
