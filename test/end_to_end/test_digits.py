"""The example models, trained on real digits: equal at every level, and as accurate in integers as in float."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs, input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.simulate import accuracy
from tinyml_opt.tools.verify import verify

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
BOARDS = {"uno": ("avr", "avr-gcc"), "nano33ble": ("cortex-m", "qemu-system-arm")}


def compiled(model: str, board: str, bits: int = 8, scheme: str = "affine") -> Compilation:
    """A model of the example."""
    return compile_model(Options(DIGITS / f"{model}.onnx", board, DIGITS / "calib.npz", bits, scheme))


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("model", ["digits", "digits_cnn"])
def test_equal_at_all_levels(model: str, board: str):
    level, tool = BOARDS[board]
    compilation = compiled(model, board)
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx)).head(10)
    result = verify(compilation, data, hls=board == "nano33ble" and model == "digits")
    assert [r.difference for r in result.levels if r.difference is not None] == []
    require(tool)
    assert {"memplan", "host", level} <= {r.level for r in result.levels}, result.not_run


@pytest.mark.parametrize(
    ("bits", "scheme", "points"), [(8, "affine", 1.0), (8, "pow2", 1.5), (16, "affine", 0.2), (16, "pow2", 0.2)]
)
@pytest.mark.parametrize("model", ["digits", "digits_cnn"])
@pytest.mark.parametrize("board", BOARDS)
def test_accuracy(model: str, board: str, bits: int, scheme: str, points: float):
    """On all 540 test digits; one digit is 0.19 percentage points."""
    compilation = compiled(model, board, bits, scheme)
    data = load_dataset(DIGITS / "test.npz", input_types(compilation.onnx))
    outputs = output_ports(compilation.function)
    run = FixedExecutor(compilation.fixed).run(to_stored(data, input_ports(compilation.function)))
    integer = accuracy(to_real(run.outputs, outputs), data, outputs)
    real = accuracy(float_outputs(compilation, data), data, outputs)
    assert integer is not None and real is not None
    assert len(data) == 540 and real > 0.95
    assert 100 * abs(integer - real) <= points
