"""A bias follows what its channel's multiplier lost by having few bits."""

from __future__ import annotations

import numpy as np

from tinyml_opt.lowering.onnx_to_fixed.biases import following
from tinyml_opt.lowering.onnx_to_fixed.requantize import requantization

FACTORS = np.array([2.0**-9, 2.0**-9 / 3, 2.0**-30 / 7, 2.0**-36 / 3, 2.0**-60])
SUMS = np.full(5, 1e6)
STATED = np.array([1000, -77, 2_000_000_011, -2_000_000_000, 0])


def test_products_of_biases_with_their_multipliers_are_exact() -> None:
    plan = requantization(FACTORS.tolist(), 1 << 31)
    assert plan.multipliers is not None and plan.multipliers.min() == 0
    actual = plan.actual_factors()
    before = np.abs(STATED * actual - STATED * FACTORS)
    bias = following(STATED, SUMS, FACTORS, actual)
    after = np.abs(bias * actual - STATED * FACTORS)
    assert before[2] > 2.0**-11 and after.max() < 2.0**-21
    assert bias[:2].tolist() == [1000, -77] and bias[4] == 0
    assert (SUMS + np.abs(bias)).max() < (1 << 31) - 1


def test_a_bias_stays_that_would_need_more_bits() -> None:
    factors, stated = np.array([2.0**-9, 2.0**-39 * 1.49]), np.array([0, (1 << 31) - 1 - 10**6])
    plan = requantization(factors.tolist(), 1 << 31)
    assert plan.multipliers is not None and plan.multipliers[1] == 1
    assert following(stated, np.full(2, 1e6), factors, plan.actual_factors()).tolist() == stated.tolist()
