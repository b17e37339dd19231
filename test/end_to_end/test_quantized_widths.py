"""Quantized models with weights of 4 bits and activations of 16: within two steps of onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike
from onnx import TensorProto, helper
from support.networks import (
    Network,
    compile_network,
    equal_levels,
    onnxruntime_outputs,
    real_inputs,
    steps_from,
)

from tinyml_opt.targets.dataset import Dataset

INT4, UINT4, INT8, UINT8 = TensorProto.INT4, TensorProto.UINT4, TensorProto.INT8, TensorProto.UINT8
INT16, UINT16, INT32 = TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32

LIMITS: dict[int, tuple[int, int]] = {
    INT4: (-8, 7),
    UINT4: (0, 15),
    INT8: (-128, 127),
    UINT8: (0, 255),
    INT16: (-32768, 32767),
    UINT16: (0, 65535),
}


class Typed(Network):
    """A network with integers of stated ONNX types."""

    def integers(self, values: ArrayLike, type: int) -> str:
        """An initializer of a type that numpy need not have."""
        array, name = np.asarray(values), f"t{len(self.constants)}"
        self.constants.append(helper.make_tensor(name, type, array.shape, array.reshape(-1).tolist()))
        return name

    def requantized(self, value: str, scale: float, zero_point: int, type: int) -> str:
        """The reals of a value's integers."""
        parameters = self.constant(np.float32(scale)), self.integers(zero_point, type)
        return self.node("DequantizeLinear", self.node("QuantizeLinear", value, *parameters), *parameters)

    def reals(self, shape: tuple[int, ...], scales: ArrayLike, type: int, axis: int, reach: int = 0) -> str:
        """Random integers of a type, at most `reach` from 0, with a scale each along an axis."""
        low, high = (-reach, reach) if reach else LIMITS[type]
        zero_points = np.full(np.shape(scales), (low + high + 1) // 2)
        parameters = self.constant(np.asarray(scales, np.float32)), self.integers(zero_points, type)
        integers = self.integers(self.random.integers(low, high + 1, shape), type)
        return self.node("DequantizeLinear", integers, *parameters, axis=axis)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "net", [self.input], self.outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def network(weights: int, activations: int, step: float) -> Typed:
    """A convolution and a classifier; two softmaxes of it with the finest scale."""
    net = Typed((1, 4, 6, 6))
    low, high = LIMITS[activations]
    middle = (low + high) // 2
    x = net.requantized("x", step, middle, activations)
    unit = 0.8 / LIMITS[weights][1]
    scales = unit * np.linspace(0.513, 1.517, 5)
    weight = net.reals((5, 4, 3, 3), scales, weights, 0)
    bias = net.reals((5,), scales.astype(np.float32) * np.float32(step), INT32, 0, 20)
    hidden = net.node("Relu", net.node("Conv", x, weight, bias, pads=[1] * 4))
    hidden = net.result(net.requantized(hidden, step * 1.1317, middle, activations))
    flat = net.node("Flatten", hidden)
    dense = net.node("MatMul", flat, net.reals((180, 6), unit * np.linspace(0.5, 1.5, 6), weights, 1))
    dense = net.result(net.requantized(dense, step * 2.7, middle, activations))
    for axis in (1, -1):
        probability = net.node("Softmax", dense, axis=axis)
        net.result(net.requantized(probability, 1 / (high - low), low, activations))
    return net


@pytest.mark.parametrize(
    ("weights", "activations"),
    [(INT4, INT8), (UINT4, UINT8), (INT8, INT16), (UINT8, UINT16), (INT4, INT16)],
)
def test_like_onnxruntime(weights: int, activations: int, tmp_path: Path) -> None:
    narrow = activations in (INT8, UINT8)
    net = network(weights, activations, 0.0511 if narrow else 0.0004)
    rows = net.rows(20)
    compilation = compile_network(net.model(), tmp_path)
    run = equal_levels(compilation, real_inputs(rows))
    far = steps_from(onnxruntime_outputs(net.model(), rows), compilation, run)
    assert max(far.values()) <= (1.01 if narrow else 2.01), far


@pytest.mark.parametrize(("type", "dtype"), [(INT16, np.int16), (UINT16, np.uint16)])
def test_an_input_of_16_bits(type: int, dtype: type, tmp_path: Path) -> None:
    net = Typed((1, 8))
    net.input = helper.make_tensor_value_info("x", type, [1, 8])
    parameters = net.constant(np.float32(0.0003)), net.integers(sum(LIMITS[type]) // 2, type)
    real = net.node("DequantizeLinear", "x", *parameters)
    net.result(net.requantized(net.node("Relu", real), 0.00032, 5, type))
    rows = net.random.integers(*LIMITS[type], (10, 1, 8)).astype(dtype)
    compilation = compile_network(net.model(), tmp_path)
    run = equal_levels(compilation, Dataset({"x": rows}, {"x": True}, None))
    assert max(steps_from(onnxruntime_outputs(net.model(), rows), compilation, run).values()) <= 1.01


def test_activations_of_4_bits(tmp_path: Path) -> None:
    """C stores them in 8 bits, saturated at 4."""
    net = Typed((1, 8))
    net.result(net.requantized("x", 0.5, 1, INT4))
    rows = net.rows(20) * np.float32(5)
    compilation = compile_network(net.model(), tmp_path)
    run = equal_levels(compilation, real_inputs(rows))
    (integers,) = run.outputs.values()
    assert integers.dtype == np.int8 and (integers.min(), integers.max()) == (-8, 7)
    assert max(steps_from(onnxruntime_outputs(net.model(), rows), compilation, run).values()) <= 1.01
