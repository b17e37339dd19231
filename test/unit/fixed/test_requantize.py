"""The integers that stand for a change of scale: how near they come, and that no product overflows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.lowering.onnx_to_fixed.requantize import (
    GREATEST_FACTOR,
    LEAST_FACTOR,
    Requantization,
    ScaleError,
    accumulator_bits,
    bounded_factors,
    requantization,
)


def apply(plan: Requantization, value: int, channel: int) -> tuple[int, int]:
    """The rescaled value, and the greatest magnitude on the way, in exact Python integers."""
    product = value * (1 if plan.multipliers is None else int(plan.multipliers[channel]))
    rounded = product + (1 << plan.shift >> 1)
    return rounded >> plan.shift, max(abs(product), abs(rounded))


def multiplier_error(plan: Requantization, factors: list[float], channel: int) -> float:
    """The relative error of a channel's factor."""
    if plan.multipliers is None:
        return abs(2.0**-plan.shift / factors[channel] - 1)
    return abs(int(plan.multipliers[channel]) * 2.0**-plan.shift / factors[channel] - 1)


bounds = st.integers(0, 31).flatmap(lambda bits: st.integers(1 << bits >> 1, (1 << bits) - 1))
"""Magnitudes of accumulators, of any number of bits up to 31."""

layers = st.tuples(st.lists(st.floats(0.5, 1.0), min_size=1, max_size=4), st.integers(-24, 2), bounds)
"""Factors of a layer's channels, within a factor of two of each other, and the bound."""


@given(layers, st.data())
def test_near_the_real_factor_and_within_the_product(layer: tuple[list[float], int, int], data: st.DataObject):
    """Half a step for the rounding, the multiplier's error on top."""
    mantissas, exponent, bound = layer
    factors = [m * 2.0**exponent for m in mantissas]
    plan = requantization(factors, bound)
    channel = data.draw(st.integers(0, len(factors) - 1))
    for value in (data.draw(st.integers(-bound, bound)), -bound, bound):
        result, magnitude = apply(plan, value, channel)
        assert magnitude < 1 << (plan.product_bits - 1)
        error = 0.5 + abs(value) * factors[channel] * multiplier_error(plan, factors, channel)
        assert abs(result - value * factors[channel]) <= error * (1 + 1e-9) + 1e-9


@given(layers)
def test_the_multiplier_is_precise(layer: tuple[list[float], int, int]):
    """An error of at most half a step of what is computed, for every value within the bound.

    Multipliers have as many bits as the value leaves of 63, at most 31. Where a factor is so
    small that the greatest shift cuts its multiplier short, values are still within half a step.
    """
    mantissas, exponent, bound = layer
    factors = [m * 2.0**exponent for m in mantissas]
    plan = requantization(factors, bound)
    for channel, factor in enumerate(factors):
        error = multiplier_error(plan, factors, channel)
        assert error <= 2.0**-29 or error * bound * factor <= 0.5


@given(st.integers(-30, -1), bounds, st.integers(1, 4))
def test_powers_of_two_are_shifts(exponent: int, bound: int, channels: int):
    plan = requantization([2.0**exponent] * channels, bound)
    assert plan.multipliers is None
    assert plan.shift == -exponent
    for value in (-bound, bound):
        result, magnitude = apply(plan, value, 0)
        assert result == math.floor(value * 2.0**exponent + 0.5)
        assert magnitude < 1 << (plan.product_bits - 1)


def test_unequal_powers_of_two_need_multipliers():
    assert requantization([0.5, 0.25], 1000).multipliers is not None


@pytest.mark.parametrize("factor", [0.0, -1.0, math.inf, math.nan])
def test_a_factor_must_be_positive_and_finite(factor: float):
    with pytest.raises(ValueError, match="positive and finite"):
        requantization([0.5, factor], 100)


def test_what_does_not_fit_64_bits_is_an_error():
    with pytest.raises(ValueError, match="does not fit 64 bits"):
        requantization([2.0**40 * 1.5], 2**31)


def test_accumulators_leave_room_for_their_bound():
    assert accumulator_bits(2**31 - 2) == 32
    assert accumulator_bits(2**31 - 1) == 64
    assert np.iinfo(np.int32).max >= 2**31 - 2


def test_factors_out_of_reach_are_replaced_by_those_that_do_the_same():
    found = bounded_factors(np.array([0.0, 5e-324, 0.5, 1e30, math.inf]))
    assert found.tolist() == [LEAST_FACTOR, LEAST_FACTOR, 0.5, GREATEST_FACTOR, GREATEST_FACTOR]
    plan = requantization(found[:1].tolist(), 1 << 20)
    assert plan.multipliers is not None and not plan.multipliers.any()
    with pytest.raises(ScaleError):
        bounded_factors(np.array([math.nan]))
