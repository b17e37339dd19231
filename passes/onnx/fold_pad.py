"""`onnx-fold-pad`: a Pad before a layer with a window becomes padding of that layer.

Padding of a layer contributes nothing. That is what a real 0 does in a convolution and in a mean that counts padding,
and what a number that nothing falls below does in a maximum: the least of a type, minus infinity, or, once ranges are
known, one far below them. A quantized model has QuantizeLinear and DequantizeLinear between, a converted one a
Transpose, others an activation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.fixed.types import storage_limits
from ...dialects.onnx.base import element_of, ints, shape_of, taps_inside
from ...dialects.onnx.shapes import SameElementsOp
from .folding.constants import erase_unused, insert_before

Layer = onnx.ConvOp | onnx.AveragePoolOp | onnx.MaxPoolOp
Carrier = (
    onnx.ClipOp | onnx.DequantizeLinearOp | onnx.IdentityOp | onnx.QuantizeLinearOp | onnx.ReluOp | onnx.TransposeOp
)
"""Ops that give an element without asking others, and a greater element for none that is less."""

Margins = list[tuple[int, int]]

TYPE_REACH = 4.0
"""No type reaches further than its range's magnitude times this: 2 for headroom, 2 for powers of two."""


@dataclass(frozen=True)
class FoldPadPass(ModulePass):
    """Fold Pad into the Conv, AveragePool or MaxPool behind it where its number makes no difference there."""

    name = "onnx-fold-pad"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for layer in [o for o in op.walk() if isinstance(o, Layer)]:
            while fold(layer):
                pass
        erase_unused(op)


def fold(layer: Layer) -> bool:
    """Let a layer read what the Pad before it reads; says whether it did."""
    carriers: list[Carrier] = []
    value = layer.x
    while isinstance(value.owner, Carrier):
        carriers.insert(0, value.owner)
        value = value.owner.x
    pad = value.owner
    if not isinstance(pad, onnx.PadOp):
        return False
    margins = list(pad.margins)
    for carrier in carriers:
        if isinstance(carrier, onnx.TransposeOp):
            margins = [margins[axis] for axis in carrier.permutation]
    if margins[:2] != [(0, 0), (0, 0)] or not makes_no_difference(layer, pad, carriers, margins[2:]):
        return False
    source = pad.x
    for carrier in carriers:
        source = carried_on(layer, carrier, source)
    layer.operands[0] = source
    rank = len(margins) - 2
    added = [before for before, _ in margins[2:]] + [after for _, after in margins[2:]]
    layer.pads = ints([layer.pad_list[i] + added[i] for i in range(2 * rank)])
    if isinstance(layer, onnx.AveragePoolOp):
        layer.count_include_pad = IntegerAttr(1, i64)
    return True


def makes_no_difference(layer: Layer, pad: onnx.PadOp, carriers: Sequence[Carrier], margins: Margins) -> bool:
    """Whether the layer computes the same where the elements that the Pad adds are left out."""
    if isinstance(layer, onnx.MaxPoolOp):
        return pad.fill <= least(pad.x) and every_window_reaches(layer, margins)
    if isinstance(layer, onnx.AveragePoolOp) and not layer.includes_padding and any(layer.pad_list):
        return False
    value = np.float32(pad.fill)
    for carrier in carriers:
        value = carried(carrier, value)
    return value == 0


def carried(op: Carrier, value: np.float32) -> np.float32:
    """What becomes of one number in an op that carries it on."""
    if isinstance(op, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
        scale, zero_point = op.scales_array.astype(np.float32), op.zero_points_array.astype(np.float32)
        if scale.size > 1:
            return np.float32(np.nan)
        if isinstance(op, onnx.DequantizeLinearOp):
            return (value - zero_point[0]) * scale[0]
        element = element_of(op.result)
        assert isinstance(element, IntegerType), "verified: QuantizeLinear makes integers"
        low, high = storage_limits(element)
        return np.float32(np.clip(np.rint(value / scale[0]) + zero_point[0], low, high))
    if isinstance(op, onnx.ReluOp):
        return np.maximum(value, np.float32(0))
    if isinstance(op, onnx.ClipOp):
        return np.clip(value, np.float32(op.low_value), np.float32(op.high_value))
    return value


def least(value: SSAValue) -> float:
    """A number that no element of a value falls below."""
    passed: list[Operation] = []
    while isinstance(value.owner, Carrier | onnx.MaxPoolOp | SameElementsOp):
        passed.append(value.owner)
        value = value.owner.x
    bound = max(lower_limit(value), least_of_range(value))
    for op in reversed(passed):
        match op:
            case onnx.ReluOp():
                bound = max(0.0, bound)
            case onnx.ClipOp():
                bound = max(op.low_value, bound)
            case onnx.QuantizeLinearOp() | onnx.DequantizeLinearOp():
                known = carried(op, np.float32(bound)) if np.isfinite(bound) else np.nan
                bound = float(np.nan_to_num(known, nan=-np.inf))
            case _:
                pass
        bound = max(bound, lower_limit(op.results[0]))
    return bound


def lower_limit(value: SSAValue) -> float:
    """The least number of a value's element type."""
    element = element_of(value)
    return float(storage_limits(element)[0]) if isinstance(element, IntegerType) else -np.inf


def least_of_range(value: SSAValue) -> float:
    """A number that the type of a value's calibrated range does not hold; minus infinity where there is no range."""
    known = range_of(value)
    return -np.inf if known is None else -TYPE_REACH * max(abs(limit) for limit in known)


def range_of(value: SSAValue) -> tuple[float, float] | None:
    """The calibrated range of a value, None where it has none."""
    if isinstance(value, BlockArgument):
        function = value.block.parent_op()
        ranges = None if function is None else function.attributes.get("fixed.input_ranges")
        attribute = ranges.data[value.index] if isinstance(ranges, ArrayAttr) else None
    else:
        assert isinstance(value.owner, Operation)
        attribute = value.owner.attributes.get("fixed.range")
    if not isinstance(attribute, ArrayAttr):
        return None
    low, high = (limit.value.data for limit in attribute if isinstance(limit, FloatAttr))
    return low, high


def every_window_reaches(layer: onnx.MaxPoolOp, margins: Margins) -> bool:
    """Whether each window holds an element that neither the layer nor the Pad added."""
    padded, positions = shape_of(layer.x)[2:], shape_of(layer.result)[2:]
    windows = zip(positions, layer.kernel_list, layer.stride_list, layer.dilation_list, layer.pad_list, strict=False)
    return all(
        taps_inside(*window, range(before, size - after)).all()
        for window, size, (before, after) in zip(windows, padded, margins, strict=True)
    )


def carried_on(layer: Operation, op: Carrier, source: SSAValue) -> SSAValue:
    """A copy of an op that reads `source`, before the layer."""
    shape = shape_of(source)
    if isinstance(op, onnx.TransposeOp):
        shape = tuple(shape[axis] for axis in op.permutation)
    copy = type(op).build(
        operands=[source],
        properties={**op.properties, "node": None if op.node is None else StringAttr(f"{op.node.data}_unpadded")},
        attributes=op.attributes,
        result_types=[TensorType(element_of(op.result), shape)],
    )
    return insert_before(layer, copy)
