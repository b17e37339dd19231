"""Types of the constants that ops read."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.settings import setting_of
from ....dialects.fixed.types import QType, integer_type
from ....dialects.onnx.base import element_of
from ....dialects.onnx.weights import is_weight, weight_reals
from ..scales.repeated import (
    assign_slices,
    assign_stacked,
)
from ..scales.signs import reaches
from ..scales.stated import stated_type
from ..scales.weights import Layer, of_operand
from .kinds import only_weights
from .state import Known


def assign_operands(known: Known, op: Operation) -> None:
    """Before a body its slices, and behind it what it stacks; constants among these are tensors like others."""
    if isinstance(op, onnx.ScanOp):
        values = [*op.ins, *op.states]
    elif isinstance(op, onnx.NextOp):
        values = [*op.outs, *op.states]
    else:
        return
    for value in values:
        if value not in known.types and is_weight(value):
            storage = element_of(value)
            integers = isinstance(storage, IntegerType)
            known.types[value] = integer_type(storage) if integers else operand_type(known, value)
    if isinstance(op, onnx.ScanOp):
        assign_slices(op, known.types)
    elif isinstance(scan := op.parent_op(), onnx.ScanOp):
        assign_stacked(scan, known.types)


def assign_constants(known: Known, op: Operation) -> None:
    """Types of the constants that an op reads as tensors; biases and BatchNormalization's numbers are no such."""
    for index, operand in enumerate(op.operands):
        if not is_weight(operand) or isinstance(op, onnx.ScanOp | onnx.NextOp):
            continue
        if isinstance(op, onnx.ConvOp | onnx.ConvTransposeOp | onnx.GemmOp):
            if index == 1:
                known.types[operand] = weight_type(known, operand, op)
        elif isinstance(op, onnx.ConcatOp) and op.result in known.types:
            known.types[operand] = known.types[op.result]
        elif isinstance(storage := element_of(operand), IntegerType):
            known.types[operand] = integer_type(storage)
        elif isinstance(op, onnx.TakeOp) and op.result in known.types:
            known.types[operand] = known.types[op.result]
        elif isinstance(op, onnx.SquaredDistanceOp) and (other := op.operands[1 - index]) in known.types:
            known.types[operand] = known.types[other]
        elif not isinstance(op, onnx.BatchNormalizationOp):
            known.types[operand] = operand_type(known, operand)


def weight_type(known: Known, value: SSAValue, op: onnx.ConvOp | onnx.ConvTransposeOp | onnx.GemmOp) -> QType:
    """The type of a layer's weights."""
    quantized = value.owner if isinstance(value.owner, onnx.DequantizeLinearOp) else None
    if quantized is not None and (stated := stated_type(quantized)) is not None:
        return stated
    bias = np.zeros(1) if op.bias is None else np.abs(weight_reals(op.bias)).reshape(-1)
    x = known.types[op.x]
    layer = Layer(x, known.types[op.results[0]], bias, *reaches(op.x, x))
    if quantized is not None:
        return known.weights.of_quantized(quantized, layer)
    return known.weights.following(setting_of(value)).of_reals(weight_reals(value), layer)


def taken_type(known: Known, op: onnx.TakeOp) -> QType:
    """The type of a constant of which indices choose parts: symmetric where these are the weights of products."""
    if not isinstance(op.x.owner, onnx.DequantizeLinearOp) and only_weights(op.result):
        greatest = float(np.abs(weight_reals(op.x)).max())
        return QType(IntegerType(known.ranges.bits), known.ranges.symmetric_scale(greatest or 1.0))
    return operand_type(known, op.x)


def operand_type(known: Known, value: SSAValue) -> QType:
    """The type of a constant that an elementwise op reads."""
    if isinstance(value.owner, onnx.DequantizeLinearOp):
        return stated_type(value.owner) or of_operand(value.owner)
    values = weight_reals(value)
    return known.ranges_of(value).of_range(float(values.min()), float(values.max()))
