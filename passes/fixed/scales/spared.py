"""Zero points that cost flash: those of what products without a bias read, which folded are a bias of their own.

    sum((x - zx) * w)  =  sum(x * w) - zx * sum(w)

A layer that has a bias takes the second term into it for nothing. Where there is none the term is a number per output
channel, and a type without a zero point saves them, at the price of a part of its steps.
"""

from __future__ import annotations

from dataclasses import replace

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.weights import is_weight
from .ranges import RangeTypes

MOST_STEPS = 1.6
"""Steps may become longer by this: 0.7 bits. One-sided ranges, whose steps would be twice as long, keep their zero."""

LAYERS = (onnx.ConvOp, onnx.ConvTransposeOp, onnx.GemmOp)

PASSING = (
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops whose result holds numbers of their operand and no others."""


def without_zero_point(ranges: RangeTypes, value: SSAValue, seen: tuple[float, float] | None) -> RangeTypes:
    """The types of ranges for a value: symmetric where its zero point would cost a bias and its range is no reason."""
    if seen is None or ranges.bits > 8 or ranges.pow2:
        return ranges
    low, high = min(seen[0], 0.0), max(seen[1], 0.0)
    lengthened = 2 * max(-low, high) / max(high - low, 1e-30)
    return replace(ranges, symmetric=True) if lengthened <= MOST_STEPS and bias_rows(value) else ranges


def bias_rows(value: SSAValue) -> int:
    """How many numbers the zero point of a value adds to the biases of layers that have none."""
    waiting, seen, rows = [value], {value}, 0
    while waiting:
        for use in waiting.pop().uses:
            reader, index = use.operation, use.index
            rows += rows_of(reader) if index == 0 else 0
            for result in passed(reader, index):
                if result not in seen:
                    seen.add(result)
                    waiting.append(result)
    return rows


def rows_of(reader: Operation) -> int:
    """The output channels of a layer with known weights to whose sums nothing is added."""
    if not isinstance(reader, LAYERS) or reader.bias is not None or not is_weight(reader.w):
        return 0
    padded = not isinstance(reader, onnx.GemmOp) and any(reader.pad_list)
    return 0 if padded else shape_of(reader.result)[1]


def passed(reader: Operation, index: int) -> list[SSAValue]:
    """The values that are what an op reads as this operand: moved, in a round of a scan, or behind it."""
    if isinstance(reader, PASSING):
        return [reader.results[0]] if index == 0 else []
    if isinstance(reader, onnx.ScanOp):
        return [reader.body.block.args[index]]
    if isinstance(reader, onnx.NextOp) and isinstance(scan := reader.parent_op(), onnx.ScanOp):
        states = len(scan.states)
        return [scan.results[index], *([scan.body.block.args[index]] if index < states else [])]
    return []
