"""Float models whose numbers are easily lost: dead channels, fine parts of coarse wholes, endless padding, integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.networks import Network, compile_network, onnxruntime_outputs, real_inputs, steps_from

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_stored
from tinyml_opt.tools.compiling.compilation import Compilation, input_types

IMAGE = (1, 3, 6, 6)


def far(model: onnx.ModelProto, rows: Any, folder: Path, board: str = "host", bits: int = 8) -> dict[str, float]:
    """Per output, the greatest distance from onnxruntime in steps; calibrated on the rows."""
    compilation = compile_network(model, folder, rows, board, bits)
    run = FixedExecutor(compilation.fixed).run(to_stored(real_inputs(rows), input_ports(compilation.function)))
    return steps_from(onnxruntime_outputs(model, rows), compilation, run)


def convolution(tiny: float, dead: int | None) -> Network:
    """A convolution with one channel whose weights are next to nothing, with a bias."""
    net = Network(IMAGE, 1)
    weights = net.random.standard_normal((5, 3, 3, 3)).astype(np.float32)
    bias = net.random.standard_normal(5).astype(np.float32)
    if dead is not None:
        weights[dead] *= tiny
        bias[dead] = 0.5
    net.result(net.node("Conv", "x", net.constant(weights), net.constant(bias), name="y"))
    return net


@pytest.mark.parametrize("tiny", [0.0, 1e-9, 1e-4])
@pytest.mark.parametrize("bits, most", [(8, 2.0), (16, 8.0)])
def test_a_dead_channel_costs_the_others_nothing(tiny: float, bits: int, most: float, tmp_path: Path) -> None:
    """With 32-bit products, 16-bit results are some steps off; no more with the channel than without it."""
    rows = convolution(0, None).rows(20) * 3
    for board in ("host", "uno"):
        assert far(convolution(tiny, 2).model(), rows, tmp_path, board, bits)["y"] < most


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("board", ["host", "uno"])
def test_fine_parts_of_a_coarse_whole(board: str, bits: int, tmp_path: Path) -> None:
    """The model's input, and a value with other readers, keep their own steps."""
    net = Network((1, 8), 2)
    hundred = net.node("Mul", "x", net.constant(np.float32(100)))
    net.result(net.node("Concat", "x", hundred, axis=1, name="with_input"))
    fine = net.node("Sub", "x", net.constant(np.float32(0.25)))
    net.result(net.node("Concat", fine, hundred, axis=1, name="with_value"))
    net.result(net.node("Mul", fine, net.constant(np.float32(3)), name="other_reader"))
    for name, steps in far(net.model(), net.rows(20), tmp_path, board, bits).items():
        assert steps <= 1.5, (name, steps)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("board", ["host", "uno"])
def test_zeros_of_any_scale_change_nothing(board: str, bits: int, tmp_path: Path) -> None:
    """A constant of zeros, and a branch that is dead on the data, beside values far below 1."""
    net = Network((1, 8), 3)
    small = net.node("Mul", "x", net.constant(np.float32(1e-6)))
    net.result(net.node("Add", small, net.constant(np.zeros(8, np.float32)), name="constant"))
    dead = net.node("Relu", net.node("Sub", "x", net.constant(np.float32(2))))
    net.result(net.node("Sub", small, dead, name="branch"))
    for name, steps in far(net.model(), net.rows(20), tmp_path, board, bits).items():
        assert steps < 1.5, name


@pytest.mark.parametrize("fill", [-3.4028235e38, -65504.0, -1e30, -1e9, -np.inf])
def test_padding_below_every_number(fill: float, tmp_path: Path) -> None:
    net = Network(IMAGE, 3)
    margins = net.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    padded = net.node("Pad", "x", margins, net.constant(np.float32(fill)))
    net.result(net.node("MaxPool", padded, kernel_shape=[3, 3], strides=[2, 2], name="pool"))
    relu = net.node("Relu", net.node("Pad", net.node("Add", "x", "x"), margins, net.constant(np.float32(fill))))
    net.result(net.node("MaxPool", relu, kernel_shape=[2, 2], name="behind_relu"))
    for bits, most in ((8, {"pool": 1.1, "behind_relu": 1.1}), (16, {"pool": 1.1, "behind_relu": 2 * 0.5 + 0.5 + 0.1})):
        """Of 16 bits a step behind a Relu, whose numbers have no sign, is half of one before it."""
        found = far(net.model(), net.rows(20), tmp_path, bits=bits)
        assert found.keys() == most.keys() and all(found[name] <= most[name] for name in most), found


@pytest.mark.parametrize("fill", [-3.4028235e38, 1e6])
def test_padding_that_takes_up_the_range_is_refused(fill: float, tmp_path: Path) -> None:
    net = Network(IMAGE, 4)
    margins = net.constant(np.array([0, 0, 0, 0, 0, 0, 2, 2]))
    padded = net.node("Pad", "x", margins, net.constant(np.float32(fill)), name="around")
    net.result(net.node("MaxPool", padded, kernel_shape=[2, 2], strides=[2, 2]))
    with pytest.raises(UserError, match="onnx.Pad 'around': beside the constant .* fewer than 8 steps; pad with"):
        compile_network(net.model(), tmp_path, net.rows(4))


def stored_input(compilation: Compilation, folder: Path, **arrays: Any) -> Any:
    """The integers that the program gets for a data file."""
    np.savez(folder / "data.npz", **arrays)
    dataset = load_dataset(folder / "data.npz", input_types(compilation.onnx))
    return to_stored(dataset, input_ports(compilation.function))["x"]


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_integers_are_real_numbers_of_a_float_model(dtype: Any, tmp_path: Path) -> None:
    """For calibration as for data."""
    net = Network((1, 4), 5)
    net.result(net.node("Relu", "x"))
    counts = net.random.integers(0, 200, (9, 1, 4)).astype(dtype)
    compilation = compile_network(net.model(), tmp_path, counts)
    assert output_ports(compilation.function)[0].type == compile_output(net, tmp_path, counts.astype(np.float32))
    reals = stored_input(compilation, tmp_path, x=counts.astype(np.float32))
    np.testing.assert_array_equal(stored_input(compilation, tmp_path, x=counts), reals)
    halves = stored_input(compilation, tmp_path, x=counts.astype(np.float32) / 2)
    np.testing.assert_array_equal(stored_input(compilation, tmp_path, x=counts, x_scale=np.float32(0.5)), halves)


def compile_output(net: Network, folder: Path, rows: Any) -> Any:
    """The type of the output with this calibration data."""
    return output_ports(compile_network(net.model(), folder, rows).function)[0].type


def test_integers_are_those_of_an_integer_model(tmp_path: Path) -> None:
    """For calibration as for data; real numbers are quantized for both."""
    net = Network((1, 4), 6)
    net.input = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.INT8, [1, 4])
    real = net.node("DequantizeLinear", "x", net.constant(np.float32(0.5)), net.constant(np.int8(-8)))
    net.result(net.node("Mul", real, real))
    integers = net.random.integers(-128, 128, (9, 1, 4)).astype(np.int8)
    compilation = compile_network(net.model(), tmp_path, integers)
    np.testing.assert_array_equal(stored_input(compilation, tmp_path, x=integers), integers)
    reals = (integers.astype(np.float32) + 8) / 2
    np.testing.assert_array_equal(stored_input(compilation, tmp_path, x=reals), integers)
    assert output_ports(compilation.function)[0].type == compile_output(net, tmp_path, reals)
