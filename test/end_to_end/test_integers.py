"""Operators on integers and truth values: what ONNX's reference evaluator says, at every level and in C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from support.networks import equal_levels

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.passes.fixed.calibrate import the_function
from tinyml_opt.passes.fixed.intervals.analysis import Analysis
from tinyml_opt.targets.dataset import load_dataset
from tinyml_opt.targets.ports import output_ports, to_real
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.compilation import Compilation, input_types
from tinyml_opt.tools.compiling.options import Options

Array = NDArray[Any]

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")

BOARDS = [*((dtype, "host") for dtype in TYPES), *((dtype, "mega2560") for dtype in ("int8", "uint32"))]
"""The AVR's code, run on this computer, has 16-bit loop counters."""


class Model:
    """A model of named inputs, whose every node is an output."""

    def __init__(self, **rows: Array):
        self.rows = rows
        """Each (rows, *shape)."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        name = name or f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    def proto(self) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape[1:])
            for name, x in self.rows.items()
        ]
        outputs = [helper.make_empty_tensor_value_info(node.output[0]) for node in self.nodes]
        graph = helper.make_graph(self.nodes, "net", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)

    def compiled(self, folder: Path, board: str = "host", bits: int = 8) -> Compilation:
        onnx.save(self.proto(), folder / "net.onnx")
        np.savez(folder / "net.npz", **self.rows)  # pyright: ignore[reportArgumentType]
        return compile_model(Options(folder / "net.onnx", board, folder / "net.npz", bits))

    def outputs(self, folder: Path, board: str = "host", bits: int = 8) -> dict[str, Array]:
        """The real outputs, once all levels gave the same integers and nothing is found to overflow."""
        compilation = self.compiled(folder, board, bits)
        data = load_dataset(folder / "net.npz", input_types(compilation.onnx))
        run = equal_levels(compilation, data)
        assert [str(finding) for finding in Analysis(the_function(compilation.fixed)).findings] == []
        return to_real(run.outputs, output_ports(compilation.function))

    def expected(self) -> dict[str, Array]:
        """What ONNX's reference evaluator says, row by row."""
        evaluator = ReferenceEvaluator(self.proto())
        count = len(next(iter(self.rows.values())))
        with np.errstate(all="ignore"):
            runs = [evaluator.run(None, {name: x[row] for name, x in self.rows.items()}) for row in range(count)]
        names = [node.output[0] for node in self.nodes]
        return {name: np.stack(values) for name, values in zip(names, zip(*runs, strict=True), strict=True)}


def edges(dtype: str) -> Array:
    """Numbers at the ends of a type, around 0, and a few others."""
    limits = np.iinfo(dtype)
    numbers = {limits.min, limits.min + 1, -7, -2, -1, 0, 1, 2, 3, 5, limits.bits - 1, limits.max // 2, limits.max - 1}
    return np.array(sorted(n for n in {*numbers, limits.max} if n >= limits.min), dtype)


def pairs(dtype: str) -> tuple[Array, Array]:
    """All pairs of edges, and a row of random numbers: (2, 1, n) each."""
    limits, numbers, random = np.iinfo(dtype), edges(dtype), np.random.default_rng(0)
    a, b = (m.reshape(1, -1) for m in np.meshgrid(numbers, numbers))
    others = [random.integers(limits.min, limits.max, a.shape, dtype, endpoint=True) for _ in range(2)]
    return np.stack([a, others[0]]), np.stack([b, others[1]])


@pytest.mark.parametrize(("dtype", "board"), BOARDS)
def test_arithmetic(dtype: str, board: str, tmp_path: Path):
    """Wrapping, exactly as numpy's."""
    a, b = pairs(dtype)
    model = Model(a=a, b=b)
    operators = ["Add", "Sub", "Mul", "Min", "Max", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]
    for op in [*operators, "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]:
        model.node(op, "a", "b", name=op.lower())
    model.node("BitwiseNot", "a")
    model.node("Abs", "a")
    model.node("Sign", "a")
    if not dtype.startswith("u"):
        model.node("Neg", "a")
        model.node("Relu", "a")
    model.node("Pow", "a", model.constant(np.array(3, dtype)))
    model.node("Pow", "a", model.constant(np.array(0, dtype)))
    model.node("Pow", "a", model.constant(np.arange(a.shape[-1], dtype=dtype) % np.array(7, dtype)))
    model.node("Clip", "a", model.constant(np.array(1, dtype)), model.constant(np.array(3, dtype)))
    model.node("Max", "a", "b", model.constant(np.array(4, dtype)))
    model.node("Mul", "a", model.constant(np.array([-3 if np.iinfo(dtype).min else 3], dtype)))
    model.node("Where", "less", "a", "b")
    model.node("Cast", "a", to=TensorProto.BOOL)
    for to in TYPES:
        model.node("Cast", "a", to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))
    actual, expected = model.outputs(tmp_path, board), model.expected()
    assert actual.keys() == expected.keys()
    for name, values in expected.items():
        assert actual[name].dtype == values.dtype
        np.testing.assert_array_equal(actual[name], values, name)


@pytest.mark.parametrize(("dtype", "board"), BOARDS)
def test_divisions(dtype: str, board: str, tmp_path: Path):
    """Towards zero, with rests of either sign; by all numbers but 0, and of 64 bits by constants alone."""
    a, b = pairs(dtype)
    b[b == 0] = 1
    model = Model(a=a, b=b)
    divisors = ["b"] if dtype != "int64" else []
    for number in (3, 7, 100) if np.iinfo(dtype).min == 0 else (3, -7, 100):
        divisors.append(model.constant(np.array(number, dtype)))
    for divisor in divisors:
        model.node("Div", "a", divisor)
        if dtype != "int64":
            model.node("Mod", "a", divisor)
            model.node("Mod", "a", divisor, fmod=1)
    actual = model.outputs(tmp_path, board)
    for node in model.nodes:
        by = {"a": a.astype(object), "b": b.astype(object)}
        by.update({c.name: numpy_helper.to_array(c).astype(object) for c in model.constants})
        x, y = by[node.input[0]], by[node.input[1]]
        quotient = abs(x) // abs(y) * np.where((x < 0) == (y < 0), 1, -1)
        rest = x - quotient * y
        if node.op_type == "Mod" and not node.attribute:
            rest = np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)
        expected = quotient if node.op_type == "Div" else rest
        modulus, low = 1 << np.iinfo(dtype).bits, int(np.iinfo(dtype).min)
        np.testing.assert_array_equal(actual[node.name].astype(object), (expected - low) % modulus + low, node.name)


def test_by_zero(tmp_path: Path):
    """Total, and the same everywhere: x / 0 is x, its rest 0."""
    model = Model(a=np.array([[-7, 0, 7]], np.int32), b=np.zeros((1, 3), np.int32))
    model.node("Div", "a", "b", name="div")
    model.node("Mod", "a", "b", name="mod")
    actual = model.outputs(tmp_path)
    np.testing.assert_array_equal(actual["div"], [[-7, 0, 7]])
    np.testing.assert_array_equal(actual["mod"], [[0, 0, 0]])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_shifts(dtype: str, tmp_path: Path):
    a, b = pairs(dtype)
    model = Model(a=a, b=b, c=b % np.array(np.iinfo(dtype).bits, dtype))
    for direction in ("LEFT", "RIGHT"):
        for amount in ("b", "c"):
            model.node("BitShift", "a", amount, direction=direction)
    actual = model.outputs(tmp_path)
    for name, values in model.expected().items():
        np.testing.assert_array_equal(actual[name], values, name)


def test_truth_values(tmp_path: Path):
    """All combinations; a caller's 0 and 1."""
    a = np.array([[[0, 0, 1, 1]]], np.bool_)
    model = Model(a=a, b=np.array([[[0], [1]]], np.bool_))
    for op in ("And", "Or", "Xor", "Equal"):
        model.node(op, "a", "b", name=op.lower())
    model.node("Not", "and")
    model.node("Where", "xor", "a", "b")
    for to in (TensorProto.INT64, TensorProto.UINT8, TensorProto.FLOAT):
        model.node("Cast", "or", to=to)
    actual = model.outputs(tmp_path)
    for name, values in model.expected().items():
        assert actual[name].dtype == values.dtype or values.dtype == np.float32
        np.testing.assert_array_equal(actual[name], values, name)


def test_moves(tmp_path: Path):
    """Whatever moves reals moves integers of every type."""
    random = np.random.default_rng(1)
    rows = {t: random.integers(np.iinfo(t).min, np.iinfo(t).max, (2, 1, 3, 4), t, endpoint=True) for t in TYPES}
    model = Model(**rows, bool=random.integers(0, 2, (2, 1, 3, 4)).astype(np.bool_))
    bounds = [model.constant(np.array(n)) for n in ([0, 1, 1], [1, 3, 4])]
    for name in model.rows:
        model.node("Transpose", name, perm=[0, 2, 1], name=f"{name}_transposed")
        model.node("Concat", name, model.constant(model.rows[name][0]), axis=1)
        model.node("Slice", name, *bounds)
        model.node("Reshape", f"{name}_transposed", model.constant(np.array([1, 12])))
    actual = model.outputs(tmp_path)
    for name, values in model.expected().items():
        assert actual[name].dtype == values.dtype
        np.testing.assert_array_equal(actual[name], values, name)


@pytest.mark.parametrize("bits", [8, 16])
def test_reals_and_integers(bits: int, tmp_path: Path):
    """Casts and comparisons of reals on the grid of what is compared or cut: right, and ties as ONNX has them."""
    x = np.round(np.random.default_rng(2).uniform(-4, 4, (4, 1, 40)) * 16).astype(np.float32) / 16
    model = Model(x=x, n=np.random.default_rng(3).integers(-100, 100, (4, 1, 40)).astype(np.int32))
    model.node("Cast", "x", to=TensorProto.INT32, name="whole")
    model.node("Cast", "x", to=TensorProto.BOOL)
    model.node("Cast", "whole", to=TensorProto.FLOAT, name="real")
    model.node("Cast", "n", to=TensorProto.FLOAT, name="of_n")
    for op in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
        model.node(op, "x", model.constant(np.array([0.25, -1, 2.5, 9], np.float32).repeat(10)))
        model.node(op, "x", "real")
        model.node(op, model.constant(np.array(1.5, np.float32)), "x")
    model.node("Where", "Cast_1", "x", model.constant(np.array(-0.5, np.float32)))
    model.node("IsNaN", "x")
    actual = model.outputs(tmp_path, bits=bits)
    for name, values in model.expected().items():
        np.testing.assert_allclose(
            actual[name], values, rtol=0, atol=0.05 if name.startswith("Where") else 0, err_msg=name
        )


@pytest.mark.parametrize(
    ("dtype", "rows", "reason"),
    [
        ("int32", np.zeros((1, 4), np.float32), "takes integers (int32), the data file has real numbers"),
        ("bool", np.zeros((1, 4), np.float64), "takes truth values (bool), the data file has real numbers"),
        ("bool", np.full((1, 4), 2, np.uint8), "takes integers in [0, 1], got [2, 2]"),
        ("int32", np.full((1, 4), 1 << 31, np.int64), "takes integers in [-2147483648, 2147483647]"),
    ],
)
def test_data_for_integers(dtype: str, rows: Array, reason: str, tmp_path: Path):
    model = Model(x=np.zeros((1, 4), dtype))
    model.node("Identity", "x")
    compilation = model.compiled(tmp_path)
    np.savez(tmp_path / "net.npz", x=rows)
    with pytest.raises(UserError) as caught:
        compile_model(Options(tmp_path / "net.onnx", "host", tmp_path / "net.npz"))
    assert reason in str(caught.value)
    assert compilation.name == "net"


@pytest.mark.parametrize("op", ["Div", "Mod"])
def test_what_64_bits_do_not_hold(op: str, tmp_path: Path):
    model = Model(a=np.ones((1, 4), np.int64), b=np.ones((1, 4), np.int64))
    model.node(op, "a", "b", name="it")
    with pytest.raises(UserError, match=r"'it': `(div|mod)` of any i64 may need more than 64 bits; put a Cast"):
        model.compiled(tmp_path)


@pytest.mark.parametrize("points", [1, 3])
def test_products_of_integers(points: int, tmp_path: Path):
    """ConvInteger and MatMulInteger are exact as integers, and a layer where a factor makes reals of them."""
    random = np.random.default_rng(4)
    x = random.integers(0, 256, (6, 1, 2, 5, 5)).astype(np.uint8)
    model = Model(x=x)
    zero = model.constant(np.array(100, np.uint8))
    w = model.constant(random.integers(-128, 128, (3, 2, 3, 3)).astype(np.int8))
    conv = model.node("ConvInteger", "x", w, zero, model.constant(np.array(7, np.int8)), pads=[1, 1, 1, 1], name="conv")
    flat = model.node("Reshape", "x", model.constant(np.array([5, 10])), name="flat")
    v = model.constant(random.integers(0, 256, (10, 3)).astype(np.uint8))
    of_weights = model.constant(np.array([3, 250, 128][:points], np.uint8))
    product = model.node("MatMulInteger", flat, v, zero, of_weights, name="product")
    for name, value in (("conv_real", conv), ("product_real", product)):
        real = model.node("Cast", value, to=TensorProto.FLOAT, name=f"{name}_cast")
        model.node("Mul", real, model.constant(np.array(1e-3, np.float32)), name=name)
    actual, expected = model.outputs(tmp_path, bits=16), model.expected()
    for name in ("conv", "product"):
        assert actual[name].dtype == expected[name].dtype
        np.testing.assert_array_equal(actual[name], expected[name], name)
    for name in ("conv_real", "product_real"):
        np.testing.assert_allclose(actual[name], expected[name], rtol=0, atol=np.ptp(expected[name]) * 2e-4)
