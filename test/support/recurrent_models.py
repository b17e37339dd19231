"""Small recurrent models: layers of ONNX and loops, with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def port(name: str, shape: Sequence[int] | None = None, element: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An input or output."""
    return helper.make_tensor_value_info(name, element, shape)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, Sequence[int]],
    outputs: Sequence[str],
    weights: dict[str, NDArray[Any]],
    opset: int = 17,
) -> onnx.ModelProto:
    """A model of float inputs and outputs."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [port(name, shape) for name, shape in inputs.items()],
        [port(name) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def reference(model: onnx.ModelProto, x: NDArray[np.float32]) -> list[list[NDArray[Any]]]:
    """What onnxruntime computes for each row of inputs (rows, *shape)."""
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(model.SerializeToString())
    return [session.run(None, {"x": row}) for row in x]


def recurrent_layer(
    kind: str,
    outputs: Sequence[str] = ("y",),
    *,
    rounds: int = 7,
    batch: int = 1,
    width: int = 3,
    hidden: int = 4,
    bias: bool = True,
    first: bool = False,
    lengths: Sequence[int] | None = None,
    peepholes: bool = False,
    opset: int = 17,
    seed: int = 0,
    **attributes: Any,
) -> onnx.ModelProto:
    """A model of one RNN, GRU or LSTM from `x`; an empty name in `outputs` leaves that output out."""
    rng = np.random.default_rng(seed)
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    rows = GATES[kind] * hidden

    def numbers(*shape: int) -> NDArray[np.float32]:
        return (rng.normal(size=shape) / 2).astype(np.float32)

    weights: dict[str, NDArray[Any]] = {"w": numbers(directions, rows, width), "r": numbers(directions, rows, hidden)}
    batch_first = attributes.get("layout", 0)
    state = (batch, directions, hidden) if batch_first else (directions, batch, hidden)
    optional: dict[str, NDArray[Any] | None] = {
        "b": numbers(directions, 2 * rows) if bias else None,
        "lengths": None if lengths is None else np.array(lengths, np.int32),
        "h0": numbers(*state) if first else None,
        "c0": numbers(*state) if first and kind == "LSTM" else None,
        "p": numbers(directions, 3 * hidden) if peepholes else None,
    }
    if kind != "LSTM":
        optional = {name: optional[name] for name in ("b", "lengths", "h0")}
    weights |= {name: value for name, value in optional.items() if value is not None}
    inputs = ["x", "w", "r", *(name if value is not None else "" for name, value in optional.items())]
    node = helper.make_node(kind, inputs, list(outputs), name="layer", hidden_size=hidden, **attributes)
    shape = (batch, rounds, width) if batch_first else (rounds, batch, width)
    return model_of([node], {"x": shape}, [o for o in outputs if o], weights, opset)


def graph_of(
    nodes: Sequence[onnx.NodeProto], inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
) -> onnx.GraphProto:
    """The body of a Scan or Loop."""
    return helper.make_graph(list(nodes), "round", list(inputs), list(outputs))


def scan_model(*, rounds: int = 6, axis: int = 1, out_axis: int = 0, backward: bool = False) -> onnx.ModelProto:
    """A Scan over `x` [2, T, 3] along `axis` of its T: a state, a counter that nothing needs, two outputs."""
    rng = np.random.default_rng(3)
    weights = {
        "w": rng.normal(size=(3, 4)).astype(np.float32) / 2,
        "u": rng.normal(size=(4, 4)).astype(np.float32) / 2,
        "h0": rng.normal(size=(2, 4)).astype(np.float32),
        "n0": np.array(0, np.int32),
        "one": np.array(1, np.int32),
    }
    body = graph_of(
        [
            helper.make_node("Add", ["n", "one"], ["n_next"]),
            helper.make_node("MatMul", ["x_t", "w"], ["xw"]),
            helper.make_node("MatMul", ["h", "u"], ["hu"]),
            helper.make_node("Add", ["xw", "hu"], ["sum"]),
            helper.make_node("Tanh", ["sum"], ["h_next"]),
            helper.make_node("Relu", ["sum"], ["positive"]),
        ],
        [port("h", [2, 4]), port("n", [], TensorProto.INT32), port("x_t", [2, 3])],
        [port("h_next", [2, 4]), port("n_next", [], TensorProto.INT32), port("h_next"), port("positive")],
    )
    # an output of a graph is one value: the state is stacked under a name of its own
    body.node.append(helper.make_node("Identity", ["h_next"], ["h_out"]))
    body.output[2].name = "h_out"
    shape = [2, 3]
    shape.insert(axis, rounds)
    scan = helper.make_node(
        "Scan",
        ["h0", "n0", "x"],
        ["last", "count", "states", "sums"],
        name="scan",
        body=body,
        num_scan_inputs=1,
        scan_input_axes=[axis],
        scan_input_directions=[int(backward)],
        scan_output_axes=[0, out_axis],
        scan_output_directions=[int(backward), 0],
    )
    return model_of([scan], {"x": shape}, ["last", "states", "sums"], weights)


def loop_model(*, rounds: int = 5, backward: bool = False, ends: int | None = None) -> onnx.ModelProto:
    """A Loop that takes row t of `x` [T, 3], or row T - 1 - t, adds it to a state and stacks it.

    With `ends` the condition holds for fewer rounds: it compares a counter of its own.
    """
    weights: dict[str, NDArray[Any]] = {
        "trips": np.array(rounds, np.int64),
        "always": np.array(True),
        "s0": np.zeros((1, 3), np.float32),
        "half": np.array(0.5, np.float32),
        "last": np.array(rounds - 1, np.int64),
        "c0": np.array([1], np.int64),
        "one": np.array([1], np.int64),
        "axes": np.array([0], np.int64),
        "end": np.array([rounds if ends is None else ends], np.int64),
    }
    body = graph_of(
        [
            helper.make_node("Sub", ["last", "i"], ["from_end"]),
            helper.make_node("Gather", ["x", "from_end" if backward else "i"], ["row"], axis=0),
            helper.make_node("Unsqueeze", ["row", "axes"], ["row_1"]),
            helper.make_node("Mul", ["s", "half"], ["faded"]),
            helper.make_node("Add", ["faded", "row_1"], ["s_next"]),
            helper.make_node("Add", ["c", "one"], ["c_next"]),
            helper.make_node("Less", ["c", "end"], ["goes_on"]),
            helper.make_node("Squeeze", ["goes_on"], ["cond_next"]),
            helper.make_node("Identity", ["row_1"], ["out"]),
        ],
        [
            port("i", [], TensorProto.INT64),
            port("cond", [], TensorProto.BOOL),
            port("s", [1, 3]),
            port("c", [1], TensorProto.INT64),
        ],
        [
            port("cond_next", [], TensorProto.BOOL),
            port("s_next", [1, 3]),
            port("c_next", [1], TensorProto.INT64),
            port("out", [1, 3]),
        ],
    )
    loop = helper.make_node("Loop", ["trips", "always", "s0", "c0"], ["sum", "count", "rows"], name="loop", body=body)
    return model_of([loop], {"x": (rounds, 3)}, ["sum", "rows"], weights)


def counting_model(rounds: int = 6) -> onnx.ModelProto:
    """A Scan that counts the positive numbers of each column of `x` [T, 3], and notes whether one was above 1."""
    body = graph_of(
        [
            helper.make_node("Greater", ["x_t", "zero"], ["positive"]),
            helper.make_node("Cast", ["positive"], ["ones"], to=TensorProto.INT32),
            helper.make_node("Add", ["n", "ones"], ["n_next"]),
            helper.make_node("Greater", ["x_t", "one"], ["above"]),
            helper.make_node("Or", ["seen", "above"], ["seen_next"]),
            helper.make_node("Identity", ["n_next"], ["counts"]),
        ],
        [port("n", [3], TensorProto.INT32), port("seen", [3], TensorProto.BOOL), port("x_t", [3])],
        [
            port("n_next", [3], TensorProto.INT32),
            port("seen_next", [3], TensorProto.BOOL),
            port("counts", [3], TensorProto.INT32),
        ],
    )
    weights: dict[str, NDArray[Any]] = {
        "n0": np.array([5, 0, -3], np.int32),
        "seen0": np.array([False, False, True]),
        "zero": np.array(0, np.float32),
        "one": np.array(1, np.float32),
    }
    scan = helper.make_node(
        "Scan", ["n0", "seen0", "x"], ["n", "seen", "all"], name="scan", body=body, num_scan_inputs=1
    )
    model = model_of([scan], {"x": (rounds, 3)}, [], weights)
    kinds = {"n": TensorProto.INT32, "seen": TensorProto.BOOL, "all": TensorProto.INT32}
    model.graph.output.extend(port(name, None, kind) for name, kind in kinds.items())
    return model
