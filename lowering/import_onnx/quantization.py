"""Translations of QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, Float32Type, IntegerType, Signedness
from xdsl.ir import Attribute, SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.fixed.types import storage_limits
from ...dialects.onnx.base import element_of, shape_of
from .node import Node, Unsupported, from_first, like

UNSIGNED = {bits: IntegerType(bits, Signedness.UNSIGNED) for bits in (4, 8, 16)}
SIGNED = {bits: IntegerType(bits) for bits in (4, 8, 16)}

OUTPUT_TYPES: dict[int, IntegerType] = {
    **{0: UNSIGNED[8], 2: UNSIGNED[8], 4: UNSIGNED[16], 21: UNSIGNED[4]},
    **{3: SIGNED[8], 5: SIGNED[16], 22: SIGNED[4]},
}
"""QuantizeLinear's `output_dtype` (onnx.TensorProto's numbers; 0 stands for none) as element types."""


def quantize_linear(node: Node) -> onnx.OnnxOp:
    """Reals as integers of the zero point's type, or of `output_dtype`."""
    x = node.operand(0)
    number = node.attributes.get("output_dtype", 0)
    if number not in OUTPUT_TYPES:
        raise Unsupported(f"attribute output_dtype = {number} is not supported; use int8 or uint8")
    scale, zero_point, axis = quantization(node, OUTPUT_TYPES[number])
    if not (scale > 0).all():
        raise Unsupported("every scale must be positive and finite")
    element = zero_point.get_element_type()
    if number and element != OUTPUT_TYPES[number]:
        raise Unsupported(f"output_dtype = {number} is not the type of the zero point, {element}")
    if element not in OUTPUT_TYPES.values():
        raise Unsupported(f"integers of type {element} are not supported; use int8, uint8, int16 or uint16")
    type = like(x, shape_of(x), element)
    return onnx.QuantizeLinearOp(x, from_numpy(scale), zero_point, axis, type, node.name)


def dequantize_linear(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    if not isinstance(element_of(x), IntegerType):
        raise Unsupported(f"it takes integers, not {element_of(x)}; leave it out, or quantize its input")
    scale, zero_point, axis = quantization(node, element_of(x))
    if node.attributes.get("output_dtype", 0) not in (0, 1):
        raise Unsupported("only float32 results are supported (output_dtype = 1)")
    if zero_point.get_element_type() != element_of(x):
        raise Unsupported(f"the zero point holds {zero_point.get_element_type()}, not {element_of(x)} as the input")
    if (scale <= 0).any():
        x, scale, zero_point = with_positive_scales(x, scale, zero_point, axis)
    type = like(x, shape_of(x), Float32Type())
    return onnx.DequantizeLinearOp(x, from_numpy(scale), zero_point, axis, type, node.name)


def quantization(node: Node, default: Attribute) -> tuple[NDArray[np.float32], DenseIntOrFPElementsAttr, int]:
    """Scale, zero point (zeros of the `default` type where left out) and axis.

    The signs of scales are left to the caller. Raises Unsupported for a scale per channel of anything but weights.
    """
    node.refuse(block_size=0)
    x = node.operand(0)
    scale = node.constant(1, "the scale").astype(np.float32)
    if scale.ndim > 1:
        raise Unsupported(f"scales of shape {list(scale.shape)} are not supported; use one, or one per channel")
    if not np.isfinite(scale).all():
        raise Unsupported("every scale must be positive and finite")
    if scale.size > 1 and not is_computed_from_constants(x):
        raise Unsupported("a scale per channel is supported for constant weights only; quantize activations per tensor")
    element, points = default, np.zeros(scale.shape, np.int64)
    if node.optional(2) is not None:
        element, points = element_of(node.operand(2)), node.constant(2, "the zero point")
    if points.size != scale.size:
        raise Unsupported(f"{scale.size} scales and {points.size} zero points; export the model again")
    axis = node.attributes.get("axis", 1)
    if scale.size > 1:
        axis = from_first(axis, len(shape_of(x)))
        if shape_of(x)[axis] != scale.size:
            raise Unsupported(f"{scale.size} scales along dimension {axis} of shape {list(shape_of(x))}")
    return scale, from_numpy(points, element), axis


def is_computed_from_constants(value: SSAValue) -> bool:
    """A constant, or the QuantizeLinear or DequantizeLinear of one."""
    while isinstance(value.owner, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
        value = value.owner.x
    return isinstance(value.owner, onnx.ConstantOp)


def with_positive_scales(
    x: SSAValue, scale: NDArray[np.float32], zero_point: DenseIntOrFPElementsAttr, axis: int
) -> tuple[SSAValue, NDArray[np.float32], DenseIntOrFPElementsAttr]:
    """The same reals of a constant with positive scales.

    Converters write a scale of 0 for a channel whose weights are all 0: it becomes integers 0 with the greatest of the
    other scales. Any would do; one like its neighbours' keeps a bias of that channel as exact as theirs. A factor below
    0 that was folded into weights gives a negative scale: its integers change their sign. Raises Unsupported for
    anything but a constant, and for an integer without a counterpart.
    """
    owner = x.owner
    if not isinstance(owner, onnx.ConstantOp):
        raise Unsupported("a scale of 0 or below is supported for constants only")
    dead = scale == 0
    column = [1] * len(shape_of(x))
    if scale.size > 1:
        column[axis] = -1
    stored = to_numpy(owner.value)
    sign = np.where(dead, 0, np.sign(scale)).astype(np.int64)
    integers, points = stored * sign.reshape(column), to_numpy(zero_point) * sign
    element = element_of(x)
    assert isinstance(element, IntegerType), "checked by the caller"
    least, greatest = storage_limits(element)
    for values in (integers, points):
        if values.size and (values.min() < least or values.max() > greatest):
            raise Unsupported(f"a negative scale needs weights above {least}; quantize with positive scales")
    used = np.where(dead, np.abs(scale).max() or np.float32(1), np.abs(scale)).astype(np.float32)
    constant = onnx.ConstantOp(from_numpy(integers, element), owner.label)
    return constant.result, used, from_numpy(points, element)
