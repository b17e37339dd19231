"""ONNX models of a node or a few, as tests of the importer and of the float executor write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: dict[str, NDArray[Any]] | None = None,
    shape: Sequence[int | str] | None = (1, 4),
    element: int = TensorProto.FLOAT,
    opset: int = 17,
) -> onnx.ModelProto:
    """A model from `x` to `y`."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def node(kind: str, *inputs: str, name: str = "it", **attributes: Any) -> onnx.NodeProto:
    """A node with output `y`."""
    return helper.make_node(kind, list(inputs), ["y"], name=name, **attributes)


def quantizer(kind: str, scale: Any, *zero_point: Any, **attributes: Any) -> onnx.ModelProto:
    """A model of one QuantizeLinear or DequantizeLinear of the input."""
    weights = {"s": np.asarray(scale, np.float32), **{f"z{i}": np.asarray(z) for i, z in enumerate(zero_point)}}
    element = TensorProto.FLOAT if kind == "QuantizeLinear" else TensorProto.INT8
    return model([node(kind, "x", *weights, **attributes)], weights, element=element, opset=21)
