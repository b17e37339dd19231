"""Quantization that a model writes out with reals: the integers that it means, against onnxruntime's reals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.networks import Array, Network, compile_network, equal_levels, onnxruntime_outputs, real_inputs, steps_from

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.targets.ports import output_ports, to_real


class Written(Network):
    """A network whose quantizers are products, sums, Round and Clip."""

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def integers(self, x: str, scale: float, point: int, low: int, high: int) -> str:
        """`clip(round(x / s + z))`, whose integers are reals."""
        moved = self.node("Add", self.node("Div", x, self.number(scale)), self.number(point))
        return self.node("Clip", self.node("Round", moved), self.number(low), self.number(high))

    def clipped(self, x: str, scale: float, low: int, high: int) -> str:
        """`round(clip(x / s)) s`, by a minimum and a maximum."""
        inner = self.node("Mul", x, self.number(1 / scale))
        inner = self.node("Min", self.number(high), self.node("Max", inner, self.number(low)))
        return self.node("Mul", self.node("Round", inner), self.number(scale))

    def on_grid(self, *shape: int, most: int, scales: Array) -> str:
        """Multiples of a scale for each output, as reals."""
        integers = self.random.integers(-most, most + 1, shape)
        integers.reshape(shape[0], -1)[:, 0] = most
        return self.constant((integers * scales.reshape(-1, *(1,) * (len(shape) - 1))).astype(np.float32))


def integer_products() -> Written:
    """Products of integers as reals, one factor behind them; zero points; scales are powers of two."""
    net = Written((1, 3, 16))
    x = net.integers("x", 2.0**-5, 3, -128, 127)
    centred = net.node("Sub", x, net.number(3))
    weight = net.constant(net.random.integers(-8, 8, (16, 12)).astype(np.float32))
    bias = net.constant(net.random.integers(-200, 200, 12).astype(np.float32))
    y = net.node("Add", bias, net.node("MatMul", centred, weight))
    y = net.node("Mul", y, net.number(2.0**-9))
    y = net.integers(net.node("Relu", y), 2.0**-3, 0, 0, 15)
    net.result(net.node("Mul", y, net.number(2.0**-3)))
    return net


def normalized_convolution() -> Written:
    """A convolution with multiples of a scale for each output, what scales its channels, and narrow ranges."""
    net = Written((1, 3, 6, 6))
    x = net.clipped("x", 1 / 31.7, -31, 31)
    weight = net.on_grid(5, 3, 3, 3, most=7, scales=np.linspace(0.013, 0.031, 5))
    y = net.node("Conv", x, weight, pads=[1] * 4)
    scale, mean, shift = (net.random.uniform(low, 1.5, 5).astype(np.float32) for low in (-1.0, -1.0, -0.5))
    y = net.node("BatchNormalization", y, *map(net.constant, (scale, shift, mean, np.ones(5, np.float32))))
    y = net.result(net.clipped(net.node("Relu", y), 0.1093, 0, 15))
    weight = net.on_grid(4, 180, most=127, scales=np.array([0.0011]))
    y = net.node("Gemm", net.node("Flatten", y), weight, transB=1)
    net.result(net.clipped(y, 0.0417, -127, 127))
    return net


def test_integers_as_reals_are_exact(tmp_path: Path):
    net = integer_products()
    rows = np.random.default_rng(4).uniform(-5, 5, (50, 1, 3, 16)).astype(np.float32)
    compilation = compile_network(net.model(), tmp_path)
    run = equal_levels(compilation, real_inputs(rows))
    (element,) = (port.element for port in output_ports(compilation.function))
    assert isinstance(element, QType) and (element.bits, element.signed, element.scale) == (4, False, 2.0**-3)
    assert max(steps_from(onnxruntime_outputs(net.model(), rows), compilation, run).values()) == 0


@pytest.mark.parametrize(("board", "share"), [("host", 0.999), ("uno", 0.99)])
def test_normalized_convolutions_keep_their_integers(board: str, share: float, tmp_path: Path):
    """Nothing is rounded but where the model rounds: next to a tie a number may differ by a step, with 32 bits more."""
    net = normalized_convolution()
    rows = np.random.default_rng(5).uniform(-1.2, 1.2, (40, 1, 3, 6, 6)).astype(np.float32)
    compilation = compile_network(net.model(), tmp_path, board=board)
    run = equal_levels(compilation, real_inputs(rows))
    expected = onnxruntime_outputs(net.model(), rows)
    assert max(steps_from(expected, compilation, run).values()) < 1.01
    first = next(iter(expected))
    reals = to_real(run.outputs, output_ports(compilation.function))
    assert np.isclose(reals[first], expected[first], rtol=1e-5).mean() > share
