"""Translations of what is computed element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..import_onnx.node import Unsupported
from .graph import is_quantized
from .node import NONE, RELU, RELU6, RELU_N1_TO_1, Node, Translation


def binary(operator: str, options: str | None = None) -> Translation:
    """Two operands, stretched to one shape; with a fused activation where the options have one."""

    def translation(node: Node) -> None:
        layout = node.layout(0, 1)
        value = node.emit(operator, node.stretched(0, layout), node.stretched(1, layout))
        activation = NONE if options is None else fused(node, options)
        node.define(value, layout, activation)

    return translation


def fused(node: Node, options: str) -> int:
    """The fused activation in the options of this class of the package `tflite`."""
    import tflite

    return 0 if node.operator.table is None else node.options(getattr(tflite, options)).FusedActivationFunction()


def compared(operator: str) -> Translation:
    """A comparison: truth values."""

    def translation(node: Node) -> None:
        layout = node.layout(0, 1)
        node.define_integers(node.emit(operator, node.stretched(0, layout), node.stretched(1, layout)), layout)

    return translation


def logical(operator: str) -> Translation:
    """Truth values of truth values."""

    def translation(node: Node) -> None:
        inputs = [node.stored(index) for index in range(len(node.operator.inputs))]
        node.define_integers(node.emit(operator, *inputs))

    return translation


def unary(operator: str, attributes: Callable[[Node], dict[str, Any]] | None = None) -> Translation:
    """One operand."""

    def translation(node: Node) -> None:
        layout = node.layout(0)
        given = {} if attributes is None else attributes(node)
        node.define(node.emit(operator, node.real(0, layout), **given), layout)

    return translation


def clipped(activation: int) -> Translation:
    """RELU and its relatives as operators of their own."""

    def translation(node: Node) -> None:
        layout = node.layout(0)
        node.define(node.real(0, layout), layout, activation)

    return translation


relu, relu6, relu_n1_to_1 = clipped(RELU), clipped(RELU6), clipped(RELU_N1_TO_1)


def leaky_slope(node: Node) -> dict[str, Any]:
    """LEAKY_RELU's alpha."""
    from tflite import LeakyReluOptions

    return {"alpha": node.options(LeakyReluOptions).Alpha()}


def gelu_kind(node: Node) -> dict[str, Any]:
    """GELU by tanh or exactly."""
    from tflite import GeluOptions

    return {"approximate": "tanh" if node.options(GeluOptions).Approximate() else "none"}


def rsqrt(node: Node) -> None:
    """x to the power of -1/2."""
    layout = node.layout(0)
    node.define(node.emit("Pow", node.real(0, layout), node.constant(-0.5, np.float32)), layout)


def square(node: Node) -> None:
    """x x"""
    layout = node.layout(0)
    x = node.real(0, layout)
    node.define(node.emit("Mul", x, x), layout)


def squared_difference(node: Node) -> None:
    """(x - y)^2"""
    node.refuse_quantized("write it as SUB and MUL")
    layout = node.layout(0, 1)
    difference = node.emit("Sub", node.stretched(0, layout), node.stretched(1, layout))
    node.define(node.emit("Mul", difference, difference), layout)


def p_relu(node: Node) -> None:
    """Slopes per channel, stretched from the last dimension."""
    layout = node.layout(0, 1)
    node.define(node.emit("PRelu", node.stretched(0, layout), node.stretched(1, layout)), layout)


def softmax(node: Node) -> None:
    """Along the last dimension, of the operand times beta."""
    from tflite import SoftmaxOptions

    beta = node.options(SoftmaxOptions).Beta()
    x = node.real(0)
    if beta != 1:
        node.refuse_quantized("train with beta = 1")
        x = node.emit("Mul", x, node.constant(beta, np.float32))
    node.define(node.emit("Softmax", x, axis=-1))


def log_softmax(node: Node) -> None:
    """Along the last dimension."""
    node.define(node.emit("LogSoftmax", node.real(0), axis=-1))


def l2_normalization(node: Node) -> None:
    """Each row by its length."""
    node.define(node.emit("LpNormalization", node.real(0), axis=-1, p=2), activation=fused(node, "L2NormOptions"))


def quantize(node: Node) -> None:
    """Reals as integers, or integers in another scale."""
    layout = node.layout(0)
    for tensor in (node.tensor(0), node.result()):
        if not is_quantized(tensor) and tensor.dtype != "float32":
            raise Unsupported(f"values of {tensor.dtype or 'this type'} are not supported; cut the model off there")
    node.define(node.real(0, layout), layout)


def dequantize(node: Node) -> None:
    """Integers as reals; constants of float16 as float32."""
    layout = node.layout(0)
    tensor, value = node.tensor(0), node.real(0, layout)
    if tensor.dtype == "float16":
        value = node.emit("Cast", value, to=1)
    elif not is_quantized(tensor):
        raise Unsupported(f"values of {tensor.dtype or 'this type'} without scales; convert the model again")
    node.define(value, layout)


def cast(node: Node) -> None:
    """Another type of plain values."""
    from onnx import helper

    if node.quantized() or is_quantized(node.result()) or not node.result().dtype:
        raise Unsupported("of quantized values it is not supported; use QUANTIZE and DEQUANTIZE")
    layout = node.layout(0)
    to = helper.np_dtype_to_tensor_dtype(np.dtype(node.result().dtype))
    node.define(node.emit("Cast", node.real(0, layout), to=to), layout)


def select(node: Node) -> None:
    """Elements of the second operand where the first is true, else of the third."""
    shapes = {node.tensor(index).shape for index in range(3)}
    if node.operator.kind == "SELECT" and len(shapes) > 1:
        raise Unsupported("a condition of another shape than its values is not supported; use SELECT_V2")
    node.define(node.emit("Where", node.stored(0), node.real(1), node.real(2)))
