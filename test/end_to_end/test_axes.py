"""What runs along axes: reductions, normalizations, products of computed tensors; the same integers at every level."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from support.networks import (
    Network,
    compile_network,
    equal_levels,
    on_grid,
    onnxruntime_outputs,
    real_inputs,
    steps_from,
)

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.passes.fixed.intervals.analysis import Analysis
from tinyml_opt.targets.dataset import Dataset
from tinyml_opt.targets.executors.interface import Run
from tinyml_opt.targets.ports import output_ports, to_real
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs

ROWS = 6
SHAPE = (1, 4, 6, 5)


class Newer(Network):
    """A model of opset 22, in which all of these operators are."""

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "net", [self.input], self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def reductions() -> Network:
    """Every reduction over the last, the first, and several dimensions."""
    net = Newer(SHAPE, 11)
    for kind in ("L1", "L2", "LogSumExp", "Max", "Mean", "Min", "Sum", "SumSquare"):
        for axes, keepdims in (([3], 1), ([1], 0), ([2, 3], 0), ([0, 1, 2, 3], 1)):
            name = f"{kind}_{''.join(map(str, axes))}".lower()
            axes_name = net.constant(np.array(axes))
            net.result(net.node(f"Reduce{kind}", "x", axes_name, name=name, keepdims=keepdims))
    positive = net.node("Add", net.node("Relu", "x"), net.constant(np.float32(0.25)))
    net.result(net.node("ReduceLogSum", positive, net.constant(np.array([1, 2])), name="log_sum"))
    return net


def products_of_elements() -> Network:
    """ReduceProd: several roundings one after the other."""
    net = Newer(SHAPE, 12)
    net.result(net.node("ReduceProd", "x", net.constant(np.array([1])), name="prod"))
    net.result(net.node("ReduceProd", "x", net.constant(np.array([3])), name="prod_of_five", keepdims=0))
    return net


def along_axes() -> Network:
    """Indices of extremes, sums up to each element, softmax and its relatives."""
    net = Newer(SHAPE, 13)
    for axis in (1, 2, 3):
        for kind in ("ArgMax", "ArgMin"):
            for last in (0, 1):
                name = f"{kind.lower()}_{axis}_{last}"
                node = net.node(kind, "x", name=name, axis=axis, select_last_index=last, keepdims=last)
                net.result(node, TensorProto.INT64)
        for kind in ("Softmax", "LogSoftmax", "Hardmax"):
            net.result(net.node(kind, "x", name=f"{kind.lower()}_{axis}", axis=axis))
        for exclusive in (0, 1):
            for reverse in (0, 1):
                name = f"cumsum_{axis}_{exclusive}{reverse}"
                index = net.constant(np.array(axis))
                net.result(net.node("CumSum", "x", index, name=name, exclusive=exclusive, reverse=reverse))
    one = net.constant(np.array([1]))
    for largest in (0, 1):
        values, indices = f"values_{largest}", f"indices_{largest}"
        net.nodes.append(helper.make_node("TopK", ["x", one], [values, indices], values, axis=1, largest=largest))
        net.result(values)
        net.result(indices, TensorProto.INT64)
    return net


def matrices() -> Network:
    """Products of computed tensors of any rank."""
    net = Newer(SHAPE, 14)
    swapped = net.node("Transpose", "x", perm=[0, 1, 3, 2])
    net.result(net.node("MatMul", "x", swapped, name="scores"))
    net.result(net.node("MatMul", swapped, net.node("Relu", "x"), name="other"))
    batched = net.node("Reshape", "x", net.constant(np.array([4, 6, 5])))
    net.result(net.node("MatMul", batched, net.weight(4, 5, 3), name="by_constants"))
    net.result(net.node("MatMul", net.weight(2, 1, 3, 6), batched, name="constants_by"))
    row = net.node("ReduceMax", "x", net.constant(np.array([0, 1, 2])), keepdims=0)
    net.result(net.node("MatMul", batched, row, name="vector"))
    net.result(net.node("MatMul", row, row, name="dot"))
    flat = net.node("Reshape", "x", net.constant(np.array([6, 20])))
    net.result(net.node("Gemm", flat, flat, name="gram", transA=1))
    net.result(net.node("Gemm", flat, flat, name="gram_b", transB=1))
    return net


def normalizations() -> Network:
    """All of them, with long and short rows, scales and biases, the decomposed form of none."""
    net = Newer(SHAPE, 15)
    for axis, shape in ((-1, (5,)), (2, (6, 5)), (1, (4, 6, 5))):
        scale, bias = net.bias(*shape), net.bias(*shape)
        net.result(net.node("LayerNormalization", "x", scale, bias, name=f"layer_{axis}".replace("-", "m"), axis=axis))
        net.result(net.node("RMSNormalization", "x", scale, name=f"rms_{axis}".replace("-", "m"), axis=axis))
    net.result(net.node("LayerNormalization", "x", net.constant(np.float32(1.5)), name="unbiased", epsilon=0.1))
    net.result(net.node("InstanceNormalization", "x", net.bias(4), net.bias(4), name="instance"))
    net.result(net.node("GroupNormalization", "x", net.bias(4), net.bias(4), name="group", num_groups=2))
    net.result(net.node("MeanVarianceNormalization", "x", name="mean_variance", axes=[0, 2, 3]))
    for p in (1, 2):
        for axis in (1, 3):
            net.result(net.node("LpNormalization", "x", name=f"l{p}_{axis}", axis=axis, p=p))
    net.result(net.node("LRN", "x", name="lrn", size=3))
    net.result(net.node("LRN", "x", name="lrn_even", size=4, alpha=2.0, beta=0.5, bias=0.25))
    net.result(net.node("LRN", "x", name="lrn_wide", size=9, alpha=1.0, beta=0.75, bias=2.0))
    return net


def composed() -> Network:
    """Products by Einsum and Attention."""
    net = Newer(SHAPE, 16)
    net.result(net.node("Einsum", "x", "x", name="scores", equation="bhid,bhjd->bhij"))
    net.result(net.node("Einsum", "x", "x", name="elementwise", equation="bhid,bhid->bdih"))
    net.result(net.node("Einsum", "x", name="sums", equation="...ij->...j"))
    net.result(net.node("Einsum", "x", net.weight(3, 5), name="by_constants", equation="bhid,od->biho"))
    return net


def masked() -> Network:
    """Attention that looks back only, by a mask of truth values, and by one of numbers of which some leave out."""
    net = Newer(SHAPE, 18)
    net.result(net.node("Attention", "x", "x", "x", name="causal", is_causal=1))
    kept = np.tri(6, 6, 1, np.bool_) & (np.arange(6) != 1)
    net.result(net.node("Attention", "x", "x", "x", net.constant(kept), name="chosen", scale=0.25))
    added = np.where(kept, 0.5 * np.eye(6), -30000).astype(np.float32)
    net.result(net.node("Attention", "x", "x", "x", net.constant(added), name="added", is_causal=1))
    return net


def attention_block(net: Network) -> str:
    """Queries, keys and values of 2 heads, their products and softmax, and a sum."""
    x = net.node("Reshape", "x", net.constant(np.array([1, 12, 10])))

    def heads(perm: list[int]) -> str:
        value = net.node("Add", net.node("MatMul", x, net.weight(10, 8, axis=1)), net.bias(8))
        split = net.node("Reshape", value, net.constant(np.array([1, 12, 2, 4])))
        return net.node("Transpose", split, perm=perm)

    q, k, v = heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])
    scores = net.node("Mul", net.node("MatMul", q, k), net.constant(np.float32(0.5)))
    mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), v)
    joined = net.node("Reshape", net.node("Transpose", mixed, perm=[0, 2, 1, 3]), net.constant(np.array([1, 12, 8])))
    return net.node("Add", x, net.node("MatMul", joined, net.weight(8, 10, axis=1)))


def decomposed_normalization(net: Network, x: str, size: int) -> str:
    """LayerNormalization as PyTorch exports it below opset 17."""
    axes = net.constant(np.array([-1]))
    centred = net.node("Sub", x, net.node("ReduceMean", x, axes))
    square = net.node("Pow", centred, net.constant(np.float32(2)))
    variance = net.node("Add", net.node("ReduceMean", square, axes), net.constant(np.float32(1e-5)))
    normal = net.node("Div", centred, net.node("Sqrt", variance))
    return net.node("Add", net.node("Mul", normal, net.bias(size)), net.bias(size))


def transformer() -> Network:
    """An attention block with a decomposed normalization behind it."""
    net = Newer((1, 12, 10), 17)
    net.result(decomposed_normalization(net, attention_block(net), 10))
    return net


GROUPS: tuple[Callable[[], Network], ...] = (
    reductions,
    products_of_elements,
    along_axes,
    matrices,
    normalizations,
    composed,
    masked,
)

STEPS = {"host": {8: 1.0, 16: 2.0}, "mega2560": {8: 1.0, 16: 8.0}}
"""How far an operator may be from the float model, in units of its output's scale, by the width of values."""

LAYERS: dict[Callable[[], Network], float] = {products_of_elements: 3, masked: 2}
"""How many times a model rounds one after the other, where it is more than once."""


def distances(compilation: Compilation, data: Dataset, run: Run) -> dict[str, float]:
    """Per output, the greatest distance from the float model in steps, where its type reaches."""
    ports = output_ports(compilation.function)
    floats, reals, result = float_outputs(compilation, data), to_real(run.outputs, ports), dict[str, float]()
    for port in ports:
        name, element = port.label.data, port.element
        expected, step = floats[name].astype(np.float64), 1.0
        if isinstance(element, QType):
            low, high = ((limit - element.zp) * element.scale for limit in element.limits)
            expected, step = np.clip(expected, low, high), element.scale
        result[name] = float(np.abs(reals[name] - expected).max() / step)
    return result


@pytest.mark.parametrize(("bits", "board"), [(8, "host"), (16, "mega2560")])
@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.__name__)
def test_operators(group: Callable[[], Network], bits: int, board: str, tmp_path: Path):
    net = group()
    rows = net.rows(ROWS)
    compilation = compile_network(net.model(), tmp_path, rows, board, bits)
    data = on_grid(compilation, rows * np.float32(0.9))
    errors = distances(compilation, data, equal_levels(compilation, data))
    allowed = STEPS[board][bits] * LAYERS.get(group, 1)
    assert {name: error for name, error in errors.items() if not error < allowed} == {}
    assert len(errors) == len(net.outputs)
    assert Analysis(the_function(compilation.fixed)).findings == []


def test_masks_leave_out_what_onnx_leaves_out(tmp_path: Path):
    """The float model is ONNX's; a row of which nothing is left is 0."""
    model, rows = masked().model(), masked().rows(3)
    compilation = compile_network(model, tmp_path, rows)
    ours = float_outputs(compilation, real_inputs(rows))
    evaluator = ReferenceEvaluator(model)
    names = [output.name for output in model.graph.output]
    for number, row in enumerate(rows):
        outputs: Any = evaluator.run(None, {"x": row})
        for name, expected in zip(names, outputs, strict=True):
            np.testing.assert_allclose(ours[name][number], expected, atol=1e-5)


@pytest.mark.parametrize(("bits", "least"), [(8, 20.0), (16, 60.0)])
def test_transformer(bits: int, least: float, tmp_path: Path):
    """Many roundings one after the other: judged by the ratio of signal to noise, in dB."""
    net = transformer()
    rows = net.rows(ROWS)
    compilation = compile_network(net.model(), tmp_path, rows, "host", bits)
    data = real_inputs(rows)
    run = equal_levels(compilation, data)
    (expected,) = float_outputs(compilation, data).values()
    (actual,) = to_real(run.outputs, output_ports(compilation.function)).values()
    noise = np.square(actual - expected).mean()
    assert 10 * np.log10(np.square(expected).mean() / noise) > least
    assert Analysis(the_function(compilation.fixed)).findings == []


def through_integers(net: Network, value: str, scale: float, zero_point: np.integer[Any]) -> str:
    """A value quantized and read again."""
    parameters = net.constant(np.float32(scale)), net.constant(zero_point)
    return net.node("DequantizeLinear", net.node("QuantizeLinear", value, *parameters), *parameters)


@pytest.mark.parametrize("board", ["host", "mega2560"])
def test_quantized_product(board: str, tmp_path: Path):
    """Both operands are computed and have a zero point: within a step of onnxruntime.

    Products of 32 bits may be a quarter of a step off, which makes a step of the product, two of the softmax.
    """
    net = Newer((1, 2, 5, 7), 18)
    x = through_integers(net, "x", 0.01, np.int8(-20))
    y = through_integers(net, net.node("Transpose", net.node("Abs", x), perm=[0, 1, 3, 2]), 0.005, np.uint8(13))
    product = net.node("MatMul", x, y)
    weights = net.node("Softmax", through_integers(net, product, 0.03, np.int8(7)), axis=-1)
    net.result(through_integers(net, weights, 1 / 255, np.uint8(0)))
    model, rows = net.model(), net.rows(ROWS)
    compilation = compile_network(model, tmp_path, None, board)
    run = equal_levels(compilation, real_inputs(rows))
    (steps,) = steps_from(onnxruntime_outputs(model, rows), compilation, run).values()
    assert steps < (1.01 if board == "host" else 2.01)
