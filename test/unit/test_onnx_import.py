"""The ONNX importer: what it takes, and that it refuses everything else at once, with all reasons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx import import_onnx


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: dict[str, NDArray[Any]] | None = None,
    shape: Sequence[int | str] = (1, 4),
    element: int = TensorProto.FLOAT,
    opset: int = 17,
) -> onnx.ModelProto:
    """A model from `x` to `y`."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", element, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def reasons(source: onnx.ModelProto | bytes) -> tuple[str, ...]:
    """Why a model is refused."""
    with pytest.raises(UserError) as caught:
        import_onnx(source if isinstance(source, bytes) else source.SerializeToString())
    return caught.value.reasons


def node(kind: str, *inputs: str, name: str = "it", **attributes: Any) -> onnx.NodeProto:
    """A node with output `y`."""
    return helper.make_node(kind, list(inputs), ["y"], name=name, **attributes)


RELU = node("Relu", "x")


@pytest.mark.parametrize("data", [b"", b"not a model", RELU.SerializeToString()[:3]])
def test_no_model(data: bytes) -> None:
    (reason,) = reasons(data)
    assert "not an ONNX" in reason


def test_truncated_file(tmp_path: Path) -> None:
    weights = {"w": np.ones((64, 4), np.float32)}
    data = model([node("Gemm", "x", "w", transB=1)], weights).SerializeToString()
    path = tmp_path / "half.onnx"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"half\.onnx: .*truncated"):
        import_onnx(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        import_onnx(tmp_path / "none.onnx")


REFUSED = {
    "unsupported operator": (model([node("Einsum", "x", equation="ij->ji")]), "Einsum 'it': operator ai.onnx.Einsum"),
    "other domain": (model([node("Relu", "x", domain="com.acme")]), "operator com.acme.Relu is not supported"),
    "dynamic batch": (model([RELU], shape=("N", 4)), "input 'x': the shape [N,4] is dynamic"),
    "dynamic size": (model([RELU], shape=(1, "width")), "--input_shape 1,1"),
    "element type": (model([RELU], element=TensorProto.INT32), "only float32, int8 and uint8"),
    "old operators": (model([RELU], opset=6), "opset 6 is too old"),
    "NaN": (
        model([node("Gemm", "x", "w")], {"w": np.full((4, 2), np.nan, np.float32)}),
        "initializer 'w': 8 of 8 weights are NaN",
    ),
    "computed weights": (
        model([node("MatMul", "x", "x")], shape=(4, 4)),
        "MatMul 'it': the right operand must be a constant",
    ),
    "transposed input": (
        model([node("Gemm", "x", "w", transA=1)], {"w": np.ones((1, 2), np.float32)}),
        "attribute transA = 1 is not supported",
    ),
    "negative pads": (
        model([node("MaxPool", "x", kernel_shape=[2, 2], pads=[-1, 0, 0, 0])], shape=(1, 1, 8, 8)),
        "negative pads",
    ),
    "3-D window": (model([node("MaxPool", "x", kernel_shape=[2, 2, 2])], shape=(1, 1, 8, 8, 8)), "only 1-D and 2-D"),
    "missing attribute": (model([node("MaxPool", "x")], shape=(1, 1, 8, 8)), "attribute 'kernel_shape' is missing"),
    "last of equals": (model([node("ArgMax", "x", select_last_index=1)]), "attribute select_last_index = 1"),
    "computed shape": (model([node("Reshape", "x", "x")]), "the shape must be a constant"),
    "wrong reshape": (model([node("Reshape", "x", "s")], {"s": np.array([3, 2])}), "cannot turn"),
    "nothing computes it": (model([node("Relu", "z")]), "input 'z' is not computed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    proto, expected = REFUSED[case]
    found = reasons(proto)
    assert len(found) == 1
    assert expected in found[0]


def test_external_data() -> None:
    proto = model([node("Gemm", "x", "w")], {"w": np.ones((4, 2), np.float32)})
    proto.graph.initializer[0].data_location = TensorProto.EXTERNAL
    assert "another file" in reasons(proto)[0]


def test_all_reasons_at_once() -> None:
    nodes = [
        helper.make_node("Einsum", ["x"], ["a"], name="first", equation="ij->ji"),
        helper.make_node("Relu", ["a"], ["b"], name="depends_on_first"),
        helper.make_node("Gemm", ["x", "w"], ["c"], name="second", transA=1),
        helper.make_node("Loop", ["b", "c"], ["y"], name="third"),
    ]
    found = reasons(model(nodes, {"w": np.array([[np.inf, 1.0]], np.float32)}))
    assert [r.split(":")[0] for r in found] == [
        "initializer 'w'",
        "Einsum 'first'",
        "Gemm 'second'",
        "Loop 'third'",
    ] or [r.split(":")[0] for r in found] == ["initializer 'w'", "Einsum 'first'", "Loop 'third'"]


def test_given_shape() -> None:
    data = model([RELU], shape=("N", 4)).SerializeToString()
    module = import_onnx(data, input_shapes={"x": (1, 4)})
    assert "tensor<1x4xf32>" in str(module)


def test_node_names_are_short_and_unique() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="model/block/0_act;model/other/0_act"),
        helper.make_node("Relu", ["a"], ["b"], name="another/0_act"),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    module = import_onnx(model(nodes).SerializeToString(), "net")
    names = [op.label for op in module.walk() if isinstance(op, dialect.ReluOp)]
    assert len(set(names)) == 3
    assert all(name.isidentifier() for name in names)


def test_defaults_become_explicit() -> None:
    proto = model(
        [node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")], shape=(1, 2, 8, 8)
    )
    module = import_onnx(proto.SerializeToString())
    (pool,) = (op for op in module.walk() if isinstance(op, dialect.MaxPoolOp))
    assert pool.pad_list == (0, 0, 1, 1)
    assert pool.dilation_list == (1, 1)


def test_names_of_inputs_and_outputs() -> None:
    module = import_onnx(model([RELU]).SerializeToString(), "1 net")
    module.verify()
    text = str(module)
    assert "@_1_net" in text
    assert 'onnx.name = "x"' in text
    assert 'onnx.name = "y"' in text
