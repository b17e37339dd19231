"""Models as exporters write them: constants that are computed, symbolic sizes, unsorted nodes, other real types."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from support.onnx_models import model, node

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.lowering.import_onnx.importer import import_onnx, read_model
from tinyml_opt.lowering.import_onnx.sizes import Sizes
from tinyml_opt.targets.executors.onnx import OnnxExecutor

F4 = np.float32
make = helper.make_node
RELU = node("Relu", "x")


def same_as_reference(proto: onnx.ModelProto, shape: tuple[int, ...], dtype: Any = F4) -> set[str]:
    """Compare with ONNX's reference; returns the kinds of the module's ops."""
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    (expected,) = ReferenceEvaluator(proto).run(None, {"x": x})
    module = import_onnx(proto.SerializeToString())
    (result,) = OnnxExecutor(module).run({"x": x.astype(F4)[np.newaxis]}).outputs.values()
    tolerance = 2e-2 if dtype == np.float16 else 1e-5
    np.testing.assert_allclose(result[0].astype(float), np.asarray(expected, float), rtol=tolerance, atol=tolerance)
    return {type(op).__name__ for op in module.walk() if isinstance(op, dialect.OnnxOp)}


VIEWS = {
    "gathered": [
        make("Shape", ["x"], ["s"]),
        make("Gather", ["s", "zero"], ["g"]),
        make("Unsqueeze", ["g", "axes"], ["u"]),
        make("Concat", ["u", "rest"], ["t"], axis=0),
    ],
    "sliced": [
        make("Shape", ["x"], ["s"]),
        make("Slice", ["s", "axes", "one"], ["u"]),
        make("Concat", ["u", "rest"], ["t"], axis=0),
    ],
    "multiplied": [
        make("Shape", ["x"], ["s"], start=1),
        make("Cast", ["s"], ["f"], to=TensorProto.FLOAT),
        make("ReduceProd", ["f"], ["p"], keepdims=1),
        make("Sqrt", ["p"], ["q"]),
        make("Mul", ["q", "q"], ["pp"]),
        make("Round", ["pp"], ["r"]),
        make("Cast", ["r"], ["c"], to=TensorProto.INT64),
        make("Concat", ["rest", "c"], ["t"], axis=0),
    ],
    "masked": [
        make("Shape", ["x"], ["s"]),
        make("ConstantOfShape", ["two"], ["ones"], value=numpy_helper.from_array(np.array([1]))),
        make("Slice", ["s", "axes", "two"], ["b"]),
        make("Equal", ["b", "ones"], ["e"]),
        make("Where", ["e", "ones", "rest2"], ["t"]),
    ],
    "sized": [make("Size", ["x"], ["n"]), make("Range", ["n", "more", "n"], ["r"]), make("Neg", ["r"], ["m"])]
    + [make("Div", ["m", "n"], ["d"]), make("Concat", ["one", "d"], ["t"], axis=0)],
}
CONSTANTS: dict[str, Any] = {
    "zero": np.array(0),
    "axes": np.array([0]),
    "one": np.array([1]),
    "two": np.array([2]),
    "rest": np.array([-1]),
    "rest2": np.array([-1, -1]),
    "more": np.array(13),
}


@pytest.mark.parametrize("case", VIEWS)
def test_computed_shape(case: str) -> None:
    """Arithmetic of shapes leaves a Reshape alone."""
    proto = model([*VIEWS[case], node("Reshape", "x", "t")], CONSTANTS, (1, 3, 4))
    assert same_as_reference(proto, (1, 3, 4)) == {"ReshapeOp"}


def test_computed_weights() -> None:
    """A positional encoding, whatever made it."""
    nodes = [
        make("Range", ["a", "n", "st"], ["r"]),
        make("Cast", ["r"], ["rf"], to=1),
        make("Sin", ["rf"], ["si"]),
        make("Unsqueeze", ["si", "ax"], ["u"]),
        make("Shape", ["x"], ["s"]),
        make("Expand", ["u", "s"], ["pe"]),
        node("Add", "x", "pe"),
    ]
    weights = {"a": np.array(0), "n": np.array(6), "st": np.array(1), "ax": np.array([0, 2])}
    assert same_as_reference(model(nodes, weights, (1, 6, 4)), (1, 6, 4)) == {"ConstantOp", "AddOp"}


BOMBS = {
    "Range": (make("Range", ["zero", "giant", "one0"], ["t"]), "elements"),
    "Range without a step": (make("Range", ["zero", "giant", "zero"], ["t"]), "there is no range"),
    "Expand": (make("Expand", ["zero", "shape"], ["t"]), "elements"),
    "Tile": (make("Tile", ["one", "repeats"], ["t"]), "elements"),
    "Gather": (make("Gather", ["wide", "many"], ["t"], axis=0), "elements"),
    "ConstantOfShape": (
        make("ConstantOfShape", ["shape"], ["t"], value=numpy_helper.from_array(np.array([True]))),
        "elements",
    ),
    "no numbers": (make("Concat", ["zero", "one"], ["t"], axis=0), "cannot be computed from its constants|dimensions"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_results_are_bounded_before_they_are_computed(case: str) -> None:
    bomb, expected = BOMBS[case]
    weights = CONSTANTS | {"giant": np.array(1 << 40), "one0": np.array(1), "shape": np.array([1 << 20, 1 << 10])}
    weights |= {"repeats": np.array([1 << 40]), "wide": np.zeros((2, 40000), np.int64), "many": np.zeros(5000, int)}
    with pytest.raises(UserError, match=expected):
        import_onnx(model([bomb, node("Reshape", "x", "t")], weights).SerializeToString())


def test_at_run_time() -> None:
    """What follows is named as well, but not what depends on shapes only."""
    nodes = [
        make("Unique", ["x"], ["a"], "e"),
        make("NonZero", ["a"], ["b"], "f"),
        make("Shape", ["b"], ["s"], "g"),
    ]
    nodes += [make("Gather", ["s", "zero"], ["i"], "h"), make("Reshape", ["b", "i"], ["y"], "k")]
    with pytest.raises(UserError) as caught:
        import_onnx(model(nodes, CONSTANTS).SerializeToString())
    header, *reasons = caught.value.reasons
    assert header == "2 operators stand between the model and its C: Unique, NonZero"
    assert [reason.split(":")[0] for reason in reasons] == ["Unique 'e'", "NonZero 'f'"]


def test_refusals_of_one_kind_are_one_line() -> None:
    nodes = [make("Det", ["x"], [f"o{i}"], f"e{i}") for i in range(5)]
    with pytest.raises(UserError) as caught:
        import_onnx(model([*nodes, RELU]).SerializeToString())
    assert caught.value.reasons[0] == "1 operator stands between the model and its C: Det"
    assert caught.value.reasons[1].endswith(", 5 nodes: e0, e1, e2, ...")


@pytest.mark.parametrize("batch", ["N", "unk__68", "batch", "?", "", -1, 0])
def test_symbolic_batch(batch: str | int) -> None:
    proto = model([RELU], shape=("N", 4))
    dim = proto.graph.input[0].type.tensor_type.shape.dim[0]
    dim.ClearField("dim_param")
    if isinstance(batch, int):
        dim.dim_value = batch
    elif batch:
        dim.dim_param = batch
    imported = read_model(proto.SerializeToString())
    assert "tensor<1x4xf32>" in str(imported.module)
    assert imported.remarks == (
        f"input 'x': the batch, the first dimension of [{batch if batch and isinstance(batch, str) else '?'},4], is "
        "taken as 1",
    )


@pytest.mark.parametrize(
    ("shape", "sizes", "expected"),
    [
        (("N", "T", 4), Sizes(dims={"T": 7}), "1x7x4"),
        (("N", "T", 4), Sizes(dims={"T": 7, "N": 2}), "2x7x4"),
        (("N", "N", 4), Sizes(), "1x1x4"),
        (("N", "?", 4), Sizes(shapes={"x": (3, 5, 4)}), "3x5x4"),
        ((8, 3, 4), Sizes(batch=1), "1x3x4"),
        (("N", 3, 4), Sizes(batch=2), "2x3x4"),
    ],
)
def test_sizes(shape: tuple[int | str, ...], sizes: Sizes, expected: str) -> None:
    imported = read_model(model([RELU], shape=shape).SerializeToString(), sizes=sizes)
    assert f"tensor<{expected}xf32>" in str(imported.module)
    assert bool(imported.remarks) == (sizes.batch is None and "N" not in sizes.dims and not sizes.shapes)


def test_sizes_of_nothing() -> None:
    with pytest.raises(UserError, match="dimension 'M': no input of the model has one of that name; it has 'N'"):
        import_onnx(model([RELU], shape=("N", 4)).SerializeToString(), sizes=Sizes(dims={"M": 1}))


CHAIN = [make("Relu", ["x"], ["a"]), make("Tanh", ["a"], ["b"]), make("Sigmoid", ["b"], ["c"]), node("Add", "c", "a")]


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 0, 3, 2], [2, 0, 3, 1]])
def test_unsorted_nodes(order: list[int]) -> None:
    proto = model([CHAIN[index] for index in order])
    assert str(import_onnx(proto.SerializeToString())) == str(import_onnx(model(CHAIN).SerializeToString()))


def test_cycle() -> None:
    nodes = [
        make("Add", ["x", "c"], ["a"], "one"),
        make("Relu", ["a"], ["b"], "two"),
        make("Relu", ["b"], ["c"], "three"),
    ]
    with pytest.raises(UserError) as caught:
        import_onnx(model([*nodes, node("Relu", "c")]).SerializeToString())
    assert caught.value.reasons == (
        "3 nodes need each other's results ('two', 'three', 'one'); export the model again",
    )


@pytest.mark.parametrize(("element", "dtype"), [(TensorProto.FLOAT16, np.float16), (TensorProto.DOUBLE, np.float64)])
def test_other_reals(element: int, dtype: Any) -> None:
    weights = {"w": np.random.default_rng(1).standard_normal((4, 3)).astype(dtype)}
    nodes = [make("MatMul", ["x", "w"], ["t"]), make("Cast", ["t"], ["c"], to=1), node("Relu", "c")]
    proto = model(nodes, weights, element=element)
    same_as_reference(proto, (1, 4), dtype)
    (remark,) = read_model(proto.SerializeToString()).remarks
    assert remark.endswith("is taken as float32: 1 inputs, 1 weights")


def test_bfloat16() -> None:
    proto = model([node("Add", "x", "w")], element=TensorProto.BFLOAT16)
    proto.graph.initializer.append(helper.make_tensor("w", TensorProto.BFLOAT16, [4], [1.0, 2.0, -3.0, 0.5]))
    (result,) = (
        OnnxExecutor(import_onnx(proto.SerializeToString())).run({"x": np.zeros((1, 1, 4), F4)}).outputs.values()
    )
    np.testing.assert_array_equal(result[0, 0], [1, 2, -3, 0.5])


@pytest.mark.parametrize(
    ("shape", "weights", "is_left"),
    [
        ((1, 7, 4), (4, 3), False),
        ((1, 2, 5, 4), (1, 1, 4, 3), False),
        ((4,), (4, 3), False),
        ((1, 7, 4), (4,), False),
        ((3, 4), (1, 4, 2), False),
        ((1, 4, 6), (3, 4), True),
        ((4, 6), (1, 3, 4), True),
    ],
)
def test_products_of_any_rank(shape: tuple[int, ...], weights: tuple[int, ...], is_left: bool) -> None:
    operands = ("w", "x") if is_left else ("x", "w")
    values = {"w": np.random.default_rng(1).standard_normal(weights).astype(F4)}
    kinds = same_as_reference(model([node("MatMul", *operands)], values, shape), shape)
    assert kinds <= {"ConstantOp", "ReshapeOp", "TransposeOp", "MatMulOp"}


def test_weights_that_are_turned_have_a_name_of_their_own() -> None:
    """Folding the transposition of quantized weights makes a DequantizeLinear in the name of the layer."""
    weights = {"q": np.ones((2, 3, 1, 1), np.int8), "s": np.array(0.5, np.float32)}
    nodes = [helper.make_node("DequantizeLinear", ["q", "s"], ["w"]), node("ConvTranspose", "x", "w")]
    module = import_onnx(model(nodes, weights, (1, 2, 2, 2)).SerializeToString())
    labels = [
        op.label for op in module.walk() if isinstance(op, dialect.OnnxOp) and not isinstance(op, dialect.ConstantOp)
    ]
    assert len(set(labels)) == len(labels) == 2
