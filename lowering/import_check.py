"""What holds for every ONNX node: sensible attributes, operands of float32, results that are not empty.

A file that `onnx.checker` never saw can break each of these.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects.builtin import Float32Type, TensorType, i64

from ..dialects import onnx
from .import_nodes import Unsupported

POSITIVE = ("kernel_shape", "strides", "dilations", "group")
"""Attributes that count something, or list counts."""

MOVES = (onnx.FlattenOp, onnx.IdentityOp, onnx.ReshapeOp, onnx.SqueezeOp, onnx.TransposeOp)
"""Ops that take the indices of an ArgMax."""

INTEGER_OPERANDS = (*MOVES, onnx.ArgMaxOp, onnx.DequantizeLinearOp, onnx.MaxPoolOp)
"""Ops that take quantized integers as well as float32."""


def check_attributes(attributes: dict[str, Any]) -> None:
    """Raise Unsupported for a window, stride, dilation or group that is no positive number."""
    for name in POSITIVE:
        value = attributes.get(name, 1)
        numbers = value if isinstance(value, list) else [value]
        if not all(isinstance(n, int) and n > 0 for n in numbers):
            raise Unsupported(f"attribute {name} = {value!r} must hold positive integers; export the model again")


def check_op(op: onnx.OnnxOp) -> None:
    """Raise Unsupported for an op on integers that takes real numbers only, and for an empty result."""
    for index, operand in enumerate(op.operands):
        assert isinstance(operand.type, TensorType)
        element = operand.type.element_type
        allowed = MOVES if element == i64 else INTEGER_OPERANDS
        if not isinstance(element, Float32Type) and not isinstance(op, allowed):
            raise Unsupported(
                f"input {index} holds {element}, only float32 is supported; in a quantized model it comes from a "
                "DequantizeLinear"
            )
    for result in op.results:
        assert isinstance(result.type, TensorType)
        if any(size < 1 for size in result.type.get_shape()):
            raise Unsupported(f"the result of shape {list(result.type.get_shape())} is empty: the input is too small")
