"""`verify` names the first level, node and element that differ."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network, real_inputs

from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.verify import verify
from tinyml_opt.tools.verifying.lowered import LoweredModel


def test_the_first_wrong_node_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network((1, 4, 6, 6))
    left = net.node("Conv", "x", net.weight(4, 4, 3, 3), name="left", pads=[1, 1, 1, 1])
    right = net.node("Conv", left, net.weight(4, 4, 3, 3), name="right", pads=[1, 1, 1, 1])
    net.result(net.node("Add", right, "x", name="sum"))
    rows = net.rows(20)
    compilation = compile_network(net.model(), tmp_path, rows)
    assert verify(compilation, real_inputs(rows)).equal

    generated = Compilation.generated

    def broken(self: Compilation) -> Any:
        model = generated(self)
        start = model.source.index(f" void {model.name}_right(")
        source = model.source[:start] + model.source[start:].replace("acc = acc +", "acc = acc -", 1)
        return dataclasses.replace(model, source=source)

    monkeypatch.setattr(Compilation, "generated", broken)
    result = verify(compilation, real_inputs(rows))
    (host,) = (level for level in result.levels if level.level == "host")
    assert not result.equal
    assert host.difference is not None
    assert host.difference.node == "right"
    assert host.difference.expected != host.difference.actual


def test_distance_from_the_float_model(tmp_path: Path) -> None:
    net = Network((1, 12))
    net.result(net.node("Relu", "x", name="relu"))
    rows = net.rows(30)
    result = verify(compile_network(net.model(), tmp_path, rows), real_inputs(rows))
    assert 0 < result.float_error < 0.01
    assert np.isclose(result.float_range, np.ptp(np.maximum(rows, 0)))


def test_the_values_of_nodes_are_those_of_the_program(tmp_path: Path) -> None:
    """What is traced before layouts are chosen and layers fused gives the outputs of the program itself."""
    net = Network((1, 3, 6, 5))
    left = net.node("Relu", net.node("Conv", "x", net.weight(4, 3, 3, 3), name="conv", pads=[1, 1, 1, 1]), name="relu")
    pooled = net.node("MaxPool", net.node("Add", left, net.node("Sigmoid", left)), kernel_shape=[2, 2], name="pool")
    net.result(pooled)
    net.result(net.node("Softmax", net.node("Flatten", net.node("GlobalAveragePool", pooled)), name="classes"))
    rows = net.rows(10)
    compilation = compile_network(net.model(), tmp_path, rows)
    ports = output_ports(compilation.function)
    stored = to_stored(real_inputs(rows), input_ports(compilation.function))
    expected = to_real(FixedExecutor(compilation.fixed).run(stored).outputs, ports)
    lowered = LoweredModel(compilation)
    names = [node.name for node in lowered.nodes]
    assert names == ["x", "conv", "sigmoid2", "add3", "pool", "globalaveragepool5", "classes"]
    ((_, integers),) = lowered.chunks(real_inputs(rows), 100)
    for name in ("pool", "classes"):
        (node,) = (node for node in lowered.nodes if node.name == name)
        assert np.array_equal(node.reals(integers[node.value]), expected[name])
