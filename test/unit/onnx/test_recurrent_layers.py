"""RNN, GRU and LSTM at the level `onnx` against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from support.recurrent_models import recurrent_layer, reference

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.onnx import ScanOp
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.executors.onnx import OnnxExecutor

BOTH: dict[str, Any] = {"direction": "bidirectional"}
BACK: dict[str, Any] = {"direction": "reverse"}
OUTPUTS = {"RNN": ("y", "h"), "GRU": ("y", "h"), "LSTM": ("y", "h", "c")}


def distance(model: onnx.ModelProto, rows: int = 3) -> float:
    """The greatest distance from onnxruntime over some random inputs."""
    module = import_onnx(model.SerializeToString())
    module.verify()
    executor = OnnxExecutor(module)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    x = np.random.default_rng(1).normal(size=(rows, *shape)).astype(np.float32)
    found = executor.run({"x": x}).outputs
    worst = 0.0
    for row, expected in enumerate(reference(model, x)):
        for name, array in zip(executor.outputs, expected, strict=True):
            assert found[name][row].shape == array.shape
            worst = max(worst, float(np.abs(found[name][row] - array).max()))
    return worst


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False},
        {"first": True, "batch": 3},
        {**BACK, "first": True},
        {**BOTH, "first": True, "batch": 2},
        {"lengths": [7]},
        {"lengths": [5, 5], "batch": 2, **BOTH},
        {"clip": 0.3},
        {"opset": 7},
        {"opset": 14},
        {"rounds": 1},
    ],
    ids=str,
)
def test_layer(kind: str, options: dict[str, Any]) -> None:
    assert distance(recurrent_layer(kind, OUTPUTS[kind], **options)) < 1e-5


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("kept", range(3))
def test_some_outputs(kind: str, kept: int) -> None:
    names = [name if number == kept else "" for number, name in enumerate(OUTPUTS[kind])]
    if any(names):
        assert distance(recurrent_layer(kind, names, **BOTH)) < 1e-5


@pytest.mark.parametrize("reset", [0, 1])
@pytest.mark.parametrize("bias", [False, True])
def test_gru_resets_before_or_after_its_product(reset: int, bias: bool) -> None:
    assert distance(recurrent_layer("GRU", ("y",), linear_before_reset=reset, bias=bias, **BOTH)) < 1e-5


@pytest.mark.parametrize("options", [{"peepholes": True}, {"input_forget": 1}, {"peepholes": True, **BOTH}], ids=str)
def test_lstm(options: dict[str, Any]) -> None:
    assert distance(recurrent_layer("LSTM", ("y", "h", "c"), **options)) < 1e-5


@pytest.mark.parametrize(
    ("names", "alpha", "beta"),
    [
        (["Relu", "Affine"], [0.5], [0.25]),
        (["LeakyRelu", "HardSigmoid"], [0.1, 0.3], [0.4]),
        (["ScaledTanh", "Elu"], [1.5, 0.7], [0.8]),
        (["Softsign", "Softplus"], [], []),
        (["ThresholdedRelu", "Tanh"], [0.2], []),
        (["HardSigmoid", "LeakyRelu"], [], []),
    ],
    ids=str,
)
def test_activations(names: list[str], alpha: list[float], beta: list[float]) -> None:
    given: dict[str, Any] = {"activations": names, "activation_alpha": alpha, "activation_beta": beta}
    assert distance(recurrent_layer("RNN", ("y",), **BOTH, **{k: v for k, v in given.items() if v})) < 1e-5


@pytest.mark.parametrize("kind", OUTPUTS)
def test_batch_first_is_the_same_with_other_dimensions_first(kind: str) -> None:
    """onnxruntime has no layout 1."""
    outputs = OUTPUTS[kind]
    first, last = (
        OnnxExecutor(import_onnx(recurrent_layer(kind, outputs, batch=2, layout=layout, **BOTH).SerializeToString()))
        for layout in (1, 0)
    )
    x = np.random.default_rng(1).normal(size=(3, 2, 7, 3)).astype(np.float32)
    found, expected = first.run({"x": x}).outputs, last.run({"x": x.swapaxes(1, 2)}).outputs
    assert np.allclose(found["y"], expected["y"].transpose(0, 3, 1, 2, 4), atol=1e-6)
    for name in outputs[1:]:
        assert np.allclose(found[name], expected[name].swapaxes(1, 2), atol=1e-6)


def test_never_unrolled() -> None:
    module = import_onnx(recurrent_layer("LSTM", ("y",), rounds=500).SerializeToString())
    (scan,) = (op for op in module.walk() if isinstance(op, ScanOp))
    assert scan.trips == 500
    assert len(list(module.walk())) < 50


def refused(model: onnx.ModelProto) -> str:
    with pytest.raises(UserError) as error:
        import_onnx(model.SerializeToString())
    return " ".join(error.value.reasons)


def test_refusals() -> None:
    assert "sequence_lens are not equal" in refused(recurrent_layer("RNN", batch=2, lengths=[3, 5]))
    assert "sequence_lens of 9" in refused(recurrent_layer("RNN", lengths=[9]))
    assert "activation 'Cube'" in refused(recurrent_layer("RNN", activations=["Cube"]))
    assert "'ScaledTanh' needs activation_alpha" in refused(recurrent_layer("RNN", activations=["ScaledTanh"]))
    assert "must list 2 functions" in refused(recurrent_layer("GRU", activations=["Tanh"]))
    assert "direction is one of" in refused(recurrent_layer("GRU", direction="sideways"))
    wrong = recurrent_layer("GRU")
    wrong.graph.initializer[0].dims[1], wrong.graph.initializer[0].dims[2] = 3, 12
    assert "do not go together" in refused(wrong)
    computed = recurrent_layer("RNN", lengths=[7])
    computed.graph.input.append(onnx.helper.make_tensor_value_info("lengths", onnx.TensorProto.INT32, [1]))
    computed.graph.initializer.pop()
    assert "computed at run time" in refused(computed)
