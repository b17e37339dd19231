"""How ranges become types: what they reach, what they keep exact, and which room they leave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.texts import parse
from xdsl.context import Context

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import QType, power_of_two
from tinyml_opt.passes.fixed.assign_types import Assignment, AssignTypesPass
from tinyml_opt.passes.fixed.calibrate import the_function

EMPTY = "func.func @model(%x: tensor<1x2xf32>) -> tensor<1x2xf32> { func.return %x : tensor<1x2xf32> }"
ENDS = st.floats(-1e6, 1e6, width=32)


def assignment(bits: int = 8, pow2: bool = False, accumulator_bits: int = 32) -> Assignment:
    """The choices for a scheme."""
    return Assignment(the_function(parse(EMPTY)), bits, pow2, accumulator_bits)


def reals(type: QType) -> tuple[float, float]:
    """The least and the greatest real that a type holds."""
    low, high = type.limits
    return (low - type.zp) * type.scale, (high - type.zp) * type.scale


@given(ENDS, ENDS, st.sampled_from([8, 16]), st.booleans())
def test_a_type_reaches_both_ends_of_its_range(a: float, b: float, bits: int, pow2: bool):
    """Within half a step: the zero point is rounded so that 0 is exact; an exact half may fall on either side."""
    low, high = min(a, b), max(a, b)
    type = assignment(bits, pow2).type_of_range(low, high)
    least, greatest = reals(type)
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
    least, greatest = reals(assignment().type_of_range(low, high))
    assert greatest - least <= (high - low) * (1 + 1e-9)


@given(st.floats(2.0**-20, 1e6))
def test_a_power_of_two_is_the_least_that_reaches(magnitude: float):
    scale = assignment(pow2=True).type_of_range(-magnitude, magnitude).scale
    assert scale * 127.5 >= magnitude > scale * 127.5 / 2


def test_a_range_of_nothing_has_a_type():
    assert assignment().type_of_range(0.0, 0.0).scale == 1.0


@given(st.integers(1, 64), st.integers(0, 1000), st.sampled_from([32, 64]), st.booleans())
def test_wide_weights_fit_the_accumulator(depth: int, seed: int, accumulator: int, pow2: bool):
    """With every input at its limit, the sum over a row stays below half of the accumulator's range."""
    weights = np.random.default_rng(seed).standard_normal((3, depth)).astype(np.float32)
    x = QType(assignment(16).type_of_range(-1, 1).storage, 2.0**-15)
    type = assignment(16, pow2, accumulator).weight_type(weights, np.zeros(1), x)
    integers = np.rint(np.abs(weights.astype(np.float64)) / np.reshape(type.scales.data, (-1, 1)))
    assert integers.max() <= 2**15 - 1 + pow2
    assert (integers.sum(axis=1) * 2**15).max() <= 2.0 ** (accumulator - 2) + depth * 2**14


@given(st.floats(1e-6, 1e6), st.integers(0, 1000))
def test_a_large_bias_coarsens_the_weights(magnitude: float, seed: int):
    """The bias in units of the accumulator stays within 2^28, whatever the ratio of bias and weights."""
    weights = np.random.default_rng(seed).standard_normal((2, 5)).astype(np.float32) * 1e-3
    x = assignment().type_of_range(-1, 1)
    type = assignment().weight_type(weights, np.array([magnitude, magnitude / 2]), x)
    assert all(magnitude / (x.scale * scale) <= 2.0**28 * 1.0001 for scale in type.scales.data[:1])


def test_a_channel_of_zeros_has_a_scale():
    type = assignment().weight_type(np.zeros((2, 3), np.float32), np.zeros(1), assignment().type_of_range(-1, 1))
    assert type.scales.data == (1.0, 1.0)


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
