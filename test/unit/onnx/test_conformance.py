"""The judge of ONNX's node tests: what it calls right, wrong, coarse and refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conformance.cases import Case, unexpanded
from conformance.judging import judge
from onnx import TensorProto, helper

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(1, 3, 4)


def case(kind: str, expected: Any, *inputs: Any, **attributes: Any) -> Case:
    """A test of one node on these inputs, the first of them X where none is given."""
    values = tuple(np.asarray(value) for value in inputs) or (X,)
    names = [f"x{index}" for index in range(len(values))]
    node = helper.make_node(kind, names, ["y"], **attributes)
    ports = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in zip(names, values, strict=True)
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph([node], "g", ports, outputs), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    return Case(f"test_{kind.lower()}", kind, model, values, (np.asarray(expected),), 1e-3)


RELU = np.maximum(X, 0)
WIDE = np.arange(4, dtype=np.float32) + np.array([[0], [1e4]], np.float32)
EXP = np.exp(WIDE[:1]).repeat(2, axis=0)
JUDGED = {
    "right": (case("Relu", RELU), "right", "right"),
    "constants": (case("Reshape", X.reshape(3, 4), X, np.array([3, 4])), "right", "right"),
    "off": (case("Relu", RELU + np.float32(0.01)), "wrong", "wrong"),
    "shape": (case("Relu", RELU[0]), "wrong", "wrong"),
    "index": (case("ArgMax", np.zeros((1, 1, 4), np.int64), axis=1), "wrong", "wrong"),
    "coarse": (case("Softmax", EXP / EXP.sum(1, keepdims=True), WIDE, axis=1), "right", "coarse"),
    "refused": (case("Det", np.float32(1), np.eye(3, dtype=np.float32)), "refused", "refused"),
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[str, str | None]]:
    """All cases, compiled together."""
    outcomes = judge([judged for judged, *_ in JUDGED.values()], float_only=False)
    return {
        name: (outcome.float.word, outcome.c and outcome.c.word) for name, outcome in zip(JUDGED, outcomes, strict=True)
    }


@pytest.mark.parametrize("name", JUDGED)
def test_judgement(name: str, verdicts: dict[str, tuple[str, str | None]]) -> None:
    assert verdicts[name] == JUDGED[name][1:]


def test_operator_of_an_expanded_case() -> None:
    assert unexpanded("test_clip_inbounds_expanded") == "test_clip_inbounds"
    assert unexpanded("test_softmax_axis_0_expanded_ver18") == "test_softmax_axis_0"
    assert unexpanded("test_relu") == "test_relu"
