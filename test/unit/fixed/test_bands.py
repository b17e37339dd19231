"""Weights of Resize as bands, and of ConvTranspose by phases: the same sums as their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from tinyml_opt.lowering.onnx_to_fixed.conv_transpose import NO_TAP, Phases
from tinyml_opt.lowering.onnx_to_fixed.resize import WEIGHT_BITS, integer_weights, narrowest_band


@pytest.mark.parametrize(
    ("before", "after", "taps", "most"),
    [(6, 12, 2, 3), (12, 6, 2, 2), (6, 24, 2, 3), (7, 9, 2, 4), (5, 8, 3, 5), (4, 1, 4, 4)],
)
def test_a_band_holds_every_weight(before: int, after: int, taps: int, most: int) -> None:
    random = np.random.default_rng(before * after)
    places = (np.arange(after) + 0.5) * before / after - 0.5
    first = np.clip(np.floor(places).astype(np.int64), 0, before - taps)
    rows = random.integers(1, 100, (after, taps))
    band = narrowest_band(first, rows, before)
    assert band.taps <= most
    expected, found = np.zeros((after, before), np.int64), np.zeros((after, before), np.int64)
    for i in range(after):
        expected[i, first[i] : first[i] + taps] = rows[i]
        q, p = divmod(i, band.count)
        for t, weight in enumerate(band.weights(first, rows)[i]):
            place = q * band.step + p * band.slope + band.start + t
            if weight:
                found[i, place] = weight
    np.testing.assert_array_equal(found, expected)


def test_integer_weights_keep_a_constant() -> None:
    reals = np.array([[1 / 3, 2 / 3], [0.1, 0.9], [-0.05, 1.05]])
    np.testing.assert_array_equal(integer_weights(reals).sum(axis=1), 1 << WEIGHT_BITS)


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "pad", "most"),
    [
        (3, 1, 1, 0, 3),
        (2, 2, 1, 0, 1),
        (4, 2, 1, 1, 2),
        (3, 2, 1, 1, 2),
        (2, 3, 1, 0, 1),
        (3, 2, 2, 0, 3),
        (3, 2, 3, 1, 5),
    ],
)
def test_phases_have_the_taps_that_reach_them(kernel: int, stride: int, dilation: int, pad: int, most: int) -> None:
    phases = Phases.of(kernel, stride, dilation, pad)
    assert phases.taps.shape[0] == stride and phases.taps.shape[1] <= most
    size, w = 9, np.arange(1, kernel + 1)
    x = np.arange(10, 10 + size)
    expected = np.zeros(size * stride + kernel * dilation + pad, np.int64)
    for i in range(size):
        for t in range(kernel):
            place = i * stride + t * dilation - pad
            if place >= 0:
                expected[place] += w[t] * x[i]
    for o in range(size * stride):
        q, p = divmod(o, stride)
        reads = [(q + p * phases.slope + phases.start + t, tap) for t, tap in enumerate(phases.taps[p])]
        assert sum(w[tap] * x[i] for i, tap in reads if tap != NO_TAP and 0 <= i < size) == expected[o]
