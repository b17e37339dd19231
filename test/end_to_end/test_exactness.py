"""Every integer of a quantized model is that of exact arithmetic where products have 64 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from support.networks import compile_network, equal_levels, real_inputs

from tinyml_opt.tools.verifying.lowered import LoweredModel
from tinyml_opt.tools.verifying.node_wise import node_wise

CHANNELS, INPUTS = 48, 64
RANDOM = np.random.default_rng(0)


def layer() -> onnx.ModelProto:
    """A product whose channels' scales are far apart; its bias has the float32 nearest to that of the sums."""
    weights = RANDOM.integers(-127, 128, (CHANNELS, INPUTS)).astype(np.int8)
    x_scale = np.float32(0.0237)
    scales = np.geomspace(1e-6, 4e-4, CHANNELS).astype(np.float32)
    bias = np.rint(RANDOM.uniform(-3, 3, CHANNELS) / (x_scale * scales)).astype(np.int32)
    arrays = {
        "xs": x_scale,
        "xz": np.int8(-3),
        "w": weights,
        "ws": scales,
        "b": bias,
        "bs": x_scale * scales,
        "ys": np.float32(0.03111),
        "yz": np.int8(5),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "ws"], ["wd"], axis=0),
        helper.make_node("DequantizeLinear", ["b", "bs"], ["bd"], axis=0),
        helper.make_node("Gemm", ["xd", "wd", "bd"], ["g"], transB=1),
        helper.make_node("QuantizeLinear", ["g", "ys", "yz"], ["gq"]),
        helper.make_node("DequantizeLinear", ["gq", "ys", "yz"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, INPUTS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, CHANNELS])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_scales_that_are_far_apart(tmp_path: Path) -> None:
    compilation = compile_network(layer(), tmp_path)
    assert "arith.shli" in str(compilation.fixed)
    data = real_inputs(RANDOM.uniform(-3, 3, (500, 1, INPUTS)).astype(np.float32))
    equal_levels(compilation, data)
    assert sum(node.unequal for node in node_wise(LoweredModel(compilation), data, 500)) == 0
    uno = compile_network(layer(), tmp_path, board="uno")
    assert "arith.shli" not in str(uno.fixed)
