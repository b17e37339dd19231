"""Random networks for property tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .networks import Network

LAYERS = ("conv", "depthwise", "max", "average", "relu", "add", "beside", "margins", "shuffle")


@st.composite
def small_networks(draw: st.DrawFn) -> Network:
    """A chain of up to six layers with sums and concatenations, ending in a classifier or where it stands."""
    channels, size = draw(st.integers(1, 4)), [draw(st.integers(3, 8)), draw(st.integers(3, 8))]
    net = Network((1, channels, *size), draw(st.integers(0, 1000)))
    value = "x"
    for kind in draw(st.lists(st.sampled_from(LAYERS), max_size=6)):
        if kind in ("relu", "add"):
            value = net.node("Relu", value) if kind == "relu" else net.node("Add", value, net.node("Relu", value))
            continue
        if kind == "beside":
            value = net.node("Concat", value, net.node("Relu", value) if draw(st.booleans()) else value, axis=1)
            channels *= 2
            continue
        if kind == "shuffle":
            groups = draw(st.sampled_from([d for d in range(1, channels + 1) if channels % d == 0]))
            value = net.shuffle(value, (channels, *size), groups)
            continue
        if kind == "margins":
            top, left, bottom, right = (draw(st.integers(0, 1)) for _ in range(4))
            pads = [0, 0, top, left, 0, 0, bottom, right]
            value = net.node("Pad", value, net.constant(np.array(pads)))
            size = [n + pads[2 + axis] + pads[6 + axis] for axis, n in enumerate(size)]
            continue
        stride, pad = draw(st.integers(1, 2)), draw(st.integers(0, 1))
        window = draw(st.integers(1 + pad, 3))
        if min(size) + 2 * pad < window:
            continue
        attributes: dict[str, Any] = {"kernel_shape": [window] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
        if kind in ("conv", "depthwise"):
            groups = channels if kind == "depthwise" else 1
            out = channels * draw(st.integers(1, 2)) if kind == "depthwise" else draw(st.integers(1, 6))
            weights = net.weight(out, channels // groups, window, window)
            value = net.node("Conv", value, weights, net.bias(out), group=groups, **attributes)
            channels = out
        else:
            value = net.node("MaxPool" if kind == "max" else "AveragePool", value, **attributes)
        size = [(n + 2 * pad - window) // stride + 1 for n in size]
    if draw(st.booleans()):
        value = net.node("Flatten", value)
        value = net.node("Gemm", value, net.weight(channels * size[0] * size[1], 3, axis=1), net.bias(3))
        value = net.node("Softmax", value) if draw(st.booleans()) else value
    net.result(net.node("Identity", value) if value == "x" else value)
    return net
