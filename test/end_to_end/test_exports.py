"""What exporters of PyTorch, Keras and scikit-learn write (examples/exports), judged by what these compute."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tflite")

from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs, input_types
from tinyml_opt.tools.compiling.options import Options

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "exports"
PAGES = sorted((ROOT / "docs").glob("start_*.md"))


def compiled(name: str, data: Path, board: str = "stm32f746") -> tuple[Compilation, dict[str, Any], dict[str, Any]]:
    """A model compiled for a board, the outputs of its C as reals, and those of the model itself."""
    compilation = compile_model(Options(FOLDER / name, board, data))
    dataset = load_dataset(data, input_types(compilation.onnx))
    inputs = to_stored(dataset, input_ports(compilation.function))
    run = HostExecutor(compilation.generated()).run(inputs)
    values = to_real(run.outputs, output_ports(compilation.function))
    return compilation, values, float_outputs(compilation, dataset)


def renamed(tmp_path: Path, compilation_inputs: str, data: Path) -> Path:
    """The data under the name that an exporter gave the input."""
    arrays = np.load(data)
    path = tmp_path / "data.npz"
    np.savez(path, **{compilation_inputs: arrays["x"], "y": arrays["y"]})
    return path


@pytest.mark.parametrize("name", ["logistic", "logistic_two", "linear_svc", "svc", "tree", "forest"])
def test_classifiers_of_scikit_learn(name: str):
    data = FOLDER / f"sklearn_{name}.npz"
    _, values, own = compiled(f"sklearn_{name}.onnx", data)
    expected = np.load(data)["y"]
    label = next(output for output in own if "label" in output)
    assert (own[label].reshape(-1) == expected).mean() > 0.99, "the imported model is scikit-learn's"
    assert (values[label].reshape(-1) == expected).mean() >= 0.95


@pytest.mark.parametrize("name", ["linear", "svr"])
def test_regressions_of_scikit_learn(tmp_path: Path, name: str):
    arrays, data = np.load(FOLDER / f"sklearn_{name}.npz"), tmp_path / "data.npz"
    np.savez(data, X=arrays["X"])
    _, values, own = compiled(f"sklearn_{name}.onnx", data)
    expected = arrays["y"]
    (mine,), (exact,) = values.values(), own.values()
    np.testing.assert_allclose(exact.reshape(-1), expected, atol=1e-4)
    assert np.abs(mine.reshape(-1) - expected).max() < 0.06 * np.ptp(expected)


@pytest.mark.parametrize("way", ["dynamo", "script", "pt2e"])
def test_pytorch(way: str):
    data = FOLDER / "pytorch.npz"
    arrays = np.load(data)
    _, values, own = compiled(f"pytorch_{way}.onnx", data)
    scores = arrays["scores"]
    if way != "pt2e":
        np.testing.assert_allclose(own["scores"].reshape(scores.shape), scores, atol=1e-3)
    mine = values["scores"].reshape(scores.shape)
    assert (mine.argmax(1) == arrays["y"]).mean() >= (scores.argmax(1) == arrays["y"]).mean() - 0.03


@pytest.mark.parametrize("name", ["keras.onnx", "keras_float.tflite"])
def test_keras(tmp_path: Path, name: str):
    arrays = np.load(FOLDER / "keras.npz")
    port = next(iter(input_types(compile_model(Options(FOLDER / name, "host", sizes_only=True)).onnx)))
    _, values, own = compiled(name, renamed(tmp_path, port, FOLDER / "keras.npz"))
    (mine,), (exact,) = values.values(), own.values()
    np.testing.assert_allclose(exact.reshape(-1, 3), arrays["scores"], atol=1e-3)
    assert (mine.reshape(-1, 3).argmax(1) == arrays["scores"].argmax(1)).mean() >= 0.95


def test_keras_as_tflite_gives_litert_s_integers():
    pytest.importorskip("ai_edge_litert")
    from support.litert import integers, litert, random_inputs

    data = (FOLDER / "keras_int8.tflite").read_bytes()
    inputs = random_inputs(data, 30)
    np.testing.assert_array_equal(integers(data, inputs, "tflite")[0], litert(data, inputs)[0])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_documented_commands(tmp_path: Path, page: Path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for command in [line for block in blocks for line in block.splitlines()]:
        if "tinyml run" in command:
            require("avr-gcc")
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
