"""The benchmark of small models: what it counts, and what it shows of a model that does not compile."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from support.networks import Network, compile_network

from tinyml_opt.tools.bench.seedot import SEEDOT, TEST_ROWS
from tinyml_opt.tools.bench.uno import Line, main, measured
from tinyml_opt.tools.constants import Kinds, constant_kinds

ARGS = Namespace(
    board="uno", bits=8, scheme="affine", rows=3, search=None, weights=None, input="caller", ram=None, levels=None
)


def network() -> Network:
    """A table between two layers; the first has one scale, the second one for each output."""
    net = Network((1, 20), 5)
    value = net.node("Sigmoid", net.node("Gemm", "x", net.weight(6, 20), net.bias(6), transB=1))
    weights = net.random.normal(0, 1, (4, 6)) * [[1], [2], [3], [4]]
    net.result(net.node("Gemm", value, net.constant(weights.astype(np.float32)), net.bias(4), transB=1))
    return net


def folder_of(tmp_path: Path, model: onnx.ModelProto, net: Network) -> Path:
    """A folder as the benchmark takes it."""
    onnx.save(model, tmp_path / "model.onnx")
    rows = net.rows(10)
    np.savez(tmp_path / "calib.npz", x=net.rows(50))
    np.savez(tmp_path / "test.npz", x=rows, y=np.zeros(10, np.int64))
    return tmp_path


def test_constants_are_counted_by_what_they_are_for(tmp_path: Path):
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(50), "uno")
    kinds = constant_kinds(compilation.memplan)
    weights = 6 * 20 + 4 * 6
    assert weights + 10 < kinds.parameters <= weights + 4 * 10
    assert kinds.tables == 256 and kinds.multipliers == 4 * 2


def test_a_line(tmp_path: Path):
    net = network()
    (line,) = measured(folder_of(tmp_path, net.model(), net), ARGS)
    assert (line.rows, line.simulated, line.equal, line.reason) == (10, 3, 3, "")
    assert 0 <= line.right <= 10 and line.ram < 120 and line.cycles > 1000 and line.flash > 500
    assert line.published is None and "/ " not in line.cells()[3]


def test_a_model_that_does_not_compile_is_a_line_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder_of(tmp_path, unknown(), network())
    assert main([str(tmp_path), "--rows", "2"]) == 0
    assert "refused: " in capsys.readouterr().out


def unknown() -> onnx.ModelProto:
    """A model of an operator of nobody."""
    values = [helper.make_tensor_value_info(name, 1, [1, 20]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Nobody", ["x"], ["y"], domain="no.body")], "net", values[:1], values[1:]
    )
    domains = [helper.make_opsetid("", 13), helper.make_opsetid("no.body", 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=8)


def test_figures_of_others_stand_beside_the_same_model_only():
    line = Line("seedot/protonn_usps10", TEST_ROWS, kinds=Kinds(2000, 10, 256), right=1830)
    assert line.published is SEEDOT["protonn_usps10"]
    assert line.cells()[3] == "2,000 / 2,578"
    assert replace(line, rows=1000).published is None
