"""Sums of channels with great factors are shifted left until the small ones have multipliers of enough bits."""

from __future__ import annotations

import numpy as np

from tinyml_opt.lowering.onnx_to_fixed.biases import GREATEST, following, magnitudes
from tinyml_opt.lowering.onnx_to_fixed.lifts import TOLERATED, errors_of, lifts_of
from tinyml_opt.lowering.onnx_to_fixed.requantize import requantization

FACTORS = np.array([2.0**-7 / 1.3, 2.0**-7 / 1.7, 2.0**-9 / 1.3, 2.0**-15 / 1.9])
STEPS = 256.0


def test_no_error_is_above_a_ties_width() -> None:
    sums, bias = np.full(4, 1 << 18), np.array([1000, -5, 70_000, 9_000_000])
    none = np.zeros(4, np.int64)
    before = errors_of(FACTORS, sums, bias, STEPS, none, requantization(FACTORS.tolist(), 1 << 24))
    lifts = lifts_of(FACTORS, sums, bias, STEPS)
    assert before[3] > TOLERATED and lifts[:3].min() > 0 and lifts[3] == 0
    plan = requantization(np.ldexp(FACTORS, -lifts).tolist(), 1 << 31)
    assert errors_of(FACTORS, sums, bias, STEPS, lifts, plan).max() <= TOLERATED
    followed = following(bias, sums, FACTORS, plan.actual_factors(lifts), lifts)
    assert (magnitudes(sums, followed) << lifts).max() <= GREATEST


def test_sums_without_room_stay() -> None:
    assert not lifts_of(FACTORS, np.full(4, (1 << 30) + 1), None, STEPS).any()
    assert not lifts_of(FACTORS, np.full(4, 1 << 33), None, STEPS).any()


def test_like_factors_need_no_lift() -> None:
    assert not lifts_of(FACTORS[:2], np.full(2, 1 << 18), None, STEPS).any()
