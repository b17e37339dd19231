"""How ranges become types: what they reach, what they keep exact, and which room they leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.texts import parse
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType, f32, i8, i16

from tinyml_opt.dialects import onnx
from tinyml_opt.dialects.dense import from_numpy
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import QType, power_of_two
from tinyml_opt.dialects.onnx.weights import weight_reals
from tinyml_opt.passes.fixed.assign_types import AssignTypesPass
from tinyml_opt.passes.fixed.scales.ranges import WIDE_HEADROOM, RangeTypes, common_type, limits_in_reals
from tinyml_opt.passes.fixed.scales.signs import greatest_sums
from tinyml_opt.passes.fixed.scales.weights import NOISE, QUIET_STEPS, TYPICAL, Layer, WeightTypes

EMPTY = "func.func @model(%x: tensor<1x2xf32>) -> tensor<1x2xf32> { func.return %x : tensor<1x2xf32> }"
ENDS = st.floats(-1e6, 1e6, width=32)


X, Y = RangeTypes(8, False).of_range(-1, 1), RangeTypes(8, False).of_range(-4, 4)


def meeting(x: QType, y: QType, bias: Any, below: int | None = None) -> Layer:
    """A layer whose input is any of its type, or no less than its zero point less `below`."""
    low, high = x.limits
    return Layer(x, y, np.asarray(bias), x.zp - low if below is None else below, high - x.zp)


def weight_scales(values: Any, bias: Any, x: QType = X, y: QType = Y) -> NDArray[np.float64]:
    """The scales of 8-bit weights (o, n) with biases (o,)."""
    return np.array(WeightTypes(8, False, 32).of_reals(np.array(values), meeting(x, y, bias)).scales.data)


@given(ENDS, ENDS, st.sampled_from([8, 16]), st.booleans())
def test_a_type_reaches_both_ends_of_its_range(a: float, b: float, bits: int, pow2: bool):
    """Within half a step: the zero point is rounded so that 0 is exact; an exact half may fall on either side."""
    low, high = min(a, b), max(a, b)
    type = RangeTypes(bits, pow2).of_range(low, high)
    least, greatest = limits_in_reals(type)
    slack = type.scale * 0.5001
    assert least <= min(low, 0.0) + slack and greatest >= max(high, 0.0) - slack
    assert type.bits == bits
    if pow2:
        assert power_of_two(type.scale) is not None and type.zp == 0


@given(ENDS, ENDS)
def test_eight_affine_bits_waste_nothing(a: float, b: float):
    low, high = min(a, b, 0.0), max(a, b, 0.0)
    if low == high:
        return
    least, greatest = limits_in_reals(RangeTypes(8, False).of_range(low, high))
    assert greatest - least <= (high - low) * (1 + 1e-9)


@given(st.floats(2.0**-20, 1e6))
def test_a_power_of_two_is_the_least_that_reaches(magnitude: float):
    scale = RangeTypes(8, True).of_range(-magnitude, magnitude).scale
    assert scale * 127.5 >= magnitude > scale * 127.5 / 2


def test_sixteen_bits_of_numbers_that_are_not_negative_are_unsigned():
    """A sign would halve their steps; powers of two stay signed."""
    type = RangeTypes(16, False).of_range(0.0, 3.0)
    assert str(type.storage) == "ui16" and type.zp == 0 and type.scale == 3.0 * WIDE_HEADROOM / 65535
    assert RangeTypes(16, False).of_range(-0.001, 3.0).storage == i16
    assert RangeTypes(16, True).of_range(0.0, 3.0).storage == i16


def test_sixteen_bits_reach_no_further_than_a_clip_does():
    """Its result on unseen data leaves the calibrated range by a quarter, but never its own bounds."""
    text = """func.func @model(%x: tensor<1x2xf32>) -> tensor<1x2xf32>
        attributes {fixed.input_ranges = [[-5.0 : f32, 5.0 : f32]]} {
      %y = "onnx.Clip"(%x) <{low = 0.0 : f32, high = 4.5 : f32}> {fixed.range = [0.0 : f32, 4.0 : f32]}
        : (tensor<1x2xf32>) -> tensor<1x2xf32>
      func.return %y : tensor<1x2xf32> }"""
    module = parse(text)
    AssignTypesPass(bits=16).apply(Context(), module)
    (clip,) = [op for op in module.walk() if isinstance(op, onnx.ClipOp)]
    assert str(clip.attributes["fixed.type"]) == str(QType(IntegerType(16, Signedness.UNSIGNED), 4.5 / 65535))


def test_a_range_of_nothing_has_a_type():
    assert RangeTypes(8, False).of_range(0.0, 0.0).scale == 1.0


@given(st.integers(1, 64), st.integers(0, 1000), st.booleans(), st.booleans(), st.floats(0.01, 100))
def test_wide_weights_fit_the_accumulator(depth: int, seed: int, pow2: bool, positive: bool, coarse: float):
    """With every input at its limit and the bias, no sum leaves 32 bits, unless these cost the result good bits."""
    random = np.random.default_rng(seed)
    weights, bias = random.standard_normal((3, depth)).astype(np.float32), np.abs(random.standard_normal(3))
    x = QType(IntegerType(16), 2.0**-15)
    layer = meeting(x, QType(IntegerType(16), x.scale * coarse), bias, 0 if positive else None)
    wide = np.array(WeightTypes(16, pow2, 64).of_reals(weights, layer).scales.data)
    scales = np.array(WeightTypes(16, pow2, 32).of_reals(weights, layer).scales.data)
    integers = np.rint(weights / np.reshape(scales, (-1, 1)))
    assert np.abs(integers).max() <= 2**15 - 1 + pow2
    sums = greatest_sums(integers, layer.below, layer.above) + bias / x.scale / scales
    if not np.array_equal(scales, wide):
        assert sums.max() < 2.0**31 - 1
        noise = float(scales.max()) * np.sqrt(depth / 12) * 2**15 * x.scale * TYPICAL
        assert pow2 or noise <= layer.y.scale * 2**16 * NOISE


@given(st.floats(1e-6, 1e6), st.integers(0, 1000))
def test_a_large_bias_coarsens_the_weights(magnitude: float, seed: int):
    """The bias in units of the accumulator stays within 2^28, whatever the ratio of bias and weights."""
    weights = np.random.default_rng(seed).standard_normal((2, 5)).astype(np.float32) * 1e-3
    bias = np.array([magnitude, magnitude / 2])
    assert (bias / (X.scale * weight_scales(weights, bias)) <= 2.0**28 * 1.0001).all()


def test_a_channel_of_zeros_has_a_scale_like_its_neighbours():
    assert weight_scales([[0, 0], [0.127, 0]], [0.5, 0]).tolist() == pytest.approx([0.001, 0.001])
    assert (weight_scales(np.zeros((2, 3)), [0.5, 0]) > 0).all()


@pytest.mark.parametrize("tiny", [0.0, 1e-12, 1e-9, 1e-6, 1e-4])
def test_a_bias_reaches_no_further_than_sums_where_its_weights_are_tiny(tiny: float):
    """Or than what costs the other channels less than a step; they keep their scales."""
    weights = np.random.default_rng(0).standard_normal((4, 72))
    weights[1] *= tiny
    bias = np.array([0, 2.0, 0, 0])
    scales = weight_scales(weights, bias)
    sums = np.abs(weights / scales[:, np.newaxis]).sum(axis=1) * 128
    costless = QUIET_STEPS * Y.scale / (X.scale * scales.max())
    assert bias[1] / (X.scale * scales[1]) <= 1.01 * max(sums.max(), costless)
    assert scales[[0, 2, 3]].tolist() == pytest.approx((np.abs(weights).max(axis=1) / 127)[[0, 2, 3]].tolist())


def test_weights_that_count_stay_fine():
    """A bias coarsens its channel's weights no more than a tolerated error in the result allows."""
    weights = np.full((2, 8), 1.0)
    weights[1] = 2.0**-6
    free, with_bias = weight_scales(weights, [0, 0]), weight_scales(weights, [0, 1e4])
    assert free[1] < with_bias[1] < Y.scale / (X.scale * 128)


def quantized_weight(integers: Any, scales: Any, axis: int, zero_points: Any = None) -> onnx.DequantizeLinearOp:
    """A DequantizeLinear of constants."""
    array, scale = np.asarray(integers), np.asarray(scales, np.float32)
    points = np.asarray(np.zeros(scale.shape) if zero_points is None else zero_points, array.dtype)
    constant = onnx.ConstantOp(from_numpy(array))
    real = TensorType(f32, array.shape)
    return onnx.DequantizeLinearOp(constant.result, from_numpy(scale), from_numpy(points), axis, real)


BYTES = np.arange(-60, 60, 10, dtype=np.int8).reshape(3, 4)
UNSIGNED = (BYTES.astype(np.int16) + 128).astype(np.uint8)


@pytest.mark.parametrize(
    "op, expected",
    [
        (quantized_weight(BYTES, [0.5, 0.25, 1], 0), QType(i8, [0.5, 0.25, 1], axis=0)),
        (quantized_weight(BYTES, [0.5] * 4, 1), QType(i8, 0.5)),
        (quantized_weight(BYTES, [0.5, 1, 0.5, 1], 1), QType(i8, 0.5)),
        (quantized_weight(BYTES, [0.5, 1.5, 2.5, 3.5], 1), QType(i16, 0.5)),
        (quantized_weight(UNSIGNED, [0.5, 0.25, 1], 0, [128] * 3), QType(i8, [0.5, 0.25, 1], axis=0)),
        (quantized_weight(UNSIGNED, [0.5, 0.25, 1], 0, [0, 9, 200]), QType(i16, [0.5, 0.25, 1], axis=0)),
    ],
)
def test_quantized_weights_stay_exact(op: onnx.DequantizeLinearOp, expected: QType):
    known = WeightTypes(8, False, 32).of_quantized(op, meeting(X, Y, np.zeros(1)))
    assert known == expected
    column = np.array(known.scales.data).reshape(-1, 1)
    assert (np.rint(weight_reals(op.result) / column) * column == weight_reals(op.result)).all()


def test_other_scales_along_inputs_are_quantized_again():
    op = quantized_weight(BYTES, [0.5, 0.3, 0.1, 0.07], 1)
    known = WeightTypes(8, False, 64).of_quantized(op, meeting(X, Y, np.zeros(1)))
    assert known.storage == i16 and known.axis.data == 0
    column = np.array(known.scales.data).reshape(-1, 1)
    assert (
        np.abs(np.rint(weight_reals(op.result) / column) * column - weight_reals(op.result)).max() <= 0.501 * 30 / 32767
    )


def test_one_type_for_several_readers():
    narrow, wide = QType(i8, 0.5, 3), QType(i8, 4.0)
    assert common_type([narrow, narrow]) == narrow
    both = common_type([narrow, wide])
    assert both.storage == i16 and limits_in_reals(both)[1] == pytest.approx(512) and both.scale < 0.5 / 16


def refusal(text: str, **options: int | str) -> str:
    """The reasons for which types are refused."""
    with pytest.raises(UserError) as caught:
        AssignTypesPass(**options).apply(Context(), parse(text))  # pyright: ignore[reportArgumentType]
    return str(caught.value)


def test_values_without_a_range_are_named():
    assert "input 'input0': no range and no QuantizeLinear; give calibration data" in refusal(EMPTY)
    body = '%y = onnx.Sigmoid %x {node = "s"} : tensor<1x2xf32> -> tensor<1x2xf32>\n'
    body += '%z = onnx.Relu %x {node = "first"} : tensor<1x2xf32> -> tensor<1x2xf32>\n'
    text = EMPTY.replace("{ func", "attributes {fixed.input_ranges = [[-1.0 : f64, 1.0 : f64]]} {" + body + "func")
    assert "onnx.Relu 'first': no range" in refusal(text)


@pytest.mark.parametrize("options", [{"bits": 4}, {"scheme": "log"}])
def test_unknown_options(options: dict[str, int | str]):
    assert "scheme is affine or pow2 and bits 8 or 16" in refusal(EMPTY, **options)


@pytest.mark.parametrize(("high", "storage"), [(1.27, "i8"), (9.0, "i16")])
def test_what_is_quantized_and_read_besides_is_not_clipped(high: float, storage: str):
    """Readers beside a QuantizeLinear see the whole of a known range."""
    scales = "{scale = dense<0.01> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 1 : i64}"
    module = parse(f"""
    func.func @model(%x: tensor<1x2xf32>) -> tensor<1x2xf32>
        attributes {{fixed.input_ranges = [[-1.0 : f32, {high} : f32]]}} {{
      %q = onnx.QuantizeLinear %x {scales} : tensor<1x2xf32> -> tensor<1x2xi8>
      %d = onnx.DequantizeLinear %q {scales} : tensor<1x2xi8> -> tensor<1x2xf32>
      %y = onnx.Add %x, %d {{fixed.range = [-9.0 : f32, 9.0 : f32]}}
        : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
      func.return %y : tensor<1x2xf32>
    }}""")
    AssignTypesPass().apply(Context(), module)
    (function,) = [op for op in module.walk() if "fixed.input_types" in op.attributes]
    (type,) = function.attributes["fixed.input_types"]  # pyright: ignore
    assert isinstance(type, QType) and str(type.storage) == storage
    assert limits_in_reals(type)[1] >= high * (1 - 1e-6)
