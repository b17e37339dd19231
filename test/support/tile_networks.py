"""Small networks that tests of tiles on several cores share."""

from __future__ import annotations

from typing import Any

from .networks import Network


def dense(outputs: int) -> Network:
    """Products of 37 and of 68 numbers: with some taps left over, and with a loop over turns and one quad more."""
    net = Network((1, 37), 6)
    first = net.node("Relu", net.node("Gemm", "x", net.weight(68, 37), net.bias(68), transB=1))
    net.result(net.node("Gemm", first, net.weight(outputs, 68), net.bias(outputs), transB=1))
    return net


def residual(size: int) -> Network:
    """The sum of a layer and what went into it: a param that is read while the layer is written."""
    net = Network((1, 4, 6, 6), 8)
    first = net.node("Relu", net.node("Conv", "x", net.weight(8, 4, 1, 1), net.bias(8)))
    second = net.node("Conv", first, net.weight(8, 8, size, size), net.bias(8), pads=[size // 2] * 4)
    net.result(net.node("Relu", net.node("Add", second, first)))
    return net


def windows(channels: int = 8) -> Network:
    """Depthwise layers: padded, of stride 2 with an odd number of columns, and of 3 x 2 taps without padding.

    Eleven columns are six and five: a block of as many sums as there are registers, and one that is left over.
    """
    net, shape = Network((1, channels, 9, 11), 7), (channels, 1, 3, 3)
    first = net.node("Conv", "x", net.weight(*shape), net.bias(channels), pads=[1] * 4, group=channels)
    small: dict[str, Any] = {"pads": [0, 0, 1, 1], "strides": [2, 2], "group": channels}
    value = net.node("Conv", net.node("Relu", first), net.weight(*shape), net.bias(channels), **small)
    value = net.node("Relu", value)
    net.result(net.node("Conv", value, net.weight(channels, 1, 3, 2), net.bias(channels), group=channels))
    return net


def scaled(channels: int = 8) -> Network:
    """A pointwise layer and depthwise ones, of stride 1 and 2, whose channels have weights of scales far apart.

    The last layer has so many pixels that one is left over.
    """
    net, shape = Network((1, channels, 10, 10), 11), (channels, 1, 3, 3)

    def far(*sizes: int) -> str:
        return net.weight(*sizes, scales=[2.0 ** -(3 * n % 8) for n in range(sizes[0])])

    first = net.node("Relu", net.node("Conv", "x", far(2 * channels, channels, 1, 1), net.bias(2 * channels)))
    first = net.node("Conv", first, far(channels, 2 * channels, 1, 1), net.bias(channels))
    same = net.node("Relu", net.node("Conv", first, far(*shape), net.bias(channels), pads=[1] * 4, group=channels))
    half: dict[str, Any] = {"pads": [0, 0, 1, 1], "strides": [2, 2], "group": channels}
    small = net.node("Relu", net.node("Conv", same, far(*shape), net.bias(channels), **half))
    net.result(net.node("Conv", small, far(channels, channels, 1, 1), net.bias(channels)))
    return net
