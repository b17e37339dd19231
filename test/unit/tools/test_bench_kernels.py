"""The benchmark of single layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from tinyml_opt.tools.bench.kernels.__main__ import main, measured
from tinyml_opt.tools.bench.kernels.cmsis import quantized, source
from tinyml_opt.tools.bench.kernels.items import ITEMS


def item(name: str):
    """The layer of this name."""
    return next(item for item in ITEMS if item.name == name)


@pytest.mark.parametrize("name", [item.name for item in ITEMS])
def test_models_have_the_shapes_of_their_layers(name: str):
    model = onnx.shape_inference.infer_shapes(item(name).model(), strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    height, wide, channels = item(name).output
    shape = [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim]
    assert shape == ([1, channels] if item(name).kind == "dense" else [1, channels, height, wide])


def test_figures_of_the_smallest_layer():
    figures = measured(item("rnn_matvec"), "nano33ble", None)
    assert all(way["different"] == 0 for way in figures.values())
    assert figures["16"]["per_mac"] < 1.1 * 0.95 and figures["8"]["per_mac"] < 1.05 * 1.46
    assert figures["16"]["flash"] > figures["8"]["flash"]


def test_models_are_written(tmp_path: Path):
    assert main(["--only", "ad_dense", "--write", str(tmp_path / "models")]) == 0
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["ad_dense.onnx"]


def test_multipliers_of_a_library():
    multipliers, shifts = quantized(np.array([0.75, 2.0**-9, 1 - 2.0**-40]))
    assert multipliers.tolist() == [3 << 29, 1 << 30, 1 << 30] and shifts.tolist() == [0, -8, 1]


def test_source_of_a_library_includes_its_kernels(tmp_path: Path):
    folder = tmp_path / "Source" / "ConvolutionFunctions"
    folder.mkdir(parents=True)
    for name in ("arm_convolve_s8.c", "arm_convolve_f16.c", "arm_transpose_conv_s8.c"):
        (folder / name).write_text("")
    text = source(item("vww_depthwise"), tmp_path)
    assert "arm_convolve_s8.c" in text and "f16" not in text and "transpose" not in text
    assert "arm_depthwise_conv_wrapper_s8(" in text and "weights[] = {" in text
