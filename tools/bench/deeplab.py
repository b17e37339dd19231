"""A small network in the manner of DeepLabv3 (Chen et al.): atrous convolutions in parallel, resized at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATES = (2, 4, 8)
"""Dilations of the parallel convolutions."""


class Builder:
    """Nodes of a graph from `x`, with random weights."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def conv(self, x: str, inner: int, outer: int, kernel: int, stride: int = 1, rate: int = 1, groups: int = 1) -> str:
        """A convolution of `inner` to `outer` channels that keeps the size up to its stride, with Relu."""
        w, y = f"w{len(self.weights)}", f"conv{len(self.nodes)}"
        values = self.random.normal(size=(outer, inner // groups, kernel, kernel)).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, w))
        pads = [rate * (kernel // 2)] * 4
        where: dict[str, Any] = {"pads": pads, "strides": [stride] * 2, "dilations": [rate] * 2, "group": groups}
        self.nodes.append(helper.make_node("Conv", [x, w], [y], y, **where))
        self.nodes.append(helper.make_node("Relu", [y], [f"{y}_relu"], f"{y}_relu"))
        return f"{y}_relu"

    def separable(self, x: str, inner: int, outer: int, stride: int = 1, rate: int = 1) -> str:
        """A depthwise convolution, then one of 1x1."""
        return self.conv(self.conv(x, inner, inner, 3, stride, rate, groups=inner), inner, outer, 1)


def deeplab(size: int = 96, classes: int = 4) -> onnx.ModelProto:
    """From (1, 3, size, size) to (1, classes, size, size); `size` is a multiple of 8. Nodes are branch by branch."""
    net = Builder()
    x = net.separable(net.conv("x", 3, 16, 3, 2), 16, 32, 2)
    x = net.separable(x, 32, 64, 2)
    branches = [net.conv(x, 64, 32, 1), *(net.separable(x, 64, 32, rate=rate) for rate in RATES)]
    net.nodes.append(helper.make_node("Concat", branches, ["joined"], "joined", axis=1))
    x = net.conv(net.conv("joined", 32 * len(branches), 32, 1), 32, classes, 1)
    net.weights.append(numpy_helper.from_array(np.array([1, 1, 8, 8], np.float32), "scales"))
    net.nodes.append(helper.make_node("Resize", [x, "", "scales"], ["y"], "resize", mode="linear"))
    shapes = {"x": (1, 3, size, size), "y": (1, classes, size, size)}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(net.nodes, "deeplab", ends[:1], ends[1:], net.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
