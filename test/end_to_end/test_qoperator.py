"""Models of operators on integers: equal to their twins of DequantizeLinear and QuantizeLinear, at every level.

And within a step of onnxruntime.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import ArrayLike
from onnx import helper
from support.networks import (
    Network,
    compile_network,
    equal_levels,
    errors_in_steps,
    onnxruntime_outputs,
    real_inputs,
    steps_from,
)

from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.ports import input_ports, to_stored

Parameters = tuple[float, int]
"""A scale and a zero point."""

MICROSOFT = "com.microsoft"
INPUT: Parameters = (0.02, 7)
CONTRIBUTED = ("QLinearConv", "QLinearMatMul")
"""All others are of the domain com.microsoft."""


class Integers(Network):
    """A network on integers of one type, of fused operators or of their parts."""

    def __init__(self, fused: bool, dtype: Any, shape: tuple[int, ...] = (1, 4, 6, 6)):
        super().__init__(shape, 1)
        self.fused, self.dtype = fused, dtype
        self.zero = 128 if dtype is np.uint8 else 0

    def parameters(self, parameters: Parameters) -> tuple[str, str]:
        """A scale and a zero point as initializers; zero points are those of int8."""
        scale, point = parameters
        return self.constant(np.float32(scale)), self.constant(self.dtype(point + self.zero))

    def quantize(self, value: str, parameters: Parameters) -> str:
        """The integers of reals."""
        return self.node("QuantizeLinear", value, *self.parameters(parameters))

    def dequantize(self, value: str, parameters: Parameters) -> str:
        """The reals of integers."""
        return self.node("DequantizeLinear", value, *self.parameters(parameters))

    def output(self, value: str, parameters: Parameters) -> str:
        """The reals of integers as an output."""
        return self.result(self.dequantize(value, parameters))

    def apply(
        self, operator: str, operands: list[tuple[str, Parameters]], result: Parameters, **attributes: Any
    ) -> str:
        """QLinearX of operands and their parameters, or X between DequantizeLinear and QuantizeLinear."""
        name = f"QLinear{operator}"
        if not self.fused:
            attributes.pop("opset", None)
            reals = [self.dequantize(value, parameters) for value, parameters in operands]
            return self.quantize(self.node(operator, *reals, **attributes), result)
        inputs = [name for value, parameters in operands for name in (value, *self.parameters(parameters))]
        inputs = [*self.parameters(result), *inputs] if operator == "Concat" else [*inputs, *self.parameters(result)]
        return self.node(name, *inputs, domain="" if name in CONTRIBUTED else MICROSOFT, **attributes)

    def layer(
        self,
        kind: str,
        x: str,
        shape: tuple[int, ...],
        scales: ArrayLike,
        axis: int,
        result: Parameters | None,
        **a: Any,
    ) -> str:
        """A layer with quantized weights; Gemm and Conv with a bias. Without a result's parameters it is real."""
        scales = np.asarray(scales, np.float32)
        weights = self.constant(self.random.integers(-127, 128, shape).astype(np.int8))
        factor = np.float32(a.get("alpha", 1.0))
        zeros = self.constant(np.zeros(scales.shape, np.int8))
        bias = self.constant(self.random.integers(-3000, 3000, shape[axis]).astype(np.int32))
        bias_scale = self.constant(np.broadcast_to(scales * factor * np.float32(INPUT[0]), shape[axis]))
        if not self.fused:
            a.pop("alpha", None)
            factored = self.constant(scales * factor)
            operands = [
                self.dequantize(x, INPUT),
                self.node("DequantizeLinear", weights, factored, zeros, axis=axis),
                self.node("DequantizeLinear", bias, bias_scale, axis=0),
            ]
            real = self.node(kind, *operands[: 2 if kind == "MatMul" else 3], **a)
            return real if result is None else self.quantize(real, result)
        inputs = [x, *self.parameters(INPUT), weights, self.constant(scales), zeros]
        quantized = () if result is None else self.parameters(result)
        if kind == "Gemm":
            return self.node("QGemm", *inputs, bias, *quantized, domain=MICROSOFT, **a)
        return self.node(f"QLinear{kind}", *inputs, *quantized, *([bias] if kind == "Conv" else []), **a)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "net", [self.input], self.outputs, self.constants)
        imports = [helper.make_opsetid("", 13), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def layers(net: Integers) -> None:
    """Convolutions and matrix products, one scale or one per channel."""
    x = net.quantize("x", INPUT)
    many = [0.003, 0.001, 0.002, 0.004, 0.0007, 0.002]
    for shape, scales, attributes in (
        ((6, 4, 3, 3), many, {"pads": [1, 1, 1, 1]}),
        ((6, 2, 3, 3), 0.002, {"group": 2, "strides": [2, 2]}),
        ((6, 4, 1, 1), many, {}),
    ):
        net.output(net.layer("Conv", x, shape, scales, 0, (0.05, 5), **attributes), (0.05, 5))
    flat = net.node("Flatten", x)
    net.output(net.layer("MatMul", flat, (144, 6), 0.002, 1, (0.05, 5)), (0.05, 5))
    net.output(net.layer("MatMul", flat, (144, 6), many, 1, (0.05, -5)), (0.05, -5))
    net.output(net.layer("Gemm", flat, (144, 6), many, 1, (0.05, 5), alpha=0.5), (0.05, 5))
    net.output(net.layer("Gemm", flat, (6, 144), many, 0, (0.05, 5), transB=1), (0.05, 5))
    real = net.layer("Gemm", flat, (6, 144), 0.002, 0, None, transB=1)
    net.output(net.quantize(net.node("Relu", real), (0.05, 5)), (0.05, 5))


def scalars(net: Integers) -> None:
    """Sums, products, tables, pools, means, concatenations."""
    x = net.quantize("x", INPUT)
    other = net.quantize(net.node("Relu", net.dequantize(x, INPUT)), (0.01, -128))
    pair = [(x, INPUT), (other, (0.01, -128))]
    constant = net.constant(net.random.integers(0, 100, (4, 1, 1)).astype(net.dtype))
    net.output(net.apply("Add", pair, (0.04, 1)), (0.04, 1))
    net.output(net.apply("Mul", pair, (0.03, -3)), (0.03, -3))
    net.output(net.apply("Add", [(x, INPUT), (constant, (0.03, -20))], (0.05, 1)), (0.05, 1))
    net.output(net.apply("Concat", [*pair, (x, INPUT)], (0.03, -2), axis=1), (0.03, -2))
    net.output(net.apply("Concat", [(x, INPUT)], (0.03, -2), axis=1), (0.03, -2))
    net.output(net.apply("Sigmoid", [(x, INPUT)], (1 / 256, -128)), (1 / 256, -128))
    net.output(net.apply("LeakyRelu", [(x, INPUT)], (0.018, -40), alpha=0.1), (0.018, -40))
    net.output(net.apply("GlobalAveragePool", [(x, INPUT)], (0.01, 2)), (0.01, 2))
    window = {"kernel_shape": [2, 3], "strides": [2, 1], "pads": [0, 1, 0, 1], "count_include_pad": 1}
    net.output(net.apply("AveragePool", [(x, INPUT)], (0.015, 2), **window), (0.015, 2))
    flat = net.node("Flatten", x)
    net.output(net.apply("Softmax", [(flat, INPUT)], (1 / 256, -128), axis=-1, opset=13), (1 / 256, -128))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("build", [layers, scalars])
def test_like_its_twin_and_onnxruntime(build: Any, dtype: Any, tmp_path: Path) -> None:
    fused, parts = Integers(True, dtype), Integers(False, dtype)
    build(fused)
    build(parts)
    rows = fused.rows(20) * 2
    for board in ("host", "uno"):
        compilation = compile_network(fused.model(), tmp_path, board=board)
        if board == "host":
            run = equal_levels(compilation, real_inputs(rows))
        else:
            run = FixedExecutor(compilation.fixed).run(to_stored(real_inputs(rows), input_ports(compilation.function)))
        twin = compile_network(parts.model(), tmp_path, board=board)
        expected = FixedExecutor(twin.fixed).run(to_stored(real_inputs(rows), input_ports(twin.function)))
        names = dict(zip(expected.outputs, run.outputs, strict=True))
        for name, other in names.items():
            assert np.array_equal(expected.outputs[name], run.outputs[other]), name
        far = steps_from(onnxruntime_outputs(fused.model(), rows), compilation, run)
        assert max(far.values()) <= (1.01 if board == "host" else 2.01), far


WIDE: Parameters = (0.0001, 40)


def test_functions_of_16_bits(tmp_path: Path) -> None:
    """QLinear operators on int16, which onnxruntime does not compute: within a step or two of the reals."""
    net = Integers(True, np.int16)
    x = net.quantize("x", WIDE)
    net.output(net.apply("Sigmoid", [(x, WIDE)], (2.0**-15, 0)), (2.0**-15, 0))
    net.output(net.apply("LeakyRelu", [(x, WIDE)], (0.00009, -40), alpha=0.1), (0.00009, -40))
    net.output(net.apply("Add", [(x, WIDE), (x, WIDE)], (0.0002, 1)), (0.0002, 1))
    net.output(net.apply("Mul", [(x, WIDE), (x, WIDE)], (0.0002, -3)), (0.0002, -3))
    rows = net.rows(20) * 2
    for board in ("host", "uno"):
        compilation = compile_network(net.model(), tmp_path, board=board)
        run = equal_levels(compilation, real_inputs(rows))
        errors = errors_in_steps(compilation, real_inputs(rows), run)
        assert max(errors.values()) <= (1.5 if board == "host" else 2.5), errors
