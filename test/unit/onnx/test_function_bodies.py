"""Nodes that others stand for: ONNX's definitions of operators, and the branches of an If."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from support.onnx_models import model, node

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx import expanding
from tinyml_opt.lowering.import_onnx.bodies import has_body
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.lowering.import_onnx.operators import TRANSLATIONS
from tinyml_opt.targets.executors.onnx import OnnxExecutor

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
SIZE = np.array([2, 6])


@pytest.fixture(autouse=True)
def _without_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    """CenterCropPad is the example of an operator that is defined by others."""
    monkeypatch.delitem(TRANSLATIONS, "CenterCropPad", raising=False)


def output(proto: onnx.ModelProto) -> Any:
    """The output for X."""
    executor = OnnxExecutor(import_onnx(proto.SerializeToString()))
    return executor.run({"x": X[np.newaxis]}).outputs["y"][0]


def reference(proto: onnx.ModelProto) -> Any:
    """What ONNX's own evaluator says."""
    (result,) = ReferenceEvaluator(proto).run(None, {"x": X})
    return result


def reasons(proto: onnx.ModelProto) -> Sequence[str]:
    """Why a model is refused."""
    with pytest.raises(UserError) as caught:
        import_onnx(proto.SerializeToString())
    return caught.value.reasons


def crop(**attributes: Any) -> onnx.ModelProto:
    """CenterCropPad: its body is Shape, Gather, Slice, Pad and others, by the type of its input."""
    return model([node("CenterCropPad", "x", "s", **attributes)], {"s": SIZE}, X.shape, opset=18)


def test_definition() -> None:
    np.testing.assert_array_equal(output(crop()), reference(crop()))


def test_definition_with_an_attribute() -> None:
    proto = model([node("CenterCropPad", "x", "s", axes=[1])], {"s": np.array([2])}, X.shape, opset=18)
    np.testing.assert_array_equal(output(proto), X[:, 1:3])


def test_two_nodes_of_one_operator() -> None:
    """The values inside are each node's own."""
    back = model([], {"s": SIZE, "t": np.array([2, 2])}, X.shape, opset=18)
    for kind, source, size, target in (("a", "x", "s", "m"), ("b", "m", "t", "y")):
        back.graph.node.append(helper.make_node("CenterCropPad", [source, size], [target], kind))
    np.testing.assert_array_equal(output(back), reference(back))


def test_definition_of_an_integer_operator() -> None:
    """The translation of Clip takes reals only, its definition without bounds is an Identity."""
    proto = model([node("Clip", "x")], shape=X.shape, element=TensorProto.INT8)
    values = np.arange(12, dtype=np.int8).reshape(1, 3, 4)
    executor = OnnxExecutor(import_onnx(proto.SerializeToString()))
    np.testing.assert_array_equal(executor.run({"x": values}).outputs["y"], values)


def test_refused_definition() -> None:
    """The operator of the model stands first, then the one that is not there."""
    header, reason = reasons(model([node("Bernoulli", "x")], shape=X.shape, opset=22))
    assert header == "1 operator stands between the model and its C: Bernoulli"
    assert reason.startswith("Bernoulli 'it': operator ai.onnx.Bernoulli is taken as those that define it, of which")
    assert "RandomUniformLike 'it_" in reason


def test_what_is_computed_from_a_refused_definition() -> None:
    """It is passed over: one reason is enough."""
    bernoulli = helper.make_node("Bernoulli", ["x"], ["b"], "b")
    crop = node("CenterCropPad", "b", "s")
    (_, reason) = reasons(model([bernoulli, crop], {"s": SIZE}, X.shape, opset=22))
    assert reason.startswith("Bernoulli 'b'")


def test_limit_of_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MAX_NODES", 3)
    assert "CenterCropPad 'it': " in reasons(crop())[1]
    assert "too many nodes, more than 3 in all" in reasons(crop())[1]


def test_limit_of_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MAX_DEPTH", 0)
    assert "too many nodes" in reasons(crop())[1]


def branch(name: str, *nodes: onnx.NodeProto, **weights: Any) -> onnx.GraphProto:
    """A branch with one result, `r`, whatever the other branch calls its own."""
    initializers = [numpy_helper.from_array(np.asarray(value), key) for key, value in weights.items()]
    results = [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)]
    return helper.make_graph(list(nodes), name, [], results, initializers)


def conditional(then: onnx.GraphProto, other: onnx.GraphProto, result: str = "y") -> onnx.NodeProto:
    """An If on `c`."""
    return helper.make_node("If", ["c"], [result], "choice", then_branch=then, else_branch=other)


def inner(kind: str, *inputs: str, result: str = "r") -> onnx.NodeProto:
    """A node of a branch."""
    return helper.make_node(kind, list(inputs), [result])


TWICE = branch("then", inner("Mul", "x", "w"), w=np.float32(2))
MORE = branch("else", inner("Add", "x", "w", result="s"), inner("Relu", "s"), w=np.float32(0.5))


@pytest.mark.parametrize("condition", [True, False])
def test_branch(condition: bool) -> None:
    """Only the one that is taken counts; its weights are its own; it reads values of the graph around it."""
    proto = model([conditional(TWICE, MORE)], {"c": np.array(condition)}, X.shape)
    np.testing.assert_allclose(output(proto), 2 * X if condition else np.maximum(X + np.float32(0.5), 0))


def test_branch_that_is_not_taken_may_hold_anything() -> None:
    proto = model([conditional(TWICE, branch("else", inner("Det", "x")))], {"c": np.array([True])}, X.shape)
    np.testing.assert_array_equal(output(proto), 2 * X)


def test_branch_of_a_branch() -> None:
    nested = branch("then", conditional(MORE, TWICE, "r"))
    proto = model([conditional(nested, TWICE)], {"c": np.array(True)}, X.shape)
    np.testing.assert_allclose(output(proto), np.maximum(X + np.float32(0.5), 0))


def test_branch_that_computes_nothing() -> None:
    constant = branch("then", r=X)
    constant.output[0].name = "r"
    proto = model([conditional(constant, TWICE, "k"), node("Add", "x", "k")], {"c": np.array(True)}, X.shape)
    np.testing.assert_array_equal(output(proto), 2 * X)


def test_branch_before_the_values_that_it_reads() -> None:
    """The order of the file does not matter, though no input of the node says so."""
    then = branch("then", inner("Relu", "h"))
    nodes = [
        conditional(then, TWICE),
        helper.make_node("Neg", ["w"], ["n"]),
        helper.make_node("Mul", ["x", "n"], ["h"]),
    ]
    proto = model(nodes, {"c": np.array(True), "w": np.array(1, np.float32)}, X.shape)
    np.testing.assert_array_equal(output(proto), np.maximum(-X, 0))


def test_condition_of_shapes() -> None:
    """A condition that follows from shapes is a constant."""
    nodes = [
        helper.make_node("Size", ["x"], ["n"]),
        helper.make_node("Equal", ["n", "k"], ["c"]),
        conditional(TWICE, MORE),
    ]
    np.testing.assert_array_equal(output(model(nodes, {"k": np.array(12)}, X.shape)), 2 * X)


def test_condition_at_run_time() -> None:
    proto = model([conditional(TWICE, MORE)], {}, X.shape)
    proto.graph.node[0].input[0] = "x"
    assert "If 'choice': its condition is computed at run time" in reasons(proto)[1]


def test_condition_that_is_none() -> None:
    proto = model([conditional(TWICE, MORE)], {"c": np.array([1.0], np.float32)}, X.shape)
    assert "must be one boolean" in reasons(proto)[1]


def test_branch_that_is_missing() -> None:
    choice = helper.make_node("If", ["c"], ["y"], "choice", then_branch=TWICE)
    assert "attribute 'else_branch' is missing" in reasons(model([choice], {"c": np.array(False)}, X.shape))[1]


def test_refused_branch() -> None:
    proto = model([conditional(branch("then", inner("Det", "x")), MORE)], {"c": np.array(True)}, X.shape)
    header, reason = reasons(proto)
    assert header == "1 operator stands between the model and its C: If"
    assert reason.startswith("If 'choice': Det 'choice_Det': operator ai.onnx.Det is not supported")


def test_parts_of_nothing() -> None:
    """A definition may cut off nothing and put it back."""
    nodes = [helper.make_node("Split", ["x", "s"], ["a", "b"], "cut", axis=1), node("Concat", "b", "a", axis=1)]
    np.testing.assert_array_equal(output(model(nodes, {"s": np.array([4, 0])}, X.shape)), X)


def test_nothing_is_no_operand_and_no_output() -> None:
    cut = helper.make_node("Split", ["x", "s"], ["a", "b"], "cut", axis=1)
    weights = {"s": np.array([4, 0])}
    assert "the result of shape [3, 0] is empty" in reasons(model([cut, node("Relu", "b")], weights, X.shape))[-1]
    proto = model([cut, node("Relu", "a")], weights, X.shape)
    proto.graph.output[0].name = "b"
    assert reasons(proto) == ("output 'b': the result of shape [3, 0] is empty; export the model again",)


def test_a_version_that_no_library_holds() -> None:
    assert not has_body(helper.make_node("Mish", ["x"], ["y"]), 1 << 40)
