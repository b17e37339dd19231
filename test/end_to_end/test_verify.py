"""`verify` names the first level, node and element that differ."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network, real_inputs

from tinyml_opt.tools.compiler import Compilation
from tinyml_opt.tools.verify import verify


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
        start = model.source.index(f"static void {model.name}_right(")
        source = model.source[:start] + model.source[start:].replace("acc +=", "acc -=", 1)
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
