"""The float executor against the node tests that the onnx package carries, and on its models."""

from __future__ import annotations

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
from tinyml_opt.targets.executors.onnx import OnnxExecutor

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
CASES = "onnx.backend.test.case.node"
OPERATORS = (
    "abs acos acosh add and_ argmax argmin asin asinh atan atanh attention averagepool batch_normalization "
    "bitshift bitwiseand bitwisenot bitwiseor bitwisexor cast castlike ceil celu center_crop_pad clip compress "
    "concat conv convinteger convtranspose cos cosh cumsum depthtospace dequantizelinear div einsum elu equal erf "
    "exp expand flatten floor gather gatherelements gathernd gelu gemm globalaveragepool globalmaxpool greater "
    "greater_or_equal groupnormalization hardmax hardsigmoid hardswish identity instance_normalization isinf "
    "isnan layernormalization leakyrelu less less_or_equal log logsoftmax lpnormalization lppool lrn matmul "
    "matmulinteger max maxpool mean meanvariancenormalization min mish mod mul neg not_ or_ pad pow prelu "
    "quantizelinear reciprocal reduce_log_sum reduce_log_sum_exp reducel1 reducel2 reducemax reducemean reducemin "
    "reduceprod reducesum reducesumsquare relu reshape resize reversesequence rmsnormalization round "
    "scatterelements scatternd selu shrink sigmoid sign sin sinh slice softmax softplus softsign spacetodepth "
    "split sqrt squeeze sub sum swish tan tanh thresholdedrelu tile topk transpose unsqueeze upsample where xor"
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

FLOATS = ("bfloat16", "float16", "float64")
"""What is computed in float32."""

FOUR_DIGITS = 6e-5
"""Half a unit of the fourth digit, and float32's rounding: what one node test states its numbers to."""


def with_weights(case: Any) -> bytes:
    """The model with every input but the first as an initializer."""
    model, (values, _) = onnx.ModelProto.FromString(case.model.SerializeToString()), case.data_sets[0]
    for info, value in list(zip(model.graph.input, values, strict=True))[1:]:
        tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value, info.name)
        tensor.name = info.name
        model.graph.initializer.append(tensor)
    return model.SerializeToString()


@pytest.mark.parametrize("case", NODE_TESTS, ids=lambda case: case.name)
def test_node(case: Any) -> None:
    """The expected numbers, also beside other rows in a batch; or words that say why not."""
    try:
        module = import_onnx(with_weights(case))
    except UserError:
        return
    executor = OnnxExecutor(module)
    inputs, expected = (
        [numpy_helper.to_array(v) if isinstance(v, onnx.TensorProto) else v for v in values]
        for values in case.data_sets[0]
    )
    expected = expected[0]
    (name,) = executor.inputs
    batch = np.stack([np.zeros_like(inputs[0]), inputs[0], np.ones_like(inputs[0])])
    result = executor.run({name: batch}).outputs[executor.outputs[0]]
    short = expected.dtype.name in ("bfloat16", "float16")
    # Of attention the reference rounds the result of each of its steps to bfloat16, which has 8 digits.
    digits_lost = 6 if case.name.startswith("test_attention") and expected.dtype.name == "bfloat16" else 8
    assert result.dtype == expected.dtype or (result.dtype == np.float32 and expected.dtype.name in FLOATS)
    assert result.shape == (3, *expected.shape)
    digits = FOUR_DIGITS if case.name == "test_averagepool_2d_ceil_last_window_starts_on_pad" else 1e-5
    np.testing.assert_allclose(
        result[1].astype(np.float64),
        expected.astype(np.float64),
        rtol=2.0**-digits_lost if short else 1e-5,
        atol=digits,
    )


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


@pytest.mark.parametrize(
    "name", ["bvlc_alexnet", "densenet121", "inception_v1", "shufflenet", "squeezenet", "zfnet512"]
)
def test_light_models(name: str) -> None:
    """The output that lies beside the model, whose large weights are a ConstantOfShape each."""
    path = DATA / "light" / f"light_{name}.onnx"
    executor = OnnxExecutor(import_onnx(path, max_elements=1 << 27))
    shape = shape_of(executor.function.args[0])
    x = (np.arange(np.prod(shape)).reshape(shape) / np.prod(shape)).astype(np.float32)
    (output,) = executor.run({executor.inputs[0]: x[np.newaxis]}).outputs.values()
    expected = onnx.load_tensor(path.with_name(f"light_{name}_output_0.pb"))
    np.testing.assert_allclose(output[0], numpy_helper.to_array(expected), rtol=1e-5)
