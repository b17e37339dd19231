"""`tinyml explain`: its parts add up to what `analyze` says, and its estimate of cycles is near the simulated ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import Network, compile_network, real_inputs

from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.ports import input_ports, to_stored
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.explaining.explanation import Explanation, explain
from tinyml_opt.tools.tinyml import main


def network() -> Network:
    """Sparse weights, a table, weights without zeros."""
    net = Network((1, 48), 6)
    weights = net.random.normal(0, 1, (10, 48)) * (net.random.random((10, 48)) < 0.3)
    value = net.node("Gemm", "x", net.constant(weights.astype(np.float32)), net.bias(10), transB=1, name="project")
    value = net.node("Sigmoid", value, name="squash")
    net.result(net.node("Gemm", value, net.weight(30, 10), net.bias(30), transB=1, name="classify"))
    return net


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Compilation, Explanation, Network]:
    """The network on the Uno."""
    net = network()
    compilation = compile_network(net.model(), tmp_path_factory.mktemp("net"), net.rows(40), "uno")
    return compilation, explain(compilation), net


def test_parts_add_up(explained: tuple[Compilation, Explanation, Network]):
    explanation = explained[1]
    analysis = explanation.analysis
    assert sum(share.amount for share in explanation.ram) == analysis.peak_ram_bytes
    assert sum(share.amount for share in explanation.flash) == analysis.flash_bytes
    constants = sum(share.amount for share in explanation.flash if share.name != "code")
    assert sum(share.amount for share in explanation.constants) == constants == analysis.constant_bytes
    assert [row.node for row in analysis.rows] == ["project", "classify"]
    assert {share.name for share in explanation.cycles} == {"project", "classify"}


def test_cycles_are_near_those_of_the_simulator(explained: tuple[Compilation, Explanation, Network]):
    compilation, explanation, net = explained
    inputs = to_stored(real_inputs(net.rows(2)), input_ports(compilation.function))
    measured = AvrExecutor(compilation.generated(), compilation.board).run(inputs).measurement.cycles
    assert measured is not None
    assert 0.6 < explanation.total_cycles / measured < 1.7


def test_values_and_why(explained: tuple[Compilation, Explanation, Network]):
    values = {value.name: value for value in explained[1].values}
    assert values["x"].place == "caller" and values["classify"].place == "caller"
    assert values["squash"].place == "-" or values["squash"].place == "arena"
    assert values["project"].why.startswith("calibrated -")
    assert any(value.place == "flash" and "greatest weight" in value.why for value in values.values())
    assert any("delta4" in share.remark for share in explained[1].constants)


def test_steps_save_what_they_say(explained: tuple[Compilation, Explanation, Network], tmp_path: Path):
    _, explanation, net = explained
    steps = {saving.step: saving for saving in explanation.savings}
    assert any(step.endswith("in 4 bits") for step in steps)
    step = steps["--scheme pow2"]
    other = compile_network(net.model(), tmp_path, network().rows(40), "uno", scheme="pow2")
    saved = explain(other).analysis
    assert explanation.analysis.flash_bytes - saved.flash_bytes == step.flash > 0
    assert explanation.analysis.peak_ram_bytes - saved.peak_ram_bytes == step.ram


def test_one_screen_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    net = network()
    onnx.save(net.model(), tmp_path / "net.onnx")
    np.savez(tmp_path / "calib.npz", x=net.rows(40))
    arguments = ["explain", str(tmp_path / "net.onnx"), "--board", "uno", "--calib", str(tmp_path / "calib.npz")]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= 40
    assert "RAM " in text and "estimate" in text and "what would save" in text
    assert main([*arguments, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ram_bytes"] == sum(part["amount"] for part in data["ram"])
    assert data["cycles_estimate"] == sum(part["amount"] for part in data["cycles"])
