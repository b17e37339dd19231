"""fixed-correct-bias within the pipeline: biases change where rows held out gain by it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from support.networks import Network
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.passes.fixed.correct_bias import CorrectBiasPass
from tinyml_opt.tools.pipelines import LEAST_GAIN, Timing, pipeline, run_passes


def typed(rows: NDArray[np.float32], folder: Path, bits: int = 8) -> tuple[ModuleOp, Path]:
    """A dense layer of 64 inputs with types, and the rows in a file."""
    net = Network((1, 64), 5)
    net.result(net.node("Gemm", "x", net.constant(net.random.normal(0, 1, (64, 4)).astype(np.float32)), net.bias(4)))
    data = folder / "calib.npz"
    np.savez(data, x=rows)
    module = import_onnx(net.model().SerializeToString())
    passes = pipeline("onnx-to-fixed", data=str(data), bits=bits, accumulator_bits=64)
    before = [step.name for step in passes].index("fixed-correct-bias")
    run_passes(module, passes[:before], Timing())
    return module, data


def is_corrected(rows: NDArray[np.float32], folder: Path, bits: int = 8) -> bool:
    """Whether the layer gets another bias."""
    module, data = typed(rows, folder, bits)
    text = str(module)
    CorrectBiasPass(str(data), least_gain=LEAST_GAIN).apply(Context(), module)
    return str(module) != text


def random_rows(count: int, mean: float) -> NDArray[np.float32]:
    """Inputs about a mean."""
    return np.random.default_rng(1).normal(mean, 0.2, (count, 1, 64)).astype(np.float32)


def test_inputs_with_a_mean_gain(tmp_path: Path) -> None:
    assert is_corrected(random_rows(100, 1.0), tmp_path)


def test_centred_inputs_gain_nothing(tmp_path: Path) -> None:
    assert not is_corrected(random_rows(100, 0.0), tmp_path)


def test_few_rows_say_nothing(tmp_path: Path) -> None:
    assert not is_corrected(random_rows(31, 1.0), tmp_path)


def test_wide_weights_have_no_error_to_speak_of(tmp_path: Path) -> None:
    assert not is_corrected(random_rows(100, 1.0), tmp_path, bits=16)
