"""QONNX: integers of any width up to 16, against its definition in numpy, at every level and on a small core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from support.networks import equal_levels, real_inputs

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.targets.executors.select import board_executor
from tinyml_opt.targets.ports import output_ports, to_real
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.verifying.levels import hls_executor, rtl_executor

Array = NDArray[Any]
DOMAIN = "qonnx.custom_op.general"


def quant(x: Array, scale: Any, bits: int, signed: bool = True, narrow: bool = False) -> Array:
    """The definition, with a zero point of 0."""
    least = -(1 << bits - 1) + narrow if signed else 0
    greatest = (1 << bits - 1) - 1 if signed else (1 << bits) - 1 - narrow
    return np.clip(np.rint(x / np.float64(scale)), least, greatest) * scale


class Quantized:
    """A model under construction, which computes its own values in float64."""

    def __init__(self, rows: Array):
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.values: dict[str, Array] = {"x": rows.astype(np.float64)}

    def constant(self, array: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        self.values[name] = np.asarray(array, np.float64)
        return name

    def quant(self, x: str, scale: Any, bits: int, signed: bool = True, narrow: bool = False) -> str:
        name = f"q{len(self.nodes)}"
        inputs = [x, self.constant(scale), self.constant(0), self.constant(bits)]
        options: dict[str, Any] = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": "ROUND"}
        self.nodes.append(helper.make_node("Quant", inputs, [name], name, domain=DOMAIN, **options))
        self.values[name] = quant(self.values[x], np.asarray(scale, np.float64), bits, signed, narrow)
        return name

    def node(self, kind: str, inputs: list[str], value: Array, **attributes: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        self.values[name] = value
        return name

    def compile(self, folder: Path, output: str, board: str = "host") -> Compilation:
        shapes = [("x", self.values["x"].shape[1:]), (output, self.values[output].shape[1:])]
        ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, *s]) for n, s in shapes]
        graph = helper.make_graph(self.nodes, "g", ends[:1], ends[1:], self.constants)
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "m.onnx")
        return compile_model(Options(folder / "m.onnx", board))


def dense(rows: Array, widths: tuple[int, int, int]) -> tuple[Quantized, str]:
    """Two dense layers on unsigned and signed activations; scales of weights are powers of two, some per channel."""
    random, (first, second, weight) = np.random.default_rng(3), widths
    net = Quantized(rows)
    x = net.quant("x", 2.0**-3, first)
    w = net.quant(net.constant(random.uniform(-1, 1, (4, 6))), [[2.0**-4], [2.0**-5]] * 2, weight, narrow=True)
    b = net.quant(net.constant(random.uniform(-1, 1, 4)), 2.0**-7, 16)
    y = net.node("Gemm", [x, w, b], net.values[x] @ net.values[w].T + net.values[b], transB=1)
    y = net.quant(net.node("Relu", [y], np.maximum(net.values[y], 0)), 2.0**-2, second, signed=False)
    v = net.constant(np.where(random.uniform(-1, 1, (3, 4)) >= 0, 1.0, -1.0) * 0.25)
    net.nodes.append(helper.make_node("BipolarQuant", [v, net.constant(0.25)], ["v"], "v", domain=DOMAIN))
    net.values["v"] = net.values[v]
    z = net.node("Gemm", [y, "v"], net.values[y] @ net.values["v"].T, transB=1)
    return net, net.quant(z, 2.0**-2, 12, narrow=True)


@pytest.mark.parametrize("widths", [(5, 3, 3), (8, 4, 8), (12, 10, 6), (2, 16, 12)])
@pytest.mark.parametrize("board", ["host", "uno"])
def test_dense_layers_of_any_width(widths: tuple[int, int, int], board: str, tmp_path: Path):
    """Power-of-two scales are exact: every output is the definition's, its ties too."""
    rows = np.random.default_rng(1).uniform(-4, 4, (40, 6)).astype(np.float32)
    net, output = dense(rows, widths)
    compilation = net.compile(tmp_path, output, board)
    others = [board_executor(compilation.generated(), compilation.board)] if board == "uno" else []
    others += [hls_executor(compilation)] if board == "host" and 5 in widths else []
    run = equal_levels(compilation, real_inputs(rows[:, np.newaxis]), others)
    ports = output_ports(compilation.function)
    assert isinstance(ports[0].element, QType) and ports[0].element.bits == 12
    assert (to_real(run.outputs, ports)[output].reshape(-1, 3) == net.values[output]).all()


@pytest.mark.parametrize("board", ["host", "uno"])
def test_signs(board: str, tmp_path: Path):
    """BipolarQuant of a layer's result: 1 and -1, 0 counts as positive."""
    rows = np.random.default_rng(2).integers(-4, 5, (40, 6)).astype(np.float32)
    net = Quantized(rows)
    x = net.quant("x", 1.0, 8)
    w = net.quant(net.constant(np.random.default_rng(3).integers(-1, 2, (5, 6))), 1.0, 2)
    y = net.node("Gemm", [x, w], net.values[x] @ net.values[w].T, transB=1)
    y = net.quant(y, 1.0, 8)
    assert (net.values[y] == 0).any()
    signs = net.node("BipolarQuant", [y, net.constant(0.5)], np.where(net.values[y] >= 0, 0.5, -0.5), domain=DOMAIN)
    z = net.node("Gemm", [signs, w2 := net.constant(np.eye(5)[:3])], net.values[signs] @ net.values[w2].T, transB=1)
    output = net.quant(z, 2.0**-3, 8)
    compilation = net.compile(tmp_path, output, board)
    others = [board_executor(compilation.generated(), compilation.board)] if board == "uno" else []
    run = equal_levels(compilation, real_inputs(rows[:, np.newaxis]), others)
    assert (to_real(run.outputs, output_ports(compilation.function))[output].reshape(-1, 3) == net.values[output]).all()


def test_two_bits_as_hardware(tmp_path: Path):
    """An unsigned output of two bits, of which 3 is no -1."""
    rows = np.random.default_rng(4).integers(-4, 5, (12, 6)).astype(np.float32)
    net = Quantized(rows)
    x = net.quant("x", 1.0, 8)
    w = net.quant(net.constant(np.random.default_rng(5).integers(-1, 2, (5, 6))), 1.0, 2)
    y = net.node("Gemm", [x, w], net.values[x] @ net.values[w].T, transB=1)
    output = net.quant(net.node("Relu", [y], np.maximum(net.values[y], 0)), 1.0, 2, signed=False)
    assert net.values[output].max() == 3
    compilation = net.compile(tmp_path, output, "arty-a7-35t")
    equal_levels(compilation, real_inputs(rows[:, np.newaxis]), [rtl_executor(compilation, "iverilog")])


def test_channels_last(tmp_path: Path):
    """A convolution, a pool and a normalization with the channels last, those of the weights as well."""
    random, domain = np.random.default_rng(5), "qonnx.custom_op.channels_last"
    rows = random.integers(-8, 8, (20, 6, 5, 3)).astype(np.float32)
    net = Quantized(rows)
    x = net.quant("x", 1.0, 8)
    w = net.quant(net.constant(random.integers(-3, 4, (4, 3, 2, 3))), [[[[1.0]]], [[[0.5]]]] * 2, 4)
    windows = np.lib.stride_tricks.sliding_window_view(net.values[x], (3, 2), axis=(1, 2))
    y = net.node("Conv", [x, w], np.einsum("nyxckl,oklc->nyxo", windows, net.values[w]), domain=domain)
    y = net.quant(y, 0.5, 12)
    windows = np.lib.stride_tricks.sliding_window_view(net.values[y], (2, 2), axis=(1, 2))
    y = net.node("MaxPool", [y], windows.max(axis=(4, 5)), kernel_shape=[2, 2], domain=domain)
    scale, shift = np.array([0.5, 1, 2, 0.25]), np.array([1.0, 2, 3, 4])
    parameters = [net.constant(v) for v in (scale, shift, np.zeros(4), np.ones(4))]
    normal = net.values[y] * scale + shift
    y = net.node("BatchNormalization", [y, *parameters], normal, epsilon=0.0, domain=domain)
    output = net.quant(y, 0.125, 16)
    compilation = net.compile(tmp_path, output)
    run = equal_levels(compilation, real_inputs(rows[:, np.newaxis]))
    result = to_real(run.outputs, output_ports(compilation.function))[output]
    assert (result.reshape(net.values[output].shape) == net.values[output]).all()


@pytest.mark.parametrize(
    ("bits", "scale", "reason"),
    [(2.5, 1.0, "one whole number from 2 to 32"), (20, 1.0, "at most 16 bits"), (4, [1.0, 2.0], "takes one scale")],
)
def test_refusals(bits: float, scale: Any, reason: str, tmp_path: Path):
    net = Quantized(np.zeros((1, 2), np.float32))
    name = net.quant("x", scale, 4)
    net.constants[-1].CopyFrom(numpy_helper.from_array(np.array(bits, np.float32), net.constants[-1].name))
    with pytest.raises(UserError, match=reason):
        net.compile(tmp_path, name)
