"""Work items: single quantized layers, of shapes that small networks have, with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]

IN_SCALE, WEIGHT_SCALE = 2.0**-6, 2.0**-7


@dataclass(frozen=True)
class Item:
    """A layer: data (height, width, channels), the window, stride and padding before, output (height, width, channels).

    `tuned` and `tuned8` are instructions per multiply-accumulate of a kernel written by hand for this shape alone on a
    Cortex-M4, with weights of 16 and of 8 bits (gcc 12, counted by QEMU).
    """

    name: str
    kind: Literal["conv", "depthwise", "dense"]
    data: tuple[int, int, int]
    window: tuple[int, int]
    stride: int
    padding: tuple[int, int]
    output: tuple[int, int, int]
    zero_points: tuple[int, int]
    tuned: float
    tuned8: float | None = None

    @property
    def taps(self) -> int:
        """Products of an output."""
        return prod(self.window) * (1 if self.kind == "depthwise" else self.data[2])

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return prod(self.output) * self.taps

    @cached_property
    def weights(self) -> Array:
        """(output channels, height, width, input channels), int8."""
        channels = 1 if self.kind == "depthwise" else self.data[2]
        return self._random(1).integers(-127, 128, (self.output[2], *self.window, channels)).astype(np.int8)

    @cached_property
    def bias(self) -> Array:
        """Of the accumulators, int32."""
        return self._random(2).integers(-3000, 3000, self.output[2]).astype(np.int32)

    @cached_property
    def weight_scales(self) -> Array:
        """One for each output channel; of a dense layer all are equal."""
        spread = self._random(3).uniform(0.6, 1.4, self.output[2]) if self.kind != "dense" else np.ones(self.output[2])
        return (WEIGHT_SCALE * spread).astype(np.float32)

    @property
    def out_scale(self) -> float:
        """Such that outputs use most of 8 bits."""
        return float(np.float32(IN_SCALE * WEIGHT_SCALE * 127 * 74 * np.sqrt(self.taps) * 0.6 / 60))

    def rows(self, count: int) -> Array:
        """Random data, (count, height, width, channels), int8."""
        return self._random(4).integers(-128, 128, (count, *self.data)).astype(np.int8)

    def _random(self, part: int) -> np.random.Generator:
        return np.random.default_rng([part, *self.name.encode()])

    def model(self) -> onnx.ModelProto:
        """The layer between DequantizeLinear and QuantizeLinear."""
        dense, (height, wide, channels) = self.kind == "dense", self.data
        kernel = self.weights.reshape(self.output[2], -1) if dense else self.weights.transpose(0, 3, 1, 2)
        constants = {
            "x_scale": np.float32(IN_SCALE),
            "x_zero": np.int8(self.zero_points[0]),
            "w": np.ascontiguousarray(kernel),
            "w_scale": self.weight_scales,
            "w_zero": np.zeros(self.output[2], np.int8),
            "b": self.bias,
            "b_scale": (IN_SCALE * self.weight_scales).astype(np.float32),
            "b_zero": np.zeros(self.output[2], np.int32),
            "y_scale": np.float32(self.out_scale),
            "y_zero": np.int8(self.zero_points[1]),
        }
        layer = helper.make_node("Gemm", ["xf", "wf", "bf"], ["yf"], "layer", transB=1)
        if not dense:
            groups = channels if self.kind == "depthwise" else 1
            attributes: dict[str, Any] = {"strides": [self.stride] * 2, "pads": self._pads(), "group": groups}
            layer = helper.make_node("Conv", ["xf", "wf", "bf"], ["yf"], "layer", **attributes)
        nodes = [
            helper.make_node("DequantizeLinear", ["x", "x_scale", "x_zero"], ["xf"]),
            helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["wf"], axis=0),
            helper.make_node("DequantizeLinear", ["b", "b_scale", "b_zero"], ["bf"], axis=0),
            layer,
            helper.make_node("QuantizeLinear", ["yf", "y_scale", "y_zero"], ["y"]),
        ]
        shapes = [1, channels] if dense else [1, channels, height, wide], [1, self.output[2], *self.output[:2]]
        given = helper.make_tensor_value_info("x", TensorProto.INT8, shapes[0])
        made = helper.make_tensor_value_info("y", TensorProto.INT8, shapes[1][:2] if dense else shapes[1])
        tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
        graph = helper.make_graph(nodes, self.name, [given], [made], tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)

    def _pads(self) -> list[int]:
        """Before and behind."""
        sizes = zip(self.output, self.window, self.data, self.padding, strict=False)
        behind = [max(0, (out - 1) * self.stride + tap - size - pad) for out, tap, size, pad in sizes]
        return [*self.padding, *behind]


ITEMS = (
    Item("kws_conv", "conv", (49, 10, 1), (10, 4), 2, (5, 1), (25, 5, 64), (-5, -128), 0.91, 1.21),
    Item("kws_depthwise", "depthwise", (25, 5, 64), (3, 3), 1, (1, 1), (25, 5, 64), (-5, -128), 1.87),
    Item("kws_pointwise", "conv", (25, 5, 64), (1, 1), 1, (0, 0), (25, 5, 64), (-128, -128), 0.84, 1.10),
    Item("resnet_conv", "conv", (32, 32, 16), (3, 3), 1, (1, 1), (32, 32, 16), (-5, -128), 0.85, 1.09),
    Item("vww_conv", "conv", (96, 96, 3), (3, 3), 2, (0, 0), (48, 48, 8), (-5, -128), 1.21, 1.41),
    Item("vww_depthwise", "depthwise", (48, 48, 8), (3, 3), 1, (1, 1), (48, 48, 8), (-5, -128), 1.73),
    Item("vww_pointwise", "conv", (48, 48, 8), (1, 1), 1, (0, 0), (48, 48, 16), (-128, -128), 1.51, 2.38),
    Item("vww_pointwise_128", "conv", (6, 6, 128), (1, 1), 1, (0, 0), (6, 6, 128), (-128, -128), 0.77, 1.00),
    Item("ad_dense", "dense", (1, 1, 640), (1, 1), 1, (0, 0), (1, 1, 128), (-5, 3), 0.73, 1.17),
    Item("rnn_matvec", "dense", (1, 1, 32), (1, 1), 1, (0, 0), (1, 1, 32), (-5, 3), 0.95, 1.46),
)
"""Ten layers."""
