"""What onnxruntime's `quantize_static` writes is right, or refused for a stated reason (all: test/fuzz)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from support.known_networks import classifier, dense_block
from support.networks import Network, compile_network
from support.static_quantization import CONFIGURATIONS, mixed_outcome, outcome

from tinyml_opt.dialects.errors import UserError

SAMPLE = [
    (classifier, "uint8, int8 reduced per channel"),
    (classifier, "int8, int4 opset 21"),
    (dense_block, "int8 com.microsoft"),
    (dense_block, "uint8, uint4 opset 21"),
    (classifier, "operators uint8, int8 per channel"),
    (dense_block, "operators uint8"),
]
"""Networks and configurations whose every value is quantized."""


@pytest.mark.parametrize(("network", "name"), SAMPLE)
def test_right(network: Callable[[], Network], name: str, tmp_path: Path) -> None:
    net = network()
    rows = net.rows(24)
    found = outcome(CONFIGURATIONS[name].quantize(net, rows, tmp_path), rows, tmp_path)
    assert found.right, found


@pytest.mark.parametrize(
    ("name", "missing"), [("int8 without convolutions", "input 'x'"), ("int8 convolutions only", "'averagepool4'")]
)
def test_values_left_in_float_take_types_from_data(name: str, missing: str, tmp_path: Path) -> None:
    net = classifier()
    rows = net.rows(24)
    model: onnx.ModelProto = CONFIGURATIONS[name].quantize(net, rows, tmp_path)
    with pytest.raises(UserError, match=rf"{missing}: no range .*; give calibration data \(--calib\)"):
        compile_network(model, tmp_path)
    found = mixed_outcome(model, rows, tmp_path)
    assert not found.faults, found
