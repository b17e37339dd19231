"""The float executor against the node tests that the onnx package carries, and on its models."""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.onnx_models import model, node, quantizer

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.onnx import DequantizeLinearOp
from tinyml_opt.dialects.onnx.base import shape_of
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.lowering.import_onnx.operators import TRANSLATIONS
from tinyml_opt.targets.executors.onnx import OnnxExecutor

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
CASES = "onnx.backend.test.case.node"
OPERATORS = (
    "abs acos acosh add argmax asin asinh atan atanh averagepool batch_normalization ceil celu clip concat conv "
    "cos cosh dequantizelinear div elu erf exp flatten floor gelu gemm globalaveragepool hardsigmoid hardswish "
    "identity leakyrelu log matmul max maxpool mean min mish mod mul neg pad pow prelu quantizelinear reciprocal "
    "reducemean relu reshape round selu shrink sigmoid sign sin sinh slice softmax softplus softsign split sqrt "
    "squeeze sub sum swish tan tanh thresholdedrelu transpose unsqueeze "
    "center_crop_pad compress depthtospace expand gather gatherelements gathernd reversesequence scatterelements "
    "scatternd spacetodepth tile"
).split()


def node_tests() -> list[Any]:
    """The cases of the operators, without importing those of all two hundred."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for operator in OPERATORS:
            import_module(f"{CASES}.{operator}")
        cases = import_module(CASES)._NodeTestCases
    return sorted(cases, key=lambda case: case.name)


NODE_TESTS = node_tests()

REFUSED = {
    # integers in arithmetic, and element types that the importer does not know
    r"(add|div|mul|sub)_uint64": "only float32, bool, int8 to int64 and uint8 to uint32",
    r"div_u?int(8|16|32)(_trunc)?": "the divisor must hold float32",
    r"((add|mul|sub)_u?int(8|16|32)|clip_default_int8_(inbounds|max|min))": "only float32 is supported",
    r"dequantizelinear_(u?int(2|4)|e4m3fn.*|e5m2|float4e2m1)": "only float32, bool, int8 to int64",
    r"quantizelinear_(u?int2|e4m3fn|e5m2|float4e2m1)": "element type",
    r"identity_(opt|sequence)": "only float32, bool, int8 to int64",
    r"(max|min|mod)_uint64": "only float32, bool, int8 to int64",
    r"((max|min)_u?int(8|16|32)|(max|min)_int64)": "only float32 is supported",
    r"mod_(broadcast|int64_fmod|uint(8|16|32)|mixed_sign_int(8|16|32|64))": "only float32 is supported",
    r"mod_float_edge_cases_fmod_0_float(16|32|64)": "5 of 14 weights are NaN or infinite",
    r"pow_types_int(32|64)_.*": "only float32 is supported",
    # activations with a scale per channel or block
    r"((de)?quantizelinear_axis|quantizelinear_u?int4)": "for constant weights only",
    r"(dequantizelinear_blocked|quantizelinear_blocked_a?symmetric)": "block_size = 2",
    # variants of an operator
    r"argmax_.*_select_last_index": "select_last_index = 1",
    r"batchnorm_.*_training_mode": "training_mode = 1",
    r"clip_min_greater_than_max": "bounds [2.0, 1.0] are not ordered",
    r"gemm_(all_attributes|transposeA)": "transA = 1",
    r"gemm_default_matrix_bias": "a bias of shape [3, 4]",
    r"matmul_(1d_3d|3d|4d|bcast)": "only matrices",
    r"pow(_bcast_array|_example|_types_float32_u?int(32|64))?": "one number",
    r"(average|max)pool_3d_.*": "3-dimensional windows",
    r"(edge|reflect|wrap)_pad": "attribute mode",
    r"maxpool_with_argmax_2d_precomputed_pads": "only its first result is supported, but 'z' is used",
    r"maxpool_with_argmax_2d_precomputed_strides": "storage_order = 1",
    r"reshape_allowzero_reordered": "cannot turn shape [1, 3, 4] into [3, 4, 0]",
    r"gathernd_example_int32.*": "only float32 and integers of 8 or 16 bits",
    r"scatter(nd|_elements)_.*(reduction|duplicate|add|max|min|multiply).*": "attribute reduction",
    r"slice_start_out_of_bounds": "the result of shape [20, 0, 5] is empty",
    r"split_zero_size_splits_opset(13|18)": "do not divide dimension 0 of [1]",
    # functions written out in operators that are not taken
    r"clip_(?!default_(int8_)?inbounds).*expanded": "ai.onnx.Less is supported on constants only",
    r"(elu|leakyrelu|prelu|selu|shrink|thresholdedrelu)_.*expanded(_ver18)?": "is supported on constants only",
    r"softmax_.*_expanded(_ver18)?": "ReduceMax '",
}
"""The node tests that the importer refuses, as patterns of names, and what it says."""


FOUR_DIGITS = 6e-5
"""Half a unit of the fourth digit, and float32's rounding: what one node test states its numbers to."""


def refusal(name: str) -> str | None:
    """What a node test is refused with, None where it must be taken."""
    return next((reason for pattern, reason in REFUSED.items() if re.fullmatch(f"test_{pattern}", name)), None)


def with_weights(case: Any) -> bytes:
    """The model with every input but the first as an initializer."""
    model, (values, _) = onnx.ModelProto.FromString(case.model.SerializeToString()), case.data_sets[0]
    for info, value in list(zip(model.graph.input, values, strict=True))[1:]:
        tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value, info.name)
        tensor.name = info.name
        model.graph.initializer.append(tensor)
    return model.SerializeToString()


@pytest.mark.parametrize("case", [c for c in NODE_TESTS if refusal(c.name) is None], ids=lambda case: case.name)
def test_node(case: Any) -> None:
    """The expected numbers, also beside other rows in a batch."""
    executor = OnnxExecutor(import_onnx(with_weights(case)))
    inputs, (expected, *_) = case.data_sets[0]
    (name,) = executor.inputs
    batch = np.stack([np.zeros_like(inputs[0]), inputs[0], np.ones_like(inputs[0])])
    result = executor.run({name: batch}).outputs[executor.outputs[0]]
    short = expected.dtype.name in ("bfloat16", "float16")
    assert result.dtype == expected.dtype or short or expected.dtype == np.float64
    assert result.shape == (3, *expected.shape)
    digits = FOUR_DIGITS if case.name == "test_averagepool_2d_ceil_last_window_starts_on_pad" else 1e-5
    np.testing.assert_allclose(
        result[1].astype(np.float64), expected.astype(np.float64), rtol=2.0**-8 if short else 1e-5, atol=digits
    )


@pytest.mark.parametrize("case", [c for c in NODE_TESTS if refusal(c.name)], ids=lambda case: case.name)
def test_refused_node(case: Any) -> None:
    with pytest.raises(UserError) as caught:
        import_onnx(with_weights(case))
    assert any(str(refusal(case.name)) in reason for reason in caught.value.reasons)


def test_every_operator_has_node_tests() -> None:
    models = [case.model for case in NODE_TESTS if not refusal(case.name)]
    taken = {node.op_type for proto in models for node in proto.graph.node}
    assert TRANSLATIONS.keys() - taken == {"Cast", "ConstantOfShape", "Dropout"}


def run(model: onnx.ModelProto, **inputs: Any) -> Any:
    """The one output of a model."""
    (output,) = OnnxExecutor(import_onnx(model.SerializeToString())).run(inputs).outputs.values()
    return output


def test_dropout_is_nothing() -> None:
    x = np.array([[[1, -2, 3, 4]]], np.float32)
    np.testing.assert_array_equal(run(model([node("Dropout", "x")]), x=x), x)


def test_add_of_different_ranks_in_a_batch() -> None:
    """A value with fewer dimensions is broadcast in each row, not over the rows."""
    nodes = [helper.make_node("Reshape", ["x", "s"], ["flat"]), node("Add", "x", "flat")]
    proto = model(nodes, {"s": np.array([4])}, (1, 4))
    x = np.arange(12, dtype=np.float32).reshape(3, 1, 4)
    np.testing.assert_array_equal(run(proto, x=x), 2 * x)


def test_chunks_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that does not fit at once gives what it gives at once, traced values included."""
    relu = helper.make_node("Relu", ["x"], ["r"], name="r")
    proto = model([relu, node("Gemm", "r", "w")], {"w": np.ones((4, 2), np.float32)})
    x = np.random.default_rng(0).standard_normal((5, 1, 4)).astype(np.float32)
    executor = OnnxExecutor(import_onnx(proto.SerializeToString()))
    whole = executor.run({"x": x}, trace=True)
    monkeypatch.setattr("tinyml_opt.targets.executors.onnx.CHUNK_BYTES", 2 * 4 * executor.largest())
    parts = executor.run({"x": x}, trace=True)
    np.testing.assert_array_equal(parts.outputs["y"], whole.outputs["y"])
    assert set(parts.values) == {"r", "it"}
    np.testing.assert_array_equal(parts.values["r"], np.maximum(x, 0))


def test_output_that_is_an_input_or_constant() -> None:
    proto = model([node("Relu", "x")], {"w": np.array([7], np.float32)})
    for name in ("x", "w"):
        proto.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    x = np.array([[[1, -2, 3, -4]], [[0, 0, 0, 1]]], np.float32)
    outputs = OnnxExecutor(import_onnx(proto.SerializeToString())).run({"x": x}).outputs
    np.testing.assert_array_equal(outputs["x"], x)
    np.testing.assert_array_equal(outputs["w"], [[7], [7]])


@pytest.mark.parametrize("zero_point", [None, 5])
def test_dead_channels(zero_point: int | None) -> None:
    """A scale of 0 means that every value of the channel is 0, whatever its integers and zero point are."""
    weights: dict[str, Any] = {
        "q": np.array([[1, 2, 3], [4, 5, 6]], np.int8),
        "s": np.array([0.5, 0, 0.25], np.float32),
        "x_bias": np.array([0, 7, 0], np.int32),
        "bs": np.array([1, 0, 1], np.float32),
    }
    points = ["z"] if zero_point is not None else []
    if zero_point is not None:
        weights["z"] = np.full(3, zero_point, np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s", *points], ["w"], axis=1),
        helper.make_node("DequantizeLinear", ["x_bias", "bs"], ["b"], axis=0),
        node("Gemm", "x", "w", "b"),
    ]
    proto = model(nodes, weights, (1, 2))
    shift = zero_point or 0
    real = (weights["q"].astype(np.float32) - shift) * weights["s"]
    x = np.array([[[1, 10]]], np.float32)
    np.testing.assert_array_equal(run(proto, x=x)[0], x[0] @ real)
    module = import_onnx(proto.SerializeToString())
    scales = [op.scales_array.tolist() for op in module.walk() if isinstance(op, DequantizeLinearOp)]
    assert sorted(scales) == [[0.5, 0.5, 0.25], [1, 1, 1]]


def test_dead_tensor() -> None:
    weights = {"q": np.ones((4, 2), np.int8), "s": np.array(0, np.float32)}
    proto = model([helper.make_node("DequantizeLinear", ["q", "s"], ["w"]), node("MatMul", "x", "w")], weights)
    np.testing.assert_array_equal(run(proto, x=np.ones((1, 1, 4), np.float32)), np.zeros((1, 1, 2)))


@pytest.mark.parametrize(
    ("attributes", "dtype"),
    [({}, np.uint8), ({"output_dtype": TensorProto.INT8}, np.int8), ({"output_dtype": TensorProto.INT16}, np.int16)],
)
def test_type_of_quantize_linear_without_a_zero_point(attributes: dict[str, Any], dtype: Any) -> None:
    proto = quantizer("QuantizeLinear", 0.5, **attributes)
    result = run(proto, x=np.array([[[-1, 0, 1, 1e9]]], np.float32))
    limits = np.iinfo(dtype)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[0, 0], [max(-2, limits.min), 0, 2, limits.max])


@pytest.mark.parametrize("name", ["densenet121", "shufflenet", "squeezenet"])
def test_light_models(name: str) -> None:
    """The output that lies beside the model, whose large weights are a ConstantOfShape each."""
    path = DATA / "light" / f"light_{name}.onnx"
    executor = OnnxExecutor(import_onnx(path))
    shape = shape_of(executor.function.args[0])
    x = (np.arange(np.prod(shape)).reshape(shape) / np.prod(shape)).astype(np.float32)
    (output,) = executor.run({executor.inputs[0]: x[np.newaxis]}).outputs.values()
    expected = onnx.load_tensor(path.with_name(f"light_{name}_output_0.pb"))
    np.testing.assert_allclose(output[0], numpy_helper.to_array(expected), rtol=1e-5)


@pytest.mark.parametrize("name", ["bvlc_alexnet", "inception_v1", "zfnet512"])
def test_refused_light_models(name: str) -> None:
    """One reason for all nodes of the operator that is not supported."""
    path = DATA / "light" / f"light_{name}.onnx"
    kinds = [node.op_type for node in onnx.load(path).graph.node]
    count = kinds.count("LRN")
    with pytest.raises(UserError) as caught:
        import_onnx(path, max_elements=1 << 27)
    header, reason = caught.value.reasons
    assert header == "1 operator stands between the model and its C: LRN"
    assert reason.startswith("LRN: operator ai.onnx.LRN is not supported")
    assert f", {count} nodes: " in reason
