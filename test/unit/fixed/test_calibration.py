"""Histograms of bounded size, and the ranges that methods make of them, against what is known of the normal law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinyml_opt.passes.fixed.calibration.histogram import MOST_BINS, Histogram
from tinyml_opt.passes.fixed.calibration.methods import entropy_range, mse_range, percentile_range

VALUES = st.floats(-(2.0**100), 2.0**100, width=32)


def histogram_of(*chunks: np.ndarray) -> Histogram:
    histogram = Histogram()
    for chunk in chunks:
        histogram.add(chunk)
    return histogram


@given(st.lists(arrays(np.float32, st.integers(1, 20), elements=VALUES), min_size=1, max_size=5))
def test_every_value_is_counted_in_its_bin_whatever_came_first(chunks: list[np.ndarray]):
    histogram, values = histogram_of(*chunks), np.concatenate(chunks).astype(np.float64)
    assert len(histogram.counts) <= MOST_BINS
    assert (histogram.low, histogram.high) == (values.min(), values.max())
    bins = np.floor(np.ldexp(values, -histogram.exponent)).astype(object)
    expected = [np.count_nonzero(bins == histogram.first + i) for i in range(len(histogram.counts))]
    assert histogram.with_zeros().tolist() == expected


@pytest.fixture(scope="module")
def normal() -> Histogram:
    return histogram_of(*np.random.default_rng(1).standard_normal((10, 100_000)))


@pytest.mark.parametrize(("bits", "best"), [(4, 2.55), (6, 3.28), (8, 3.92)])
def test_the_least_square_error_of_the_normal_law(normal: Histogram, bits: int, best: float):
    """Uniform quantizers of a Gaussian (Hui and Neuhoff, 2001): within 4 %, which the candidates are apart."""
    low, high = mse_range(normal, bits)
    assert (-low, high) == (pytest.approx(best, rel=0.04), pytest.approx(best, rel=0.04))


def test_percentiles_of_the_normal_law(normal: Histogram):
    low, high = percentile_range(normal, 95)
    assert (-low, high) == (pytest.approx(1.96, abs=0.02), pytest.approx(1.96, abs=0.02))
    assert percentile_range(normal, 100) == (normal.low, normal.high)


def test_entropy_cuts_what_is_far_out_and_keeps_what_is_dense(normal: Histogram):
    values = np.concatenate([np.random.default_rng(2).standard_normal(200_000), [100.0]])
    assert entropy_range(histogram_of(values), 8)[1] < 80
    uniform = histogram_of(np.linspace(-1, 1, 400_000))
    assert entropy_range(uniform, 8) == (-1, 1)


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_constant_has_a_range_that_holds_it(value: float):
    histogram = histogram_of(np.full(10, value))
    for low, high in (mse_range(histogram, 8), entropy_range(histogram, 8), percentile_range(histogram, 99)):
        assert min(low, 0) == pytest.approx(min(value, 0), abs=0.03) and max(high, 0) == pytest.approx(
            max(value, 0), abs=0.03
        )
