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
        return rng.normal(size=shape).astype(np.float32) / 2

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
