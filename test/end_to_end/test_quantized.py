"""Quantized ONNX models are taken over as they are: within one step of onnxruntime, equal at every level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tinyml_opt.lowering.onnx_to_fixed import contractions
from tinyml_opt.targets.dataset import Dataset, load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, to_stored
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import input_types
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.verify import verify
from tinyml_opt.tools.verifying.verdict import Verification

Nodes = Sequence[onnx.NodeProto]
Weights = dict[str, NDArray[Any]]


def random(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Normal random numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def image_model(nodes: Nodes, weights: Weights, shape: Sequence[int] = (1, 4, 9, 8)) -> onnx.ModelProto:
    """A model from `x` to `y`."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def quantized_model(dtype: type[np.int8] | type[np.uint8]) -> onnx.ModelProto:
    """Conv, Relu, pool, dense with QuantizeLinear and DequantizeLinear around each, weights per channel."""
    rng = np.random.default_rng(3)
    zero = 0 if dtype is np.int8 else 128
    weights: Weights = {}
    nodes: list[onnx.NodeProto] = []

    def constant(name: str, integers: NDArray[Any], scale: Any, axis: int = 0) -> str:
        weights[f"{name}_q"] = integers
        weights[f"{name}_s"] = np.asarray(scale, np.float32)
        weights[f"{name}_z"] = np.zeros(np.shape(scale), integers.dtype)
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_s", f"{name}_z"], [name], axis=axis))
        return name

    def requantize(value: str, scale: float) -> str:
        weights[f"{value}_s"], weights[f"{value}_z"] = np.asarray(scale, np.float32), np.asarray(zero, dtype)
        nodes.append(helper.make_node("QuantizeLinear", [value, f"{value}_s", f"{value}_z"], [f"{value}_i"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{value}_i", f"{value}_s", f"{value}_z"], [f"{value}_d"]))
        return f"{value}_d"

    x = requantize("x", 0.03)
    w = constant("w", rng.integers(-127, 128, (6, 4, 3, 3)).astype(np.int8), rng.uniform(0.002, 0.01, 6))
    b = constant("b", rng.integers(-500, 500, 6).astype(np.int32), weights["w_s"] * np.float32(0.03))
    nodes.append(helper.make_node("Conv", [x, w, b], ["c"], name="conv", pads=[1, 1, 1, 1]))
    nodes.append(helper.make_node("Relu", ["c"], ["r"], name="relu"))
    nodes.append(helper.make_node("GlobalAveragePool", [requantize("r", 0.05)], ["p"], name="pool"))
    nodes.append(helper.make_node("Flatten", [requantize("p", 0.04)], ["f"], name="flatten"))
    v = constant("v", rng.integers(-127, 128, (6, 5)).astype(np.int8), 0.006)
    nodes.append(helper.make_node("MatMul", ["f", v], ["m"], name="dense"))
    weights["m_s"], weights["m_z"] = np.asarray(0.02, np.float32), np.asarray(zero, dtype)
    nodes.append(helper.make_node("QuantizeLinear", ["m", "m_s", "m_z"], ["y"]))
    model = image_model(nodes, weights)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT8 if dtype is np.int8 else TensorProto.UINT8
    return model


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_quantized_model_like_onnxruntime(dtype: Any, tmp_path: Path) -> None:
    model = quantized_model(dtype)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    compilation = compile_model(Options(path, "host"))
    x = random(200, 1, 4, 9, 8, seed=5)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options)
    expected = np.array([session.run(None, {"x": row})[0] for row in x]).astype(np.int64)
    np.savez(tmp_path / "data.npz", x=x)
    dataset = load_dataset(tmp_path / "data.npz", input_types(compilation.onnx))
    result = verify(compilation, dataset)
    assert result.exact and result.close and result.reference == "exact"
    assert [node.node.name for node in result.exactness] == ["conv", "pool", "dense"]
    assert not any(node.unequal for node in result.exactness)
    assert next(row for row in result.nodes if row.node.name == "x").saturated > 0
    assert all(row.distance.max_steps < 2 for row in result.nodes)
    run = FixedExecutor(compilation.fixed).run(to_stored(dataset, input_ports(compilation.function)))
    distance = np.abs(run.outputs["y"].astype(np.int64) - expected)
    assert distance.max() <= 1
    assert (distance == 0).mean() >= 0.99


def verified(model: onnx.ModelProto, folder: Path, x: NDArray[np.float32], board: str = "host") -> Verification:
    """Both verdicts on a model and its inputs."""
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return verify(compile_model(Options(folder / "model.onnx", board)), Dataset({"x": x}, {"x": False}, None))


def test_a_wrong_layer_is_found_in_a_quantized_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All levels agree on a lowering that forgets the bias; the exact evaluation of the node does not."""

    def no_bias(*_: object) -> None:
        return None

    x = random(20, 1, 4, 9, 8, seed=5)
    monkeypatch.setattr(contractions, "bias_integers", no_bias)
    for board in ("host", "uno"):
        result = verified(quantized_model(np.int8), tmp_path, x, board)
        assert result.equal and not result.close
        assert "node 'conv': " in result.not_close[-1]


@pytest.mark.parametrize(("window", "ties"), [([2, 2], False), ([2, 3], True)])
def test_ties_do_not_spread(window: list[int], ties: bool, tmp_path: Path) -> None:
    """Means of six integers are ties in every sixth case, and what follows turns a step into many.

    Those of four are exact in binary: their ties go where ONNX has them.
    """
    scales: Weights = {"z": np.asarray(0, np.int8), "s": np.asarray(0.1, np.float32), "f": np.asarray(0.02, np.float32)}
    nodes: list[onnx.NodeProto] = []
    for source, value, scale in (("x", "d", "s"), ("p", "e", "s"), ("m", "y", "f")):
        nodes.append(helper.make_node("QuantizeLinear", [source, scale, "z"], [f"{value}_q"], name=f"{value}_q"))
        nodes.append(helper.make_node("DequantizeLinear", [f"{value}_q", scale, "z"], [value], name=value))
        if value == "d":
            pool: dict[str, Any] = {"kernel_shape": window, "strides": [2, 2]}
            nodes.append(helper.make_node("AveragePool", ["d"], ["p"], name="pool", **pool))
        if value == "e":
            nodes.append(helper.make_node("Mul", ["e", "e"], ["m"], name="square"))
    result = verified(image_model(nodes, scales, (1, 2, 8, 8)), tmp_path, random(50, 1, 2, 8, 8, seed=1) * 6)
    counts = {node.node.name: (node.ties > 0, node.unequal) for node in result.exactness}
    assert counts == {"pool": (ties, 0), "square": (False, 0)}
    assert (result.outputs["y"].share_over_2 > 0.01) == ties
    assert result.close


def test_a_channel_of_tiny_weights_is_as_exact_as_its_neighbours(tmp_path: Path) -> None:
    """Two channels have 2^-24 of their neighbours' scale, and biases next to 2^31 in that unit.

    What they give is their bias, here a little less and a little more than half a step, so that it must be exact.
    """
    rng, x, y, few = np.random.default_rng(8), np.float32(0.02), np.float32(0.03), 2.0**-24
    scales = np.array([0.004, 0.007 * few, 0.007 * few, 0.006], np.float32)
    factors = float(x) * scales.astype(np.float64) / float(y)
    near_half = np.rint(np.array([0.49997, 0.50003]) / factors[1:3])
    weights: Weights = {
        "x_s": np.asarray(x),
        "y_s": np.asarray(y),
        "z": np.asarray(0, np.int8),
        "w_q": rng.integers(-127, 128, (4, 4, 3, 3)).astype(np.int8),
        "w_s": scales,
        "w_z": np.zeros(4, np.int8),
        "b_q": np.array([300, *near_half, 50], np.int32),
        "b_s": scales * x,
        "b_z": np.zeros(4, np.int32),
    }
    weights["w_q"][1:3] = 0
    weights["w_q"][1:3, 0, 0, 0] = 1
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_s", "z"], ["x_i"]),
        helper.make_node("DequantizeLinear", ["x_i", "x_s", "z"], ["x_d"]),
        helper.make_node("DequantizeLinear", ["w_q", "w_s", "w_z"], ["w"], axis=0),
        helper.make_node("DequantizeLinear", ["b_q", "b_s", "b_z"], ["b"], axis=0),
        helper.make_node("Conv", ["x_d", "w", "b"], ["c"], name="conv"),
        helper.make_node("QuantizeLinear", ["c", "y_s", "z"], ["y_i"]),
        helper.make_node("DequantizeLinear", ["y_i", "y_s", "z"], ["y"]),
    ]
    result = verified(image_model(nodes, weights), tmp_path, random(20, 1, 4, 9, 8, seed=5))
    (conv,) = (node for node in result.exactness if node.node.name == "conv")
    assert conv.values == 20 * 4 * 7 * 6 and (conv.unequal, conv.far) == (0, 0)
