"""Small valid ONNX models, one for each kind of thing that the importer takes: what a fuzzer damages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = dict[str, Any]
F4 = np.float32


def base(
    nodes: list[onnx.NodeProto],
    weights: Weights,
    shape: tuple[int, ...] = (1, 4),
    outputs: tuple[str, ...] = ("y",),
    opset: int = 13,
) -> onnx.ModelProto:
    """A model of these nodes from `x` to the outputs."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(kind: str, inputs: str, outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    """A node that is named as its first result; names are separated by spaces, `-` leaves an input out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(kind, names, outputs.split(), outputs.split()[0], **attributes)


def numbers(*shape: int) -> Any:
    """Weights of this shape, always the same."""
    return np.random.default_rng(len(shape)).uniform(-1, 1, shape).astype(F4)


def dense() -> onnx.ModelProto:
    """Matrix products with all their attributes, and a softmax."""
    nodes = [
        node("Gemm", "x w b", "a", alpha=0.5, beta=2.0),
        node("Relu", "a", "r"),
        node("MatMul", "r v", "m"),
        node("Add", "m c", "s"),
        node("Softmax", "s", axis=-1),
    ]
    return base(nodes, {"w": numbers(4, 6), "b": numbers(6), "v": numbers(6, 3), "c": numbers(3)})


def image() -> onnx.ModelProto:
    """A convolutional network."""
    nodes = [
        node("Conv", "x w b", "c", pads=[1, 1, 1, 1], strides=[2, 2], kernel_shape=[3, 3]),
        node("BatchNormalization", "c s b m v", "n", epsilon=1e-3),
        node("Clip", "n low high", "k"),
        node("MaxPool", "k", "p", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("Flatten", "p", "f", axis=1),
        node("Gemm", "f d", "y", transB=1),
    ]
    weights = {"w": numbers(4, 2, 3, 3), "b": numbers(4), "s": numbers(4), "m": numbers(4), "v": np.ones(4, F4)}
    return base(nodes, {**weights, "low": F4(0), "high": F4(6), "d": numbers(3, 16)}, (1, 2, 7, 7))


def depthwise() -> onnx.ModelProto:
    """Convolutions in groups, dilated, padded by name, and a mean over the image."""
    nodes = [
        node("Conv", "x w", "c", group=4, auto_pad="SAME_UPPER", dilations=[2, 1]),
        node("Conv", "c v", "d", group=2),
        node("AveragePool", "d", "p", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=0),
        node("GlobalAveragePool", "p", "g"),
        node("Reshape", "g s", "y"),
    ]
    return base(nodes, {"w": numbers(4, 1, 3, 3), "v": numbers(6, 2, 1, 1), "s": np.array([1, -1])}, (1, 4, 6, 5))


def sequence() -> onnx.ModelProto:
    """One-dimensional windows between transposes."""
    nodes = [
        node("Transpose", "x", "t", perm=[0, 2, 1]),
        node("Conv", "t w", "c", pads=[2, 0]),
        node("Sigmoid", "c", "s"),
        node("MaxPool", "s", "m", kernel_shape=[2], strides=[2]),
        node("Transpose", "m", "y", perm=[0, 2, 1]),
    ]
    return base(nodes, {"w": numbers(3, 2, 3)}, (1, 8, 2))


def joins() -> onnx.ModelProto:
    """Parts, margins and what puts them together."""
    nodes = [
        node("Split", "x sizes", "a b", axis=1),
        node("Slice", "a starts ends axes", "c"),
        node("Pad", "c pads value", "d"),
        node("Concat", "b d a", "e", axis=1),
        node("Tanh", "e", "y"),
    ]
    lists = {"sizes": [2, 3], "starts": [0], "ends": [2], "axes": [2], "pads": [0, 1, 0, 0, 0, 2]}
    weights = {name: np.array(value) for name, value in lists.items()}
    return base(nodes, {**weights, "value": F4(0.5)}, (1, 5, 4))


def elementwise() -> onnx.ModelProto:
    """Sums, products and quotients with broadcasting, of scalars too."""
    nodes = [
        node("Mul", "x c", "a"),
        node("Sub", "a x", "b"),
        node("Sum", "a b x k", "s"),
        node("Div", "s k", "d"),
        node("ReduceMean", "d", "m", axes=[2], keepdims=1),
        node("Add", "m d", "y"),
        node("ReduceMean", "d", "z", keepdims=0),
    ]
    return base(nodes, {"c": numbers(3, 1), "k": F4(2)}, (1, 3, 5), ("y", "z"))


def constants() -> onnx.ModelProto:
    """What is computed from constants alone, and nodes that mean nothing."""
    filled = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.25])
    nodes = [
        helper.make_node("Constant", [], ["n"], "n", value=numpy_helper.from_array(np.array([4, 4]), "n")),
        node("ConstantOfShape", "n", "w", value=filled),
        node("Add", "w w", "v"),
        node("Transpose", "v", "t"),
        node("Unsqueeze", "x axes", "u"),
        node("Squeeze", "u axes", "s"),
        node("Dropout", "s", "o"),
        node("MatMul", "o t", "m"),
        node("Identity", "m", "y"),
        node("ArgMax", "m", "z", axis=1, keepdims=0),
    ]
    return base(nodes, {"axes": np.array([0])}, (1, 4), ("y", "z"))


def quantized() -> onnx.ModelProto:
    """Layers between QuantizeLinear and DequantizeLinear, weights per channel."""
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w ws wz", "f", axis=0),
        node("DequantizeLinear", "b bs", "g", axis=0),
        node("Conv", "d f g", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("QuantizeLinear", "r t z", "u"),
        node("DequantizeLinear", "u t z", "y"),
    ]
    integers = (numbers(3, 2, 3, 3) * 127).astype(np.int8)
    scales = np.array([0.01, 0.02, 0.005], F4)
    weights: Weights = {"w": integers, "ws": scales, "wz": np.zeros(3, np.int8), "bs": scales * F4(0.05)}
    weights |= {"b": np.array([5, -7, 900], np.int32), "s": F4(0.05), "t": F4(0.1), "z": np.int8(-3)}
    return base(nodes, weights, (1, 2, 5, 5))


def scalars() -> onnx.ModelProto:
    """An input without dimensions."""
    return base([node("Mul", "x c", "a"), node("Add", "a v", "y")], {"c": F4(3), "v": numbers(3)}, ())


BASES: tuple[Callable[[], onnx.ModelProto], ...] = (
    dense,
    image,
    depthwise,
    sequence,
    joins,
    elementwise,
    constants,
    quantized,
    scalars,
)
