"""Operators on integers (onnxruntime's QOperator format): DequantizeLinear, a float operator, QuantizeLinear.

ONNX's QLinear operators and those of the domain com.microsoft (onnxruntime, docs/ContribOperators.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import element_of
from . import channels_last, qonnx
from .integers import with_integers
from .node import Node, Translation, Unsupported
from .operators import TRANSLATIONS
from .proto import DEFAULT_DOMAINS
from .quantization import dequantize_linear, quantize_linear
from .real_functions import real_functions

MICROSOFT = "com.microsoft"


@dataclass(frozen=True)
class Quantized:
    """Where an operator has what: its inputs' numbers. Behind each stand its scale and its zero point.

    `result` is the number of the result's scale, `bias` that of integers whose scale is the product of the operands'.
    `channels` is the axis of scales per channel of the second operand.
    """

    operator: str
    operands: tuple[int, ...]
    result: int
    bias: int | None = None
    channels: int = 0


CONV = Quantized("Conv", (0, 3), 6, bias=8)

QUANTIZED: dict[str, Quantized] = {
    "QLinearConv": CONV,
    "QLinearMatMul": Quantized("MatMul", (0, 3), 6, channels=1),
    "com.microsoft.QGemm": Quantized("Gemm", (0, 3), 7, bias=6, channels=1),
    "com.microsoft.QLinearAdd": Quantized("Add", (0, 3), 6),
    "com.microsoft.QLinearAveragePool": Quantized("AveragePool", (0,), 3),
    "com.microsoft.QLinearConcat": Quantized("Concat", (2,), 0),
    "com.microsoft.QLinearConv": CONV,
    "com.microsoft.QLinearGlobalAveragePool": Quantized("GlobalAveragePool", (0,), 3),
    "com.microsoft.QLinearLeakyRelu": Quantized("LeakyRelu", (0,), 3),
    "com.microsoft.QLinearMul": Quantized("Mul", (0, 3), 6),
    "com.microsoft.QLinearSigmoid": Quantized("Sigmoid", (0,), 3),
    "com.microsoft.QLinearSoftmax": Quantized("Softmax", (0,), 3),
}
"""The float operator of each operator on integers; of QLinearConcat any number of operands, one behind the other."""

DYNAMIC = (
    "DynamicQuantizeLinear",
    *("com.microsoft.ConvInteger", "com.microsoft.DynamicQuantizeLSTM", "com.microsoft.DynamicQuantizeMatMul"),
    *("com.microsoft.MatMulIntegerToFloat", "com.microsoft.MatMulInteger16"),
)
"""Operators of models whose scales are found at run time."""

STATIC = (
    "its scales are computed at run time, which takes floats; quantize the float model with "
    "onnxruntime.quantization.quantize_static (QuantFormat.QDQ), or compile the float model itself with --calib"
)


def full_name(domain: str, operator: str) -> str:
    """The name of an operator with its domain, which ONNX's own do not have."""
    return operator if domain in DEFAULT_DOMAINS else f"{domain}.{operator}"


def translations() -> dict[str, Translation]:
    """The translation of every operator that is taken, by its full name."""
    quantized = {name: integer_operator(q) for name, q in QUANTIZED.items() if q.operator in TRANSLATIONS}
    again = {f"{MICROSOFT}.{name}": TRANSLATIONS[name] for name in ("DequantizeLinear", "Gelu", "QuantizeLinear")}
    functions = {f"{MICROSOFT}.{name}": op for name, op in real_functions(MICROSOFT).items()}
    last = channels_last.translations(TRANSLATIONS)
    both = {**with_integers(TRANSLATIONS), "Resize": resize}
    return {**both, **quantized, **again, **functions, **qonnx.translations(), **last}


def way_out(name: str) -> str:
    """What to do about an operator that is not taken."""
    return STATIC if name in DYNAMIC else "`tinyml supported-ops` lists what is"


def integer_operator(quantized: Quantized) -> Translation:
    """The float operator on the reals of its operands, its result quantized where a scale is given."""

    def translate(node: Node) -> onnx.OnnxOp | list[onnx.OnnxOp]:
        """The ops in order, the node's result last."""
        node.refuse(channels_last=0)
        operands: list[SSAValue | None] = [*dequantized_operands(node, quantized)]
        if quantized.bias is not None:
            operands.append(dequantized_bias(node, quantized, quantized.bias))
        version = node.attributes.get("opset", node.opset)
        kept = {key: value for key, value in attributes(node, quantized).items() if key != "opset"}
        inner = replace(node, op_type=quantized.operator, operands=tuple(operands), attributes=kept, opset=version)
        real = TRANSLATIONS[quantized.operator](inner)
        if node.optional(quantized.result) is None:
            return real
        assert isinstance(real, onnx.OnnxOp), "one result"
        zero_point = node.optional(quantized.result + 1)
        if zero_point is None:
            zero_point = constant(np.zeros(()), element_of(node.operand(quantized.operands[0])))
        parameters = (real.results[0], node.operand(quantized.result), zero_point)
        return quantize_linear(part(node, "quantized", parameters))

    return translate


def resize(node: Node) -> onnx.OnnxOp | list[onnx.OnnxOp]:
    """Of quantized integers with weights as well: a mean of them is one in any scale, rounded to the nearest."""
    x, real = node.operand(0), TRANSLATIONS["Resize"]
    element = element_of(x)
    moves = node.attributes.get("mode", "nearest") == "nearest"
    if moves or not isinstance(element, IntegerType) or element.width.data > 8:
        return real(node)
    unit = constant(np.ones((), np.float32)), constant(np.zeros(()), element)
    operand = dequantize_linear(part(node, "dequantized", (x, *unit))).results[0]
    resized = real(replace(node, name=f"{node.name}_real", operands=(operand, *node.operands[1:])))
    assert isinstance(resized, onnx.OnnxOp), "one result"
    return quantize_linear(part(node, "quantized", (resized.results[0], *unit)))


def attributes(node: Node, quantized: Quantized) -> dict[str, Any]:
    """Those of the float operator: QGemm's alpha is in the weights, and QLinearSoftmax has a default of its own."""
    given = dict(node.attributes)
    if quantized.operator == "Gemm":
        given.pop("alpha", None)
    if quantized.operator == "Softmax":
        given.setdefault("axis", -1)
    return given


def dequantized_operands(node: Node, quantized: Quantized) -> list[SSAValue]:
    """The reals of all operands."""
    first = quantized.operands
    if quantized.operator == "Concat":
        first = range(quantized.operands[0], len(node.operands), 3)
    return [dequantized(node, quantized, index) for index in first]


def dequantized(node: Node, quantized: Quantized, index: int) -> SSAValue:
    """The reals of an operand; a second one may have a scale per channel."""
    x, scale = node.operand(index), scales(node, quantized, index)
    element, points = element_of(x), np.zeros(())
    if (given := node.optional(index + 2)) is not None:
        element, points = element_of(given), node.constant(index + 2, "the zero point")
    if points.size == 1:
        points = np.broadcast_to(points.reshape(()), scale.shape)
    parameters = (x, constant(scale), constant(points, element))
    return dequantize_linear(part(node, "dequantized", parameters, channels(node, quantized))).results[0]


def channels(node: Node, quantized: Quantized) -> int:
    """The axis of scales per channel: that of the output channels, which transB exchanges."""
    return 0 if node.attributes.get("transB", 0) else quantized.channels


def scales(node: Node, quantized: Quantized, index: int) -> NDArray[np.float32]:
    """The scales of an operand: a number or a list; QGemm's alpha is a factor of the second one's."""
    scale = node.constant(index + 1, "the scale").astype(np.float32)
    if quantized.operator == "Gemm" and index == quantized.operands[1]:
        scale = scale * np.float32(node.attributes.get("alpha", 1.0))
    return scale.reshape(()) if scale.size == 1 else scale


def dequantized_bias(node: Node, quantized: Quantized, index: int) -> SSAValue | None:
    """The reals of a bias, [channels]; None where it is left out."""
    if node.optional(index) is None:
        return None
    first, second = (scales(node, quantized, operand) for operand in quantized.operands)
    integers = node.constant(index, "the bias")
    if integers.dtype != np.int32:
        raise Unsupported(f"the bias holds {integers.dtype}, not int32; export the model again")
    if integers.ndim != 1 and integers.size != max(integers.shape, default=1):
        raise Unsupported(f"a bias of shape {list(integers.shape)} is not supported, only one number per channel")
    parameters = (constant(integers.reshape(-1)), constant(first * second), None)
    return dequantize_linear(part(node, "bias", parameters, 0)).results[0]


def part(node: Node, name: str, operands: tuple[SSAValue | None, ...], axis: int = 1) -> Node:
    """A node that is a part of another."""
    return replace(node, name=f"{node.name}_{name}", operands=operands, attributes={"axis": axis})


def constant(array: NDArray[Any], element: Attribute | None = None) -> SSAValue:
    """A constant in no block."""
    return onnx.ConstantOp(from_numpy(array, element)).result
