"""Scan and Loop at the level `onnx` against onnxruntime, and what is refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.recurrent_models import graph_of, loop_model, model_of, port, reference, scan_model

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.onnx import OnnxOp, ScanOp
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.executors.onnx import OnnxExecutor


def check(model: onnx.ModelProto, rows: int = 3) -> ScanOp:
    """Compare with onnxruntime on random inputs; returns the one scan."""
    module = import_onnx(model.SerializeToString())
    module.verify()
    executor = OnnxExecutor(module)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    x = np.random.default_rng(1).normal(size=(rows, *shape)).astype(np.float32)
    found = executor.run({"x": x}).outputs
    for row, expected in enumerate(reference(model, x)):
        for name, array in zip(executor.outputs, expected, strict=True):
            assert np.allclose(found[name][row], array, atol=1e-5), name
    (scan,) = (op for op in module.walk() if isinstance(op, ScanOp))
    return scan


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("out_axis", [0, 1, -1])
def test_axes_and_directions(axis: int, out_axis: int, backward: bool) -> None:
    scan = check(scan_model(axis=axis, out_axis=out_axis, backward=backward))
    assert len(scan.states) == 1, "the counter is dropped"


def test_values_of_a_body_are_traced_in_all_rounds() -> None:
    executor = OnnxExecutor(import_onnx(scan_model().SerializeToString()))
    run = executor.run({"x": np.ones((2, 2, 6, 3), np.float32)}, trace=True)
    assert run.values["h_next"].shape == (2, 6, 2, 4)
    assert np.array_equal(run.values["h_next"], run.outputs["states"])


@pytest.mark.parametrize("backward", [False, True])
def test_loop_takes_rows_by_its_counter(backward: bool) -> None:
    scan = check(loop_model(backward=backward))
    assert scan.trips == 5
    assert len(scan.states) == len(scan.ins) == 1
    assert scan.in_reversed.data == (int(backward),)


def test_loop_ends_by_its_condition() -> None:
    """The rows are then the first ones."""
    model = loop_model(ends=3)
    assert check(model).trips == 3


def test_counter_is_a_number_of_the_body() -> None:
    """What depends on the round alone is a constant that is scanned."""
    model = loop_model()
    body = model.graph.node[0].attribute[0].g
    body.node.append(helper.make_node("Cast", ["i"], ["i_real"], to=TensorProto.FLOAT))
    body.node.append(helper.make_node("Mul", ["s_next", "i_real"], ["weighted"]))
    body.output[3].name = "weighted"
    scan = check(model)
    assert len(scan.ins) == 2


def test_what_no_round_changes_stands_before_them() -> None:
    model = scan_model()
    body = model.graph.node[0].attribute[0].g
    for node in body.node:
        if node.output[0] == "hu":
            node.input[1] = "u_turned"
    model.graph.input.append(port("v", [4, 4]))
    body.node.insert(0, helper.make_node("Relu", ["v"], ["u_turned"]))
    module = import_onnx(model.SerializeToString())
    (relu,) = (
        op for op in module.walk() if isinstance(op, OnnxOp) and op.name == "onnx.Relu" and op.label != "positive"
    )
    assert not isinstance(relu.parent_op(), ScanOp)


def nested() -> onnx.ModelProto:
    """A Scan over rows in a Scan over matrices: sums of sums."""
    inner = graph_of(
        [helper.make_node("Add", ["t", "row"], ["t_next"]), helper.make_node("Mul", ["t_next", "total"], ["out"])],
        [port("t", [3]), port("row", [3])],
        [port("t_next", [3]), port("out", [3])],
    )
    scan = helper.make_node(
        "Scan", ["total", "matrix"], ["t_last", "outs"], body=inner, num_scan_inputs=1, name="inner"
    )
    outer = graph_of(
        [scan, helper.make_node("Tanh", ["t_last"], ["total_next"])],
        [port("total", [3]), port("matrix", [4, 3])],
        [port("total_next", [3]), port("outs", [4, 3])],
    )
    node = helper.make_node("Scan", ["zero", "x"], ["y", "all"], body=outer, num_scan_inputs=1, name="outer")
    return model_of([node], {"x": (2, 4, 3)}, ["y", "all"], {"zero": np.zeros(3, np.float32)})


def test_nested() -> None:
    model = nested()
    executor = OnnxExecutor(import_onnx(model.SerializeToString()))
    x = np.random.default_rng(1).normal(size=(3, 2, 4, 3)).astype(np.float32)
    run = executor.run({"x": x}, trace=True)
    for row, expected in enumerate(reference(model, x)):
        for name, array in zip(executor.outputs, expected, strict=True):
            assert np.allclose(run.outputs[name][row], array, atol=1e-5)
    assert run.values["outer_Add"].shape == (3, 2, 4, 3)


def refused(model: onnx.ModelProto) -> str:
    with pytest.raises(UserError) as error:
        import_onnx(model.SerializeToString())
    return " ".join(error.value.reasons)


def test_refusals() -> None:
    model = loop_model()
    model.graph.input.append(port("trips", [], TensorProto.INT64))
    model.graph.initializer.pop(0)
    assert "its number of rounds is computed at run time" in refused(model)
    model = loop_model()
    body = model.graph.node[0].attribute[0].g
    del body.node[-2]
    body.node.append(helper.make_node("ReduceMax", ["s"], ["most"], keepdims=0))
    body.node.append(helper.make_node("Less", ["most", "half"], ["cond_next"]))
    assert "its condition is computed" in refused(model)
    model = loop_model(rounds=1)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.array(1 << 40), "trips"))
    model.graph.initializer[-1].CopyFrom(onnx.numpy_helper.from_array(np.array([1 << 50]), "end"))
    assert "more than 4,096 rounds" in refused(model)
    model = scan_model()
    model.graph.node[0].attribute.remove(next(a for a in model.graph.node[0].attribute if a.name == "body"))
    assert "it has no body" in refused(model)
    model = scan_model()
    model.graph.node[0].attribute[0].g.node[1].op_type = "Det"
    assert "Det" in refused(model)
    model.opset_import[0].version = 8
    assert "opset 8" in refused(model)
    model = scan_model()
    model.graph.initializer[2].CopyFrom(onnx.numpy_helper.from_array(np.zeros((1, 4), np.float32), "h0"))
    assert "state 'h' is" in refused(model)
