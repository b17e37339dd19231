"""The ONNX importer: names, shapes, attributes made explicit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper
from onnx.reference import ReferenceEvaluator
from support.onnx_models import model, node

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.lowering.import_onnx.sizes import Sizes
from tinyml_opt.targets.executors.onnx import OnnxExecutor

RELU = node("Relu", "x")


def test_given_shape() -> None:
    data = model([RELU], shape=("N", 4)).SerializeToString()
    assert "tensor<1x4xf32>" in str(import_onnx(data, sizes=Sizes({"x": (1, 4)})))


@pytest.mark.parametrize("shapes", [{"x": (1, 5)}, {"x": (4,)}, {"x": (0, 4)}, {"x": (1, 4), "other": (1,)}])
def test_given_shape_that_does_not_fit(shapes: dict[str, tuple[int, ...]]) -> None:
    data = model([RELU], shape=("N", 4)).SerializeToString()
    with pytest.raises(UserError, match="does not fit the model's|no such input"):
        import_onnx(data, sizes=Sizes(shapes))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("model/block/0_act;model/other/0_act", "Relu"),
        ("another/0_act", "node_0_act"),
        ("/layers/layers.3/Relu", "Relu"),
        ("/features/12", "features"),
        ("12", "node_12"),
        ("int", "int"),
        ("///", "node"),
        ("\u6fc0\u6d3b", "node"),
        ("a" * 99, "a" * 19 + "_" + "a" * 20),
        ("", "y"),
    ],
)
def test_node_names(name: str, label: str) -> None:
    module = import_onnx(model([node("Relu", "x", name=name)]).SerializeToString())
    assert [op.label for op in module.walk() if isinstance(op, dialect.ReluOp)] == [label]


def test_node_names_are_unique() -> None:
    names = ["act", "block/act", "act_2", "", "0", "/0", "b", "act"]
    values = ["x", *"abcdefg", "y"]
    nodes = [helper.make_node("Relu", [values[i]], [values[i + 1]], name) for i, name in enumerate(names)]
    module = import_onnx(model(nodes).SerializeToString())
    labels = [op.label for op in module.walk() if isinstance(op, dialect.ReluOp)]
    assert len(labels) == len(set(labels)) == len(names)
    assert all(label.isidentifier() for label in labels)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("1 net.onnx", "model_1_net"),
        ("my-net/model.onnx", "my_net"),
        ("int8.v2.onnx", "int8_v2"),
        ("17.onnx", "model_17"),
        ("\u6fc0\u6d3b.onnx", "model"),
        ("stdint.onnx", "stdint_model"),
        ("a" * 90 + "_v2.onnx", "a" * 29 + "_" + "a" * 27 + "_v2"),
    ],
)
def test_function_name(path: str, name: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    onnx.save(model([RELU]), tmp_path / path)
    assert f"@{name}(" in str(import_onnx(tmp_path / path))


def test_defaults_become_explicit() -> None:
    proto = model(
        [node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")], shape=(1, 1, 8, 8)
    )
    module = import_onnx(proto.SerializeToString())
    (pool,) = (op for op in module.walk() if isinstance(op, dialect.MaxPoolOp))
    assert pool.pad_list == (0, 0, 1, 1)
    assert pool.dilation_list == (1, 1)


@pytest.mark.parametrize(
    ("shape", "attributes", "opset", "axis"),
    [
        ((1, 2, 3), {}, 13, 2),
        ((1, 2, 3), {"axis": -2}, 13, 1),
        ((1, 4), {}, 12, 1),
        ((2, 3, 4), {"axis": 2}, 12, 2),
        ((1, 10, 1, 1), {}, 12, 1),
        ((1, 1, 1, 10), {}, 12, 3),
        ((1, 1), {"axis": 0}, 12, 0),
    ],
)
def test_axis_of_softmax(shape: tuple[int, ...], attributes: dict[str, Any], opset: int, axis: int) -> None:
    module = import_onnx(model([node("Softmax", "x", **attributes)], shape=shape, opset=opset).SerializeToString())
    (softmax,) = (op for op in module.walk() if isinstance(op, dialect.SoftmaxOp))
    assert softmax.axis_index == axis


def test_names_of_inputs_and_outputs() -> None:
    module = import_onnx(model([RELU]).SerializeToString(), "net")
    module.verify()
    assert '@net(%0: tensor<1x4xf32> {onnx.name = "x"}) -> (tensor<1x4xf32> {onnx.name = "y"})' in str(module)


QUANTIZED: dict[str, NDArray[Any]] = {
    "q": np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]], np.int8),
    "s": np.array([0.5, 0.25, 1, 2], np.float32),
    "z": np.zeros(4, np.int8),
    "w": np.arange(12, dtype=np.float32).reshape(4, 3),
    "one": np.array(1, np.float32),
    "byte": np.array(0, np.int8),
    "shape": np.array([3, 4]),
    "b": np.ones(3, np.float32),
}
DEQUANTIZED = helper.make_node("DequantizeLinear", ["q", "s", "z"], ["r"], axis=0)
WEIGHTS: dict[str, tuple[list[onnx.NodeProto], dict[str, Any]]] = {
    "transpose": ([helper.make_node("Transpose", ["w"], ["v"])], {"transB": 1}),
    "identity": ([helper.make_node("Identity", ["w"], ["v"])], {}),
    "reshape": ([helper.make_node("Reshape", ["w", "shape"], ["v"])], {"transB": 1}),
    "sum": ([helper.make_node("Add", ["w", "one"], ["v"])], {}),
    "transpose of quantized": ([DEQUANTIZED, helper.make_node("Transpose", ["r"], ["v"])], {"transB": 1}),
    "quantized": (
        [
            helper.make_node("QuantizeLinear", ["w", "one", "byte"], ["i"]),
            helper.make_node("DequantizeLinear", ["i", "one", "byte"], ["v"]),
        ],
        {},
    ),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_that_are_computed_from_constants(case: str) -> None:
    """They are computed when the model is read; quantized ones stay quantized."""
    nodes, attributes = WEIGHTS[case]
    bias = helper.make_node("Identity", ["b"], ["c"])
    proto = model([*nodes, bias, node("Gemm", "x", "v", "c", **attributes)], QUANTIZED, opset=21)
    module = import_onnx(proto.SerializeToString())
    kinds = {type(op) for op in module.walk()} - {dialect.ConstantOp, dialect.GemmOp}
    assert (dialect.DequantizeLinearOp in kinds) == ("quantized" in case)
    assert not kinds & {dialect.TransposeOp, dialect.IdentityOp, dialect.ReshapeOp, dialect.AddOp}
    x = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    (result,) = OnnxExecutor(module).run({"x": x}).outputs.values()
    (expected,) = ReferenceEvaluator(proto).run(None, {"x": x[0]})
    np.testing.assert_array_equal(result[0], expected)


def test_names_of_what_a_node_becomes() -> None:
    """A Split gives slices, a Sum of three two additions, each under a name of its own."""
    cut = helper.make_node("Split", ["x"], ["a", "b"], "it", axis=1)
    total = node("Sum", "a", "b", "a", name="it")
    module = import_onnx(model([cut, total], opset=13).SerializeToString())
    labels = [op.label for op in module.walk() if isinstance(op, dialect.OnnxOp)]
    assert labels == ["it", "it_1", "it_2_1", "it_2"]
