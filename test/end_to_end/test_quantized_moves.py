"""Moves, Resize and ConvTranspose in models that onnxruntime's `quantize_static` has quantized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs
from support.static_quantization import CONFIGURATIONS, outcome


def upsampling(second: str) -> Network:
    """A layer that is resized, gathered from, padded with itself and put beside what is upsampled in other ways."""
    net = Network((1, 3, 6, 8), 21)
    pads = {"pads": [1, 1, 1, 1]}

    def conv(value: str, inputs: int, outputs: int) -> str:
        return net.node("Relu", net.node("Conv", value, net.weight(outputs, inputs, 3, 3), net.bias(outputs), **pads))

    base = conv("x", 3, 4)
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    nearest = net.node("Resize", base, "", scales, mode="nearest")
    linear = net.node("Resize", base, "", scales, mode=second)
    blocks = net.node("DepthToSpace", base, blocksize=2)
    weights = net.weight(4, 3, 4, 4, axis=1)
    learned = net.node("ConvTranspose", base, weights, net.bias(3), strides=[2, 2], **pads)
    margins = net.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    turned = net.node("Gather", nearest, net.constant(np.array([3, 0, 2])), axis=1)
    sliced = net.node("Slice", linear, *(net.constant(np.array([n])) for n in (-1, -99, 2, -1)))
    beside = net.node("Concat", turned, sliced, blocks, learned, axis=1)
    net.result(conv(net.node("Pad", beside, margins, mode="reflect"), 11, 3))
    return net


@pytest.mark.parametrize("name", ["int8", "uint8, int8 per channel", "int16, int8 opset 21", "operators uint8, int8"])
def test_right(name: str, tmp_path: Path) -> None:
    """Where operators are on integers, only the nearest is one of them."""
    net = upsampling("nearest" if "operators" in name else "linear")
    rows = net.rows(16)
    model = CONFIGURATIONS[name].quantize(net, rows, tmp_path)
    found = outcome(model, rows, tmp_path)
    assert found.right, found
    equal_levels(compile_network(model, tmp_path), real_inputs(rows[:3]))
