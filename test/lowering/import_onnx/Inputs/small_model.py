"""Write a small ONNX model with defaults, `auto_pad` and odd names to the file named on the command line."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NODES = [
    helper.make_node("Conv", ["image:0", "w", "net/bias"], ["y"], "net/Conv", auto_pad="SAME_UPPER", strides=[2, 2]),
    helper.make_node("Clip", ["y", "low", "high"], ["clipped"]),
    helper.make_node("GlobalAveragePool", ["clipped"], ["p"], "1 pool"),
    helper.make_node("Flatten", ["p"], ["classes"]),
]
WEIGHTS = {
    "w": np.full((3, 2, 3, 3), 0.5),
    "net/bias": np.array([1, 2, 3]),
    "low": np.zeros(()),
    "high": np.full((), 6),
    "unused": np.ones(5),
}

graph = helper.make_graph(
    NODES,
    "small",
    [helper.make_tensor_value_info("image:0", TensorProto.FLOAT, [1, 2, 4, 4])],
    [helper.make_tensor_value_info("classes", TensorProto.FLOAT, [1, 3])],
    [numpy_helper.from_array(value.astype(np.float32), name) for name, value in WEIGHTS.items()],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
