"""A TFLite file for each operator and element type: the cases that LiteRT judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from support.tflite_models import TfliteFile

SAME, VALID = 0, 1
STRIDES = {"StrideW": 1, "StrideH": 1, "DilationWFactor": 1, "DilationHFactor": 1}
POINTS = {"int8": 3, "uint8": 121, "int16": 0, "float32": 0}
BIAS = {"int8": np.int32, "uint8": np.int32, "int16": np.int64}


class Case(TfliteFile):
    """A file of one element type with an image as its input."""

    def __init__(self, dtype: str, shape: Sequence[int] = (1, 7, 6, 4), scale: float = 0.05):
        super().__init__()
        self.dtype, self.random = dtype, np.random.default_rng(len(shape) + sum(shape))
        self.x = self.value(shape, scale)

    def value(self, shape: Sequence[int], scale: float, zero_point: int | None = None) -> int:
        """A tensor of the case's type."""
        scaled = None if self.dtype == "float32" else scale
        return self.tensor(shape, self.dtype, scaled, POINTS[self.dtype] if zero_point is None else zero_point)

    def weights(self, shape: Sequence[int], axis: int | None) -> tuple[int, list[float]]:
        """Random weights; with an axis each channel has a scale of its own."""
        if self.dtype == "float32":
            return self.constant(self.random.normal(0, 0.2, shape).astype(np.float32)), [1.0]
        scales = [0.01] if axis is None else [0.002 * 1.7**channel for channel in range(shape[axis])]
        if self.dtype == "uint8":
            return self.constant(self.random.integers(0, 256, shape).astype(np.uint8), 0.01, zero_point=117), [0.01]
        array = self.random.integers(-127, 128, shape).astype(np.int8)
        return self.constant(array, scales if axis is not None else scales[0], axis=axis or 0), scales

    def bias(self, count: int, scales: Sequence[float]) -> int:
        """A random bias in units of the sums."""
        if self.dtype == "float32":
            return self.constant(self.random.normal(0, 1, count).astype(np.float32))
        of_x = np.float32(self.tensors[self.x].scales[0])
        products = [float(of_x * np.float32(scale)) for scale in scales]
        array = self.random.integers(-900, 900, count).astype(BIAS[self.dtype])
        return self.constant(array, products if len(products) > 1 else products[0])

    def per_channel(self, axis: int) -> int | None:
        """The axis of scales per channel, where the type has such."""
        return None if self.dtype in ("uint8", "float32") else axis

    def finish(self, outputs: Sequence[int], inputs: Sequence[int] | None = None) -> bytes:
        """The file."""
        return self.build([self.x] if inputs is None else inputs, outputs)


def conv(dtype: str, **given: Any) -> bytes:
    c = Case(dtype)
    w, scales = c.weights((5, 3, 3, 4), c.per_channel(0))
    shape = (1, 4, 3, 5) if given.get("StrideW") == 2 else (1, 7, 6, 5) if given["Padding"] == SAME else (1, 5, 4, 5)
    y = c.value(shape, 0.09, -128 if given.get("FusedActivationFunction") and dtype == "int8" else None)
    c.operator("CONV_2D", [c.x, w, c.bias(5, scales)], [y], "Conv2DOptions", **{**STRIDES, **given})
    return c.finish([y])


def depthwise(dtype: str) -> bytes:
    c = Case(dtype)
    w, scales = c.weights((1, 3, 3, 8), c.per_channel(3))
    y = c.value((1, 7, 6, 8), 0.03)
    values = {**STRIDES, "Padding": SAME, "DepthMultiplier": 2}
    c.operator("DEPTHWISE_CONV_2D", [c.x, w, c.bias(8, scales)], [y], "DepthwiseConv2DOptions", **values)
    return c.finish([y])


def transpose_conv(dtype: str, padding: int = SAME) -> bytes:
    c = Case(dtype)
    w, scales = c.weights((5, 3, 3, 4), c.per_channel(0))
    shape = (1, 14, 12, 5) if padding == SAME else (1, 15, 13, 5)
    y = c.value(shape, 0.09)
    inputs = [c.constant(np.array(shape, np.int32)), w, c.x, c.bias(5, scales)]
    options = {"StrideW": 2, "StrideH": 2, "Padding": padding}
    c.operator("TRANSPOSE_CONV", inputs, [y], "TransposeConvOptions", **options)
    return c.finish([y])


def fully_connected(dtype: str, bias: bool = True, channels: bool = False, deep: bool = False) -> bytes:
    c = Case(dtype, (1, 6, 40) if deep else (3, 40))
    w, scales = c.weights((7, 40), 0 if channels else None)
    y = c.value((1, 6, 7) if deep else (3, 7), 0.2)
    inputs = [c.x, w, c.bias(7, scales) if bias else -1]
    c.operator("FULLY_CONNECTED", inputs, [y], "FullyConnectedOptions", KeepNumDims=deep)
    return c.finish([y])


def binary(kind: str, dtype: str, options: str | None = None, stretched: bool = False, scale: float = 0.07) -> bytes:
    c = Case(dtype)
    other = c.value((1, 1, 1, 4) if stretched else (1, 7, 6, 4), 0.05 if options is None else 0.031)
    y = c.value((1, 7, 6, 4), 0.05 if options is None else scale)
    values = {"PotScaleInt16": False} if dtype == "int16" and options in ("AddOptions", "SubOptions") else {}
    c.operator(kind, [c.x, other], [y], options, **values)
    return c.finish([y], [c.x, other])


def pool(kind: str, dtype: str, size: int, stride: int, padding: int) -> bytes:
    c = Case(dtype)
    sizes = [(-(-n // stride) if padding == SAME else (n - size) // stride + 1) for n in (7, 6)]
    y = c.value((1, *sizes, 4), 0.05)
    window = {"FilterWidth": size, "FilterHeight": size, "StrideW": stride, "StrideH": stride, "Padding": padding}
    c.operator(kind, [c.x], [y], "Pool2DOptions", **window)
    return c.finish([y])


def reduced(kind: str, dtype: str, axes: Sequence[int], kept: bool, scale: float = 0.03) -> bytes:
    c = Case(dtype)
    shape = [1 if a in axes else n for a, n in enumerate((1, 7, 6, 4)) if kept or a not in axes]
    y = c.value(shape, scale)
    c.operator(kind, [c.x, c.constant(np.array(axes, np.int32))], [y], "ReducerOptions", KeepDims=kept)
    return c.finish([y])


def unary(
    kind: str, dtype: str, y: tuple[float, int | None], options: str | None = None, scale: float = 0.05, **v: Any
) -> bytes:
    c = Case(dtype, (2, 60), scale)
    result = c.value((2, 60), *y)
    c.operator(kind, [c.x], [result], options, **v)
    return c.finish([result])


def p_relu(dtype: str) -> bytes:
    c = Case(dtype)
    slopes = c.random.integers(-100, 100, (1, 1, 4)).astype(np.int8) if dtype == "int8" else None
    array = c.random.normal(0, 0.3, (1, 1, 4)).astype(np.float32) if slopes is None else slopes
    y = c.value((1, 7, 6, 4), 0.06)
    c.operator("PRELU", [c.x, c.constant(array, None if slopes is None else 0.004)], [y])
    return c.finish([y])


def moved(kind: str, dtype: str, shape: Sequence[int], inputs: Sequence[Any], options: str | None, **v: Any) -> bytes:
    c = Case(dtype)
    y = c.value(shape, 0.05)
    c.operator(kind, [c.x, *(c.constant(np.array(i, np.int32)) for i in inputs)], [y], options, **v)
    return c.finish([y])


def concatenated(dtype: str, axis: int) -> bytes:
    c = Case(dtype)
    other, shape = c.value((1, 7, 6, 4), 0.05), [1, 7, 6, 4]
    shape[axis] *= 2
    y = c.value(shape, 0.05)
    c.operator("CONCATENATION", [c.x, other], [y], "ConcatenationOptions", Axis=axis)
    return c.finish([y], [c.x, other])


def split(dtype: str) -> bytes:
    c = Case(dtype)
    parts = [c.value((1, 7, 6, 2), 0.05) for _ in range(2)]
    c.operator("SPLIT", [c.constant(np.array(3, np.int32)), c.x], parts, "SplitOptions", NumSplits=2)
    return c.finish(parts)


Maker = Callable[[str], bytes]

LAYERS: dict[str, Maker] = {
    "conv same": lambda t: conv(t, Padding=SAME),
    "conv strides relu": lambda t: conv(t, Padding=SAME, StrideW=2, StrideH=2, FusedActivationFunction=1),
    "conv valid relu6": lambda t: conv(t, Padding=VALID, FusedActivationFunction=3),
    "depthwise": depthwise,
    "transpose_conv": transpose_conv,
    "transpose_conv valid": lambda t: transpose_conv(t, VALID),
    "fully_connected": fully_connected,
    "fully_connected no bias": lambda t: fully_connected(t, bias=False),
    "fully_connected rows": lambda t: fully_connected(t, deep=True),
    "add": lambda t: binary("ADD", t, "AddOptions"),
    "add stretched": lambda t: binary("ADD", t, "AddOptions", stretched=True),
    "sub": lambda t: binary("SUB", t, "SubOptions"),
    "mul": lambda t: binary("MUL", t, "MulOptions", scale=0.011),
    "average_pool": lambda t: pool("AVERAGE_POOL_2D", t, 3, 2, SAME),
    "average_pool valid": lambda t: pool("AVERAGE_POOL_2D", t, 2, 2, VALID),
    "max_pool": lambda t: pool("MAX_POOL_2D", t, 3, 2, SAME),
    "mean": lambda t: reduced("MEAN", t, (1, 2), True),
    "mean dropped": lambda t: reduced("MEAN", t, (1, 2), False),
    "mean channels": lambda t: reduced("MEAN", t, (3,), True),
}
"""What computes on several elements, by name."""

FUNCTIONS: dict[str, Maker] = {
    "logistic": lambda t: unary("LOGISTIC", t, (1 / 256, -128 if t == "int8" else 0)),
    "tanh": lambda t: unary("TANH", t, (1 / 128, 0 if t == "int8" else 128)),
    "hard_swish": lambda t: unary("HARD_SWISH", t, (0.046, -10 if t == "int8" else 17)),
    "leaky_relu": lambda t: unary("LEAKY_RELU", t, (0.041, None), "LeakyReluOptions", Alpha=0.2),
    "softmax": lambda t: unary("SOFTMAX", t, (1 / 256, -128 if t == "int8" else 0), "SoftmaxOptions", Beta=1.0),
    "softmax flat": lambda t: unary(
        "SOFTMAX", t, (1 / 256, -128 if t == "int8" else 0), "SoftmaxOptions", 0.004, Beta=1.0
    ),
    "relu": lambda t: unary("RELU", t, (0.041, None)),
    "relu6": lambda t: unary("RELU6", t, (0.0236, None)),
}
"""Functions of one number, and softmax."""

MOVES: dict[str, Maker] = {
    "concatenation": lambda t: concatenated(t, 3),
    "concatenation rows": lambda t: concatenated(t, 1),
    "split": split,
    "reshape": lambda t: moved("RESHAPE", t, (6, 28), [(6, 28)], None),
    "transpose": lambda t: moved("TRANSPOSE", t, (1, 4, 7, 6), [(0, 3, 1, 2)], None),
    "pad": lambda t: moved("PAD", t, (1, 9, 9, 4), [((0, 0), (1, 1), (2, 1), (0, 0))], None),
    "slice": lambda t: moved("SLICE", t, (1, 3, 6, 2), [(0, 2, 0, 1), (1, 3, 6, 2)], None),
    "strided_slice": lambda t: moved(
        "STRIDED_SLICE",
        t,
        (1, 3, 4),
        [(0, 1, 2, 0), (1, 6, 3, 4), (1, 2, 1, 1)],
        "StridedSliceOptions",
        ShrinkAxisMask=4,
    ),
    "resize nearest": lambda t: moved(
        "RESIZE_NEAREST_NEIGHBOR", t, (1, 14, 12, 4), [(14, 12)], "ResizeNearestNeighborOptions", HalfPixelCenters=True
    ),
    "maximum": lambda t: binary("MAXIMUM", t),
    "minimum": lambda t: binary("MINIMUM", t),
    "reduce_max": lambda t: reduced("REDUCE_MAX", t, (1, 2), True, 0.05),
}
"""What keeps integers."""

FLOATS: dict[str, Maker] = {
    "resize bilinear": lambda t: moved("RESIZE_BILINEAR", t, (1, 14, 12, 4), [(14, 12)], "ResizeBilinearOptions"),
    "prelu": p_relu,
    "sum": lambda t: reduced("SUM", t, (3,), False),
    "abs": lambda t: unary("ABS", t, (1, 0)),
    "exp": lambda t: unary("EXP", t, (1, 0)),
    "div": lambda t: binary("DIV", t, "DivOptions"),
    "squared difference": lambda t: binary("SQUARED_DIFFERENCE", t),
}
"""More of float32."""
