"""Float networks that several tests take: with a bit of everything, and still small."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from .networks import Network


def classifier() -> Network:
    """Each form, each kind of padding and a softmax, in 2 kB of RAM."""
    net = Network((1, 2, 8, 7), 9)
    value = net.node("Conv", "x", net.weight(4, 2, 3, 3), net.bias(4), pads=[1, 1, 1, 1])
    value = net.node("Relu", value)
    value = net.node("Conv", value, net.weight(4, 1, 3, 3), net.bias(4), group=4, pads=[0, 1, 1, 0])
    pool: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    value = net.node("Add", net.node("MaxPool", value, **pool), net.node("AveragePool", value, **pool))
    value = net.node("Gemm", net.node("Flatten", value), net.weight(48, 5, axis=1), net.bias(5))
    net.result(net.node("Softmax", value, name="softmax"))
    net.result(net.node("ArgMax", value, name="argmax", axis=1), TensorProto.INT64)
    return net


def dense_block() -> Network:
    """Two layers that each read all before them, between a padded layer and a mean; a branch with its own margins."""
    net = Network((1, 2, 8, 7), 11)
    margins = net.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    stem = net.node("Conv", net.node("Pad", "x", margins), net.weight(4, 2, 3, 3), net.bias(4), strides=[2, 2])
    value = net.node("Relu", stem)
    for _ in range(2):
        channels = 4 if value.startswith("relu") else 6
        parameters = [net.constant(net.random.uniform(0.5, 2, channels).astype(np.float32)) for _ in range(4)]
        normal = net.node("Relu", net.node("BatchNormalization", value, *parameters))
        layer = net.node("Conv", normal, net.weight(2, channels, 3, 3), net.bias(2), pads=[1, 1, 1, 1])
        value = net.node("Concat", value, layer, axis=1)
    wider = net.node("Pad", stem, net.constant(np.array([0, 0, 0, 0, 0, 4, 0, 0])))
    total = net.node("Add", value, wider)
    gate = net.node("Sigmoid", net.node("ReduceMean", total, axes=[2, 3], keepdims=1))
    mean = net.node("ReduceMean", net.node("Mul", total, gate), axes=[2, 3], keepdims=0)
    net.result(net.node("Gemm", mean, net.weight(8, 3, axis=1), net.bias(3), name="classes"))
    return net
