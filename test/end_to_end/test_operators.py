"""Every operator and its variants: the same integers at every level, each within a step of the float model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from support.networks import Network, compile_network, equal_levels, errors_in_steps, on_grid, real_inputs

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.lowering.onnx_to_fixed.stairs import STAIRS
from tinyml_opt.targets.ports import output_ports, to_real
from tinyml_opt.tools.verifying.levels import hls_executor

IMAGE = (1, 4, 9, 8)
ROWS = 12


def convolutions() -> Network:
    """2-D: strides, pads on all sides, dilations, groups, and the activations that fusing takes in."""
    net = Network(IMAGE, 1)
    variants = {
        "plain": (6, 4, (3, 3), {}),
        "strided": (6, 4, (3, 2), {"strides": [2, 3]}),
        "padded": (5, 4, (3, 3), {"pads": [1, 1, 1, 1]}),
        "asymmetric": (5, 4, (3, 3), {"pads": [0, 2, 1, 0], "strides": [2, 1]}),
        "dilated": (3, 4, (3, 2), {"dilations": [2, 3], "pads": [1, 2, 1, 2]}),
        "pointwise": (7, 4, (1, 1), {}),
        "grouped": (6, 2, (3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
        "depthwise": (4, 1, (3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
        "multiplied": (8, 1, (3, 3), {"group": 4, "strides": [2, 2]}),
        "same": (2, 4, (2, 2), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    }
    for name, (out, depth, window, attributes) in variants.items():
        net.result(net.node("Conv", "x", net.weight(out, depth, *window), net.bias(out), name=name, **attributes))
    net.result(net.node("Conv", "x", net.weight(3, 4, 2, 2), name="unbiased"))
    net.result(net.node("Relu", net.node("Conv", "x", net.weight(3, 4, 3, 3), net.bias(3)), name="relu"))
    bounds = [net.constant(np.float32(b)) for b in (-0.5, 1.5)]
    net.result(net.node("Clip", net.node("Conv", "x", net.weight(3, 4, 3, 3), net.bias(3)), *bounds, name="clip"))
    return net


def signals() -> Network:
    """1-D: convolutions and pools."""
    net = Network((1, 4, 40), 2)
    net.result(net.node("Conv", "x", net.weight(6, 4, 5), net.bias(6), name="conv", strides=[2], pads=[1, 3]))
    net.result(net.node("Conv", "x", net.weight(4, 1, 3), net.bias(4), name="depthwise", group=4, dilations=[2]))
    net.result(net.node("Conv", "x", net.weight(6, 2, 3), name="grouped", group=2, pads=[1, 1]))
    net.result(net.node("MaxPool", "x", name="max", kernel_shape=[3], strides=[2], pads=[1, 1]))
    net.result(net.node("AveragePool", "x", name="average", kernel_shape=[3], strides=[2], pads=[1, 1]))
    net.result(net.node("GlobalAveragePool", "x", name="global_average"))
    return net


def matrices() -> Network:
    """Gemm in all its spellings, MatMul with and without Add."""
    net = Network((1, 4, 5, 3), 3)
    flat = net.node("Flatten", "x")
    net.result(net.node("Gemm", flat, net.weight(7, 60), net.bias(7), name="gemm", transB=1))
    net.result(net.node("Gemm", flat, net.weight(60, 7, axis=1), name="unbiased"))
    net.result(net.node("Gemm", flat, net.weight(60, 7, axis=1), net.bias(1, 7), name="scaled", alpha=0.5, beta=2.0))
    net.result(net.node("MatMul", flat, net.weight(60, 5, axis=1), name="product"))
    net.result(net.node("Add", net.node("MatMul", flat, net.weight(60, 5, axis=1)), net.bias(5), name="biased"))
    net.result(net.node("Relu", net.node("Gemm", flat, net.weight(7, 60), net.bias(7), transB=1), name="relu"))
    return net


def elementwise() -> Network:
    """BatchNormalization folded and alone, sums, clamps."""
    net = Network(IMAGE, 4)
    signs = np.array([1, -1, 1, -1], np.float32)
    folded = [net.constant(c) for c in (signs, signs * 0.25, signs * 0.5, np.full(4, 0.25, np.float32))]
    conv = net.node("Conv", "x", net.weight(4, 4, 3, 3), net.bias(4))
    net.result(net.node("BatchNormalization", conv, *folded, name="folded"))
    scales = [net.constant(net.random.uniform(0.5, 2, 4).astype(np.float32)) for _ in range(4)]
    net.result(net.node("BatchNormalization", "x", *scales, name="standalone"))
    relu = net.node("Relu", "x", name="relu")
    net.result(relu)
    net.result(net.node("Add", "x", relu, name="sum"))
    net.result(net.node("Add", "x", "x", name="twice"))
    net.result(net.node("Sub", relu, "x", name="difference"))
    net.result(net.node("Mul", relu, "x", name="product"))
    net.result(net.node("Mul", "x", net.bias(4, 1, 1), name="factors"))
    net.result(net.node("Mul", net.bias(8), "x", name="factors_per_column"))
    net.result(net.node("Div", "x", net.constant(np.float32(-3)), name="quotient"))
    net.result(net.node("Sub", net.bias(4, 1, 1), "x", name="constant_minus"))
    net.result(net.node("Sum", "x", relu, name="of_two"))
    net.result(net.node("Add", "x", net.bias(1, 4, 1, 1), name="per_channel"))
    net.result(net.node("Add", net.bias(8), "x", name="per_column"))
    net.result(net.node("Add", "x", net.constant(np.float32(0.3)), name="scalar"))
    bounds = [net.constant(np.float32(b)) for b in (-0.4, 0.7)]
    net.result(net.node("Clip", "x", *bounds, name="clip"))
    net.result(net.node("Clip", "x", "", bounds[1], name="clip_above"))
    return net


def pools() -> Network:
    """2-D pools, with padding inside and outside of the mean."""
    net = Network(IMAGE, 5)
    padded = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    net.result(net.node("MaxPool", "x", name="max", kernel_shape=[2, 2], strides=[2, 2]))
    net.result(net.node("MaxPool", "x", name="max_padded", **padded))
    net.result(net.node("MaxPool", "x", name="max_ceil", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1))
    net.result(net.node("MaxPool", "x", name="max_dilated", kernel_shape=[2, 2], dilations=[2, 3]))
    net.result(net.node("AveragePool", "x", name="average", kernel_shape=[2, 3]))
    net.result(net.node("AveragePool", "x", name="average_padded", **padded))
    net.result(net.node("AveragePool", "x", name="average_counted", count_include_pad=1, **padded))
    net.result(net.node("AveragePool", "x", name="average_ceil", count_include_pad=1, ceil_mode=1, **padded))
    net.result(net.node("GlobalMaxPool", "x", name="global_max"))
    net.result(net.node("GlobalLpPool", "x", name="global_norm"))
    net.result(net.node("LpPool", "x", name="norm", **padded))
    net.result(net.node("LpPool", "x", name="magnitudes", p=1, kernel_shape=[2, 3], strides=[2, 1]))
    volume = net.node("Reshape", "x", net.constant(np.array([1, 2, 2, 9, 8])))
    net.result(net.node("MaxPool", volume, name="max_volume", kernel_shape=[2, 3, 2], pads=[0, 1, 0, 1, 1, 0]))
    net.result(net.node("AveragePool", volume, name="average_volume", kernel_shape=[2, 2, 3], strides=[1, 2, 1]))
    net.result(net.node("GlobalAveragePool", "x", name="global_average"))
    return net


MARGINS = {"channels": [0, 0, 0, 0, 0, 2, 0, 0], "image": [0, 0, 1, 0, 0, 0, 2, 3]}
"""Pads of [N, C, H, W]: before each dimension, after each."""


def means_and_margins() -> Network:
    """Means over any dimensions, margins with any number."""
    net = Network((1, 4, 6, 5), 9)
    for name, axes, keepdims in (("image", [2, 3], 0), ("row", [3], 0), ("column", [-2], 1), ("channels", [1], 1)):
        net.result(net.node("ReduceMean", "x", name=f"mean_{name}", axes=axes, keepdims=keepdims))
    for name, pads in MARGINS.items():
        counts = net.constant(np.array(pads))
        net.result(net.node("Pad", "x", counts, name=f"pad_{name}"))
        net.result(net.node("Pad", "x", counts, net.constant(np.float32(0.5)), name=f"half_{name}"))
        net.result(net.node("Pad", "x", counts, net.constant(np.float32(-3)), name=f"beyond_{name}"))
    return net


def beside_layers() -> Network:
    """Means and margins of what is stored channels last, before layers that take margins in and before others."""
    net = Network((1, 4, 6, 5), 9)
    conv = net.node("Conv", "x", net.weight(3, 4, 3, 3), net.bias(3), pads=[1, 1, 1, 1], name="conv")
    for name, axes, keepdims in (("image", [2, 3], 0), ("row", [3], 0), ("column", [-2], 1), ("channels", [1], 1)):
        net.result(net.node("ReduceMean", conv, name=f"mean_{name}", axes=axes, keepdims=keepdims))
    net.result(net.node("ReduceMean", conv, name="mean_of_all"))
    net.result(net.node("Sum", "x", net.node("Relu", "x"), "x", name="sum_of_three"))
    for name, pads in MARGINS.items():
        counts = net.constant(np.array(pads))
        net.result(net.node("Pad", conv, counts, net.constant(np.float32(0.5)), name=f"pad_{name}"))
        padded = net.node("Pad", conv, counts)
        net.result(net.node("MaxPool", padded, name=f"max_{name}", kernel_shape=[2, 3]))
        net.result(net.node("AveragePool", padded, name=f"average_{name}", kernel_shape=[2, 3]))
        relu = net.node("Pad", net.node("Relu", conv), counts)
        net.result(net.node("MaxPool", relu, name=f"max_of_relu_{name}", kernel_shape=[3, 4]))
        given = net.node("Pad", "x", counts)
        channels = 6 if pads[5] else 4
        net.result(net.node("Conv", given, net.weight(2, channels, 2, 2), net.bias(2), name=f"conv_{name}"))
    last = net.node("Transpose", "x", perm=[0, 2, 3, 1])
    last = net.node("Pad", last, net.constant(np.array([0, 1, 1, 0, 0, 1, 1, 0])))
    first = net.node("Transpose", last, perm=[0, 3, 1, 2])
    net.result(net.node("MaxPool", first, name="max_transposed", kernel_shape=[2, 2]))
    net.result(net.node("Conv", first, net.weight(2, 4, 2, 2), name="conv_transposed"))
    squeezed = net.node("ReduceMean", conv, axes=[2, 3], keepdims=0)
    net.result(net.node("Unsqueeze", squeezed, net.constant(np.array([0, -1])), name="unsqueeze"))
    return net


def joins() -> Network:
    """Concatenations written in place, copied, of constants, along every axis, of each other; slices of all kinds."""
    net = Network((1, 4, 6, 5), 10)
    pads = {"pads": [1, 1, 1, 1]}

    def conv(value: str, inputs: int, outputs: int, name: str = "") -> str:
        return net.node("Conv", value, net.weight(outputs, inputs, 3, 3), net.bias(outputs), name=name, **pads)

    a, b, c = conv("x", 4, 3, "a"), conv("x", 4, 5, "b"), conv("x", 4, 3, "c")
    ab = net.node("Concat", a, b, axis=1, name="ab")
    net.result(net.node("Concat", a, b, c, axis=1, name="abc"))
    net.result(net.node("MaxPool", ab, name="max_ab", kernel_shape=[2, 2]))
    net.result(net.node("Concat", ab, net.node("Relu", c), axis=1, name="nested"))
    net.result(net.node("Concat", "x", "x", a, axis=1, name="of_inputs"))
    net.result(net.node("Concat", "x", net.bias(1, 2, 6, 5), axis=1, name="of_constants"))
    for axis in (2, 3):
        d, e = conv("x", 4, 3), conv("x", 4, 3)
        beside = net.result(net.node("Concat", d, e, axis=axis, name=f"along_{axis}"))
        net.result(net.node("MaxPool", d, name=f"part_along_{axis}", kernel_shape=[3, 3], **pads))
        net.result(net.node("Flatten", e, name=f"flat_part_along_{axis}"))
        first = net.constant(np.array([1])), net.constant(np.array([-1])), net.constant(np.array([axis]))
        inner = net.node("Slice", beside, *first)
        net.result(net.node("MaxPool", inner, name=f"slice_along_{axis}", kernel_shape=[3, 3], **pads))
    net.nodes.append(helper.make_node("Split", [ab, net.constant(np.array([2, 6]))], ["left", "right"], "cut", axis=1))
    net.result(net.node("MaxPool", "left", name="max_left", kernel_shape=[2, 2]))
    net.result(net.node("Concat", "right", "left", axis=1, name="swapped"))
    bounds = (net.constant(np.array(n)) for n in ([1, 2, -4], [3, 9, 99], [1, 2, 3]))
    net.result(net.node("Slice", "x", *bounds, name="slice_x"))
    return net


def shapes() -> Network:
    """What moves or orders numbers, alone and beside layers that are stored channels last."""
    net = Network((1, 4, 6, 5), 6)
    conv = net.node("Conv", "x", net.weight(3, 4, 3, 3), net.bias(3), pads=[1, 1, 1, 1])
    net.result(net.node("Flatten", conv, name="flatten"))
    net.result(net.node("Flatten", conv, name="flatten_at_2", axis=2))
    net.result(net.node("Transpose", conv, name="transpose", perm=[0, 2, 3, 1]))
    net.result(net.node("Transpose", "x", name="transpose_x", perm=[0, 3, 1, 2]))
    net.result(net.node("Reshape", conv, net.constant(np.array([0, -1, 10])), name="reshape"))
    net.result(net.node("Squeeze", conv, net.constant(np.array([0])), name="squeeze"))
    net.result(net.node("Identity", conv, name="identity"))
    net.result(net.node("Dropout", "x", name="dropout"))
    net.result(net.node("ArgMax", "x", name="argmax", axis=1), TensorProto.INT64)
    net.result(net.node("ArgMax", "x", name="argmax_dropped", axis=-1, keepdims=0), TensorProto.INT64)
    net.result(net.node("Softmax", "x", name="softmax", axis=1))
    net.result(net.node("Softmax", "x", name="softmax_last", axis=-1))
    return net


def moves() -> Network:
    """Elements from constant places: of the model's input, and of layers that are stored channels last."""
    net = Network((1, 4, 6, 5), 11)
    conv = net.node("Conv", "x", net.weight(4, 4, 3, 3), net.bias(4), pads=[1, 1, 1, 1])

    def numbers(*values: int) -> str:
        return net.constant(np.array(values))

    steps = (numbers(-1, 0, 4), numbers(-99, 6, -99), numbers(1, 2, 3), numbers(-1, 2, -2))
    margins = numbers(0, 0, 2, 1, 0, 0, 1, 3)
    for value, name in (("x", "input"), (conv, "layer")):
        even = net.node("Slice", value, numbers(0), numbers(4), numbers(3))
        made = {
            "steps": net.node("Slice", value, *steps),
            "rows": net.node("Gather", value, numbers(0, 5, 2, -1), axis=2),
            "channels": net.node("Gather", value, numbers(2, 0, 3, 1, 1), axis=1),
            "tile": net.node("Tile", value, numbers(1, 2, 1, 3)),
            "expand": net.node("Expand", net.node("Slice", value, numbers(1), numbers(2), numbers(2)), numbers(3, 1)),
            "to_space": net.node("DepthToSpace", value, blocksize=2, mode="CRD"),
            "to_depth": net.node("SpaceToDepth", even, blocksize=2),
            "compress": net.node("Compress", value, net.constant(np.array([1, 0, 1, 1, 0, 1], bool)), axis=2),
            "cut": net.node("Pad", value, numbers(0, 0, -1, 1, 0, 0, 2, -2)),
            **{mode: net.node("Pad", value, margins, mode=mode) for mode in ("reflect", "edge")},
        }
        for move, result in made.items():
            if name == "layer":
                result = net.node("MaxPool", result, kernel_shape=[2, 2])
            net.result(net.node("Identity", result, name=f"{move}_{name}"))
        net.result(net.node("Gather", value, net.constant(np.array(3)), axis=2, name=f"row_{name}"))
        net.result(net.node("Gather", value, net.constant(np.array([[0, 1], [3, 2]])), axis=1, name=f"table_{name}"))
    cells = net.constant(np.array([[[0, 1], [0, 3]], [[0, 0], [0, 2]]]))
    net.result(net.node("GatherND", conv, cells, name="cells"))
    updates = net.node("Slice", "x", numbers(0), numbers(2), numbers(1))
    net.result(net.node("ScatterND", conv, cells, net.node("Concat", updates, updates, axis=0), name="scattered"))
    return net


def resizes() -> Network:
    """Resize of the model's input and of a layer: moves and weighted neighbours, larger and smaller."""
    net = Network((1, 3, 6, 4), 12)
    conv = net.node("Conv", "x", net.weight(3, 3, 3, 3), net.bias(3), pads=[1, 1, 1, 1])

    def numbers(*values: float) -> str:
        return net.constant(np.array(values, np.float32))

    double, half = numbers(1, 1, 2, 2), numbers(1, 1, 0.5, 0.5)
    for value, name in (("x", "input"), (conv, "layer")):
        made = {
            "nearest": net.node("Resize", value, "", double, mode="nearest"),
            "nearest_smaller": net.node("Resize", value, "", half, mode="nearest", nearest_mode="floor"),
            "nearest_uneven": net.node("Resize", value, "", numbers(1, 1, 1.5, 1.75)),
            "linear": net.node("Resize", value, "", double, mode="linear"),
            "corners": net.node(
                "Resize", value, "", double, mode="linear", coordinate_transformation_mode="align_corners"
            ),
            "linear_smaller": net.node("Resize", value, "", half, mode="linear"),
            "linear_uneven": net.node("Resize", value, "", numbers(1, 1, 1.5, 0.75), mode="linear"),
            "rows": net.node("Resize", value, "", numbers(1, 1, 4, 1), mode="linear"),
            "cubic": net.node("Resize", value, "", double, mode="cubic"),
        }
        for kind, result in made.items():
            if name == "layer":
                result = net.node("MaxPool", result, kernel_shape=[2, 2])
            net.result(net.node("Identity", result, name=f"{kind}_{name}"))
    return net


def transposed() -> Network:
    """ConvTranspose: strides longer and shorter than the window, pads, output padding, groups, dilations, shapes."""
    net = Network((1, 4, 5, 4), 13)
    variants: dict[str, tuple[int, int, tuple[int, ...], dict[str, Any]]] = {
        "plain": (3, 1, (3, 3), {}),
        "blocks": (3, 1, (2, 2), {"strides": [2, 2]}),
        "twice": (3, 1, (4, 4), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
        "odd": (3, 1, (3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
        "uneven": (3, 1, (3, 2), {"strides": [2, 3], "pads": [0, 1, 1, 0]}),
        "apart": (2, 1, (2, 2), {"strides": [3, 4]}),
        "dilated": (2, 1, (3, 2), {"dilations": [2, 3], "strides": [2, 1]}),
        "grouped": (6, 2, (3, 3), {"group": 2, "strides": [2, 2]}),
        "depthwise": (4, 4, (4, 4), {"group": 4, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        "same": (3, 1, (3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        "shaped": (3, 1, (3, 3), {"strides": [2, 2], "output_shape": [10, 9]}),
    }
    conv = net.node("Conv", "x", net.weight(4, 4, 3, 3), net.bias(4), pads=[1, 1, 1, 1])
    for name, (out, group, window, attributes) in variants.items():
        weights = net.weight(4, out // group, *window, axis=1)
        net.result(net.node("ConvTranspose", "x", weights, net.bias(out), name=name, **attributes))
        if name in ("twice", "odd", "grouped", "depthwise"):
            layer = net.node("Relu", net.node("ConvTranspose", conv, weights, **attributes))
            net.result(net.node("MaxPool", layer, kernel_shape=[2, 2], name=f"max_{name}"))
    line = net.node("Reshape", "x", net.constant(np.array([1, 4, 20])))
    weights = net.weight(4, 3, 4, axis=1)
    net.result(net.node("ConvTranspose", line, weights, net.bias(3), name="line", strides=[2], pads=[1, 0]))
    return net


DOMAINS: dict[str, tuple[float, float]] = {
    "Acosh": (1, 3),
    "Acos": (-0.9, 0.9),
    "Asin": (-0.9, 0.9),
    "Atanh": (-0.8, 0.8),
    "Log": (0.1, 2),
    "Reciprocal": (0.5, 2),
    "Sqrt": (0, 2),
    "Tan": (-1.2, 1.2),
}
"""Between which numbers a function is computed, where they are not -4 and 4."""


def real_function(net: Network, name: str, **attributes: Any) -> None:
    """A function of numbers from its domain, which are a multiple of the input, shifted; a layer takes it in."""
    low, high = DOMAINS.get(name, (-4, 4))
    scaled = net.node("Mul", "x", net.constant(np.float32((high - low) / 2)))
    inside = net.node("Add", scaled, net.constant(np.float32((high + low) / 2)), name=f"{name}_x{len(net.nodes)}")
    net.result(inside)
    net.result(net.node(name, inside, name=f"{name}_y{len(net.nodes)}", **attributes))


def curves() -> Network:
    """Functions by tables: of all results, or of segments."""
    net = Network((1, 4, 9), 7, opset=24)
    for name, op in dialect.FUNCTIONS.items():
        if op.definition().pieces is None and not op.definition().domain and name not in STAIRS:
            real_function(net, name)
    real_function(net, "Gelu", approximate="tanh")
    real_function(net, "Elu", alpha=0.3)
    real_function(net, "Celu", alpha=0.7)
    return net


def lines() -> Network:
    """Functions of straight lines, alone and in the layer before them."""
    net = Network((1, 4, 9), 8, opset=24)
    for name, op in dialect.FUNCTIONS.items():
        if op.definition().pieces is not None and name not in ("ThresholdedRelu", "Sign", "Shrink"):
            real_function(net, name)
    real_function(net, "LeakyRelu", alpha=-1.5)
    real_function(net, "HardSigmoid", alpha=-0.3, beta=0.2)
    for name in ("LeakyRelu", "Abs", "HardSigmoid"):
        layer = net.node("Conv", "x", net.weight(3, 4, 3), net.bias(3), name=f"{name}_layer")
        net.result(net.node(name, layer, name=f"{name}_of_layer"))
    return net


def several() -> Network:
    """Functions of several values, of constants of any shape, and of values that broadcast."""
    net = Network((1, 4, 6, 5), 4)
    relu, negative = net.node("Relu", "x", name="relu"), net.node("Neg", "x")
    above = net.node("Add", relu, net.constant(np.float32(1)), name="above")
    first = net.node("Slice", "x", *(net.constant(np.array([n])) for n in (0, 1, 3)), name="first")
    net.result(net.node("Max", "x", negative, name="greatest"))
    net.result(net.node("Min", "x", negative, relu, name="least"))
    net.result(net.node("Max", "x", net.constant(np.float32(0.2)), name="at_least"))
    net.result(net.node("Min", net.bias(4, 1, 1), "x", name="at_most"))
    net.result(net.node("Mean", "x", relu, first, above, name="mean"))
    net.result(net.node("Mean", *(["x", relu, first, above, "x"] * 2), name="mean_of_ten"))
    net.result(net.node("Div", "x", above, name="quotient"))
    net.result(net.node("Div", net.bias(4, 1, 1), above, name="constant_over"))
    net.result(net.node("Add", net.node("ReduceMean", "x", axes=[0, 1, 2, 3], keepdims=0), "x", name="rank_0"))
    for exponent in (2, 3, 0.5, -1, 1.7, 1):
        power = net.constant(np.float32(exponent))
        net.result(net.node("Pow", above, power, name=f"power{len(net.nodes)}"))
    net.result(net.node("Pow", net.constant(np.float32(2)), "x", name="power_of_2"))
    net.result(net.node("PRelu", "x", net.constant(np.float32(0.2)), name="one_slope"))
    net.result(net.node("PRelu", "x", net.bias(4, 1, 1), name="slopes"))
    net.result(net.node("PRelu", "x", above, name="computed_slopes"))
    layer = net.node("Conv", "x", net.weight(4, 4, 3, 3), net.bias(4), pads=[1, 1, 1, 1])
    net.result(net.node("PRelu", layer, net.bias(4, 1, 1), name="slopes_of_layer"))
    return net


GROUPS: tuple[Callable[[], Network], ...] = (
    *(convolutions, signals, matrices),
    *(elementwise, pools, means_and_margins, beside_layers, joins, shapes, moves, resizes, transposed),
    *(curves, lines, several),
)
CONFIGURATIONS = [(group, bits, scheme) for group in GROUPS for bits in (8, 16) for scheme in ("affine", "pow2")]

STEPS = {8: 1.0, 16: 32.0}
"""How far an operator may be from the float model, in units of its output's scale, by the width of values.

8 bits hold the weights and inputs of these models exactly. What remains is the rounding of the output (1/2), of an
added constant (1/2 where its scale is the output's), and of a multiplier: 15 bits at least, 2^-7 of a step.
With 16 bits the weights keep what fits the accumulator (fixed-assign-types), and where products have 32 bits the
accumulator is narrowed to 16 before it is multiplied: 32 steps are 2^-11 of the range.
"""

LAYERS: dict[Callable[[], Network], int] = {
    **{beside_layers: 2, joins: 2, moves: 2, resizes: 2, transposed: 3},
    **{curves: 4, lines: 2, several: 3},
}
"""How many times a model rounds one after the other, where it is more than once, or by how much it stretches that: a
logarithm near 0 makes 4 steps of half a step of its input."""


@pytest.mark.parametrize("board", ["host", "mega2560"])
@pytest.mark.parametrize(("group", "bits", "scheme"), CONFIGURATIONS, ids=lambda v: getattr(v, "__name__", str(v)))
def test_operators(group: Callable[[], Network], bits: int, scheme: str, board: str, tmp_path: Path):
    """The host's code has 64-bit products, the AVR's (run on this computer) 32-bit ones and 16-bit loop counters."""
    net = group()
    rows = net.rows(ROWS)
    compilation = compile_network(net.model(), tmp_path, rows, board, bits, scheme)
    data = on_grid(compilation, rows * np.float32(0.9))
    errors = errors_in_steps(compilation, data, equal_levels(compilation, data))
    allowed = STEPS[bits] * LAYERS.get(group, 1)
    assert {name: error for name, error in errors.items() if error >= allowed} == {}
    assert len(errors) == len(net.outputs)


@pytest.mark.parametrize(
    ("group", "bits", "scheme"),
    [
        (convolutions, 8, "affine"),
        (pools, 16, "pow2"),
        (shapes, 8, "affine"),
        (beside_layers, 8, "affine"),
        (joins, 8, "pow2"),
        (transposed, 16, "affine"),
    ],
)
def test_operators_as_hls(group: Callable[[], Network], bits: int, scheme: str, tmp_path: Path):
    net = group()
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, "host", bits, scheme)
    equal_levels(compilation, real_inputs(rows), [hls_executor(compilation)])


def test_argmax_reads_what_a_layer_stores(tmp_path: Path):
    """Channels are stored last: the index must be ONNX's all the same."""
    net = Network(IMAGE, 8)
    conv = net.result(net.node("Conv", "x", net.weight(5, 4, 3, 3), net.bias(5), name="conv"))
    for axis in (1, 2, 3):
        net.result(net.node("ArgMax", conv, name=f"axis{axis}", axis=axis, keepdims=axis % 2), TensorProto.INT64)
    rows = net.rows(ROWS)
    compilation = compile_network(net.model(), tmp_path, rows)
    ports = output_ports(compilation.function)
    outputs = to_real(equal_levels(compilation, real_inputs(rows)).outputs, ports)
    for axis in (1, 2, 3):
        expected = outputs["conv"].argmax(axis=axis + 1).reshape(outputs[f"axis{axis}"].shape)
        np.testing.assert_array_equal(outputs[f"axis{axis}"], expected)
