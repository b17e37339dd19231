"""Every operator from ONNX to C: the same integers at every level, close to the float model, and to onnxruntime."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.memplan import MemplanExecutor
from tinyml_opt.targets.ports import input_ports, output_ports, to_real, to_stored
from tinyml_opt.tools.compiler import Compilation, Options, compile_model, float_outputs, input_shapes
from tinyml_opt.tools.verify import verify

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


def conv(out: int, depth: int, *window: int, **attributes: Any) -> onnx.ModelProto:
    """A convolution with a bias."""
    weights = {"w": random(out, depth, *window, seed=1), "b": random(out, seed=2)}
    shape = (1, 4, 9, 8) if len(window) == 2 else (1, 4, 17)
    return image_model([helper.make_node("Conv", ["x", "w", "b"], ["y"], name="conv", **attributes)], weights, shape)


def pool(kind: str, **attributes: Any) -> onnx.ModelProto:
    """A pool."""
    return image_model([helper.make_node(kind, ["x"], ["y"], name="pool", **attributes)], {})


def chain(*nodes: tuple[str, list[str], dict[str, Any]], shape: Sequence[int] = (1, 4, 9, 8), **weights: Any) -> Any:
    """Nodes one after the other; each takes the value before it, then the named inputs."""
    value, protos = "x", list[onnx.NodeProto]()
    for index, (kind, others, attributes) in enumerate(nodes):
        result = "y" if index == len(nodes) - 1 else f"v{index}"
        protos.append(helper.make_node(kind, [value, *others], [result], name=f"{kind}_{index}", **attributes))
        value = result
    return image_model(protos, weights, shape)


def batch_normalization() -> dict[str, Any]:
    """Parameters for four channels."""
    names = ("scale", "shift", "mean")
    return {**{n: random(4, seed=i + 3) for i, n in enumerate(names)}, "var": np.abs(random(4, seed=9)) + 0.5}


MODELS = {
    "conv": conv(6, 4, 3, 3, pads=[1, 1, 1, 1]),
    "conv_stride": conv(5, 4, 3, 2, strides=[2, 2], pads=[1, 0, 0, 1]),
    "conv_dilation": conv(5, 4, 3, 3, dilations=[2, 3], pads=[2, 3, 2, 3]),
    "conv_groups": conv(6, 2, 3, 3, group=2, pads=[1, 1, 1, 1]),
    "conv_depthwise": conv(4, 1, 3, 3, group=4, pads=[1, 1, 1, 1], strides=[2, 1]),
    "conv_multiplier": conv(8, 1, 3, 3, group=4),
    "conv_same": conv(3, 4, 4, 4, auto_pad="SAME_UPPER", strides=[2, 2]),
    "conv_1d": conv(3, 4, 5, strides=[2], pads=[2, 1]),
    "max_pool": pool("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]),
    "max_pool_ceil": pool("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    "average_pool": pool("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "average_pool_included": pool("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    "global_average_pool": pool("GlobalAveragePool"),
    "gemm": chain(("Flatten", [], {}), ("Gemm", ["w", "b"], {}), w=random(288, 7), b=random(7, seed=1)),
    "gemm_trans": chain(
        ("Gemm", ["w", "b"], {"transB": 1, "alpha": 0.5, "beta": 2.0}), shape=(1, 20), w=random(7, 20), b=random(7)
    ),
    "matmul_add": chain(("MatMul", ["w"], {}), ("Add", ["b"], {}), shape=(1, 20), w=random(20, 7), b=random(7)),
    "batch_normalization": chain(
        ("BatchNormalization", ["scale", "shift", "mean", "var"], {}), **batch_normalization()
    ),
    "conv_batch_normalization_relu": chain(
        ("Conv", ["w"], {"pads": [1, 1, 1, 1]}),
        ("BatchNormalization", ["scale", "shift", "mean", "var"], {}),
        ("Relu", [], {}),
        w=random(4, 4, 3, 3),
        **batch_normalization(),
    ),
    "add_constant": chain(("Add", ["b"], {}), b=random(4, 1, 1)),
    "clip": chain(("Clip", ["low", "high"], {}), low=np.float32(-0.5), high=np.float32(1.25)),
    "transpose_flatten_gemm": chain(
        ("Relu", [], {}),
        ("Transpose", [], {"perm": [0, 2, 1, 3]}),
        ("Flatten", [], {}),
        ("Gemm", ["w"], {}),
        w=random(288, 3),
    ),
    "softmax": chain(("Softmax", [], {"axis": -1}), shape=(1, 12)),
    "sigmoid": chain(("Sigmoid", [], {})),
    "tanh": chain(("Tanh", [], {})),
    "squeeze": chain(("Squeeze", ["axes"], {}), ("Relu", [], {}), shape=(1, 5, 1, 1), axes=np.array([2, 3])),
    "reshape": chain(("Reshape", ["to"], {}), ("Relu", [], {}), to=np.array([1, -1, 8])),
}
TABLES = ("sigmoid", "tanh")


def residual() -> onnx.ModelProto:
    """Two branches that meet."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="left", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["r"], name="relu"),
        helper.make_node("Conv", ["r", "v"], ["c"], name="right", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c", "x"], ["s"], name="sum"),
        helper.make_node("Relu", ["s"], ["y"], name="last"),
    ]
    return image_model(nodes, {"w": random(4, 4, 3, 3), "v": random(4, 4, 3, 3, seed=1)})


MODELS["residual"] = residual()


def compiled(model: onnx.ModelProto, folder: Path, board: str = "host", **options: Any) -> Compilation:
    """A model compiled with random calibration data, which is also in `folder / "data.npz"`."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    np.savez(folder / "data.npz", x=random(40, *shape[1:], seed=7))
    return compile_model(Options(path, board, folder / "data.npz", **options))


@pytest.mark.parametrize("scheme", ["affine", "pow2"])
@pytest.mark.parametrize("name", MODELS)
def test_eight_bits(name: str, scheme: str, tmp_path: Path) -> None:
    compilation = compiled(MODELS[name], tmp_path, scheme=scheme)
    assert_equal_and_close(compilation, tmp_path, decibels=30.0 if scheme == "affine" else 26.0)


@pytest.mark.parametrize("name", [n for n in MODELS if n not in TABLES])
def test_sixteen_bits(name: str, tmp_path: Path) -> None:
    compilation = compiled(MODELS[name], tmp_path, bits=16)
    assert_equal_and_close(compilation, tmp_path, decibels=64.0)


@pytest.mark.parametrize("name", ["conv", "residual", "average_pool", "softmax"])
def test_products_of_32_bits(name: str, tmp_path: Path) -> None:
    compilation = compiled(MODELS[name], tmp_path, board="uno")
    assert compilation.board.product_bits == 32
    assert_equal_and_close(compilation, tmp_path, decibels=30.0)


def assert_equal_and_close(compilation: Compilation, folder: Path, decibels: float) -> None:
    """fixed, memplan and sanitized C give the same integers, and their distance from the float model is small.

    It is measured as the ratio of signal to quantization noise; each bit of the narrowest value is worth some 6 dB, and
    two layers of rounding, and powers of two as scales, cost a few.
    """
    dataset = load_dataset(folder / "data.npz", input_shapes(compilation.onnx))
    stored = to_stored(dataset, input_ports(compilation.function))
    run = FixedExecutor(compilation.fixed).run(stored)
    others = MemplanExecutor(compilation.memplan).run(stored), HostExecutor(compilation.generated(), True).run(stored)
    ports = output_ports(compilation.function)
    floats, integers = float_outputs(compilation, dataset), to_real(run.outputs, ports)
    for port in ports:
        label = port.label.data
        for other in others:
            np.testing.assert_array_equal(run.outputs[label], other.outputs[label])
        noise = np.mean((floats[label] - integers[label]) ** 2)
        assert 10 * np.log10(np.mean(floats[label].astype(np.float64) ** 2) / noise) >= decibels


@pytest.mark.parametrize("board", ["uno", "metro-m0", "bluepill", "nano33ble", "stm32f746"])
def test_on_simulators_and_hls(board: str, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="conv", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("AveragePool", ["b"], ["c"], name="pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["c"], ["d"], name="flatten"),
        helper.make_node("Gemm", ["d", "v"], ["e"], name="dense"),
        helper.make_node("Softmax", ["e"], ["y"], name="softmax"),
    ]
    model = image_model(nodes, {"w": random(3, 2, 3, 3), "v": random(48, 5)}, (1, 2, 8, 8))
    compilation = compiled(model, tmp_path, board=board)
    dataset = load_dataset(tmp_path / "data.npz", input_shapes(compilation.onnx)).head(6)
    result = verify(compilation, dataset, hls=board == "uno")
    assert [level.difference for level in result.levels if level.difference] == []
    expected = {"memplan", "host", "avr" if board == "uno" else "cortex-m", *(["hls"] if board == "uno" else [])}
    missing = {level for level in expected - {level.level for level in result.levels}}
    assert not missing or result.not_run


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
    dataset = load_dataset(tmp_path / "data.npz", input_shapes(compilation.onnx))
    result = verify(compilation, dataset)
    assert result.equal
    run = FixedExecutor(compilation.fixed).run(to_stored(dataset, input_ports(compilation.function)))
    distance = np.abs(run.outputs["y"].astype(np.int64) - expected)
    assert distance.max() <= 1
    assert (distance == 0).mean() >= 0.99


def test_a_wrong_level_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilation = compiled(MODELS["residual"], tmp_path)
    generated = Compilation.generated

    def broken(self: Compilation) -> Any:
        model = generated(self)
        start = model.source.index(f"static void {model.name}_right(")
        source = model.source[:start] + model.source[start:].replace("acc +=", "acc -=", 1)
        return dataclasses.replace(model, source=source)

    monkeypatch.setattr(Compilation, "generated", broken)
    dataset = load_dataset(tmp_path / "data.npz", input_shapes(compilation.onnx)).head(2)
    result = verify(compilation, dataset)
    (host,) = (level for level in result.levels if level.level == "host")
    assert host.difference is not None
    assert host.difference.node == "right"
