"""Whole models through upstream MLIR 22 give the integers of the executor of `fixed`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import Network
from support.recurrent_models import recurrent_layer

from tinyml_opt.dialects.diagnostics import OpError
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.interface import Arrays, Run
from tinyml_opt.targets.executors.upstream import TranslatedExecutor
from tinyml_opt.tools.bench.interop import line, loops_of, main
from tinyml_opt.tools.bench.samples import Sample


def network() -> onnx.ModelProto:
    """Padding, a depthwise layer, an addition and a pool."""
    net = Network((1, 4, 6, 6))
    a = net.node("Conv", "x", net.weight(4, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
    b = net.node("Conv", net.node("Relu", a), net.weight(4, 4, 1, 1))
    net.result(net.node("MaxPool", net.node("Add", a, b), kernel_shape=[2, 2], strides=[2, 2]))
    return net.model()


@pytest.mark.parametrize("model", [network(), recurrent_layer("GRU")], ids=["layers", "recurrent"])
def test_llvm_and_translated_code_give_our_integers(model: onnx.ModelProto, tmp_path: Path):
    onnx.save(model, tmp_path / "net.onnx")
    found = line(Sample("net", tmp_path / "net.onnx", None), rows=3)
    assert found.integers > 20 and found.holds
    assert found.ir > found.ops / 2


def test_tiles_are_refused(tmp_path: Path):
    onnx.save(network(), tmp_path / "net.onnx")
    compilation = Sample("net", tmp_path / "net.onnx", None).compile("nano33ble")
    with pytest.raises(OpError, match="upstream has no such op"):
        loops_of(compilation)


def test_a_difference_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    def wrong(self: TranslatedExecutor, inputs: Arrays, trace: bool = False) -> Run:
        found = HostExecutor.run(self, inputs)
        return Run({name: value + np.int8(1) for name, value in found.outputs.items()})

    monkeypatch.setattr(TranslatedExecutor, "run", wrong)
    assert main(["--rows", "1"]) == 1
