"""Multipliers of sums: right for all pairs of 8-bit values, where the nearest ones are wrong for some."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import IntegerType

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.lowering.onnx_to_fixed.addends import exact_multipliers
from tinyml_opt.lowering.onnx_to_fixed.elementwise import addend_factors

SHIFT = 21
INTEGERS = np.arange(-128, 128, dtype=np.int64)


def q(scale: float) -> QType:
    """Symmetric integers of 8 bits."""
    return QType(IntegerType(8), scale)


def wrong(factors: list[float], multipliers: list[int]) -> int:
    """Pairs whose rounded sum is not the nearest integer, ties apart."""
    exact = INTEGERS[:, np.newaxis] * factors[0] + INTEGERS * factors[1]
    sums = INTEGERS[:, np.newaxis] * multipliers[0] + INTEGERS * multipliers[1]
    return int(np.count_nonzero(np.abs((sums + (1 << SHIFT - 1) >> SHIFT) - exact) > 0.5 + 2.0**-20))


def test_neighbours_mend_what_the_nearest_miss() -> None:
    mended = 0
    for scales in np.random.default_rng(0).uniform(0.2, 0.45, (12, 2)):
        factors = scales.tolist()
        nearest = [round(f * 2**SHIFT) for f in factors]
        found = exact_multipliers([q(s) for s in factors], q(1.0), factors, nearest, SHIFT)
        assert wrong(factors, found) <= wrong(factors, nearest)
        mended += wrong(factors, nearest) > wrong(factors, found) == 0
    assert mended


def test_exact_ones_stay_and_so_do_other_sums() -> None:
    assert exact_multipliers([q(0.5), q(0.25)], q(1.0), [0.5, 0.25], [1 << 20, 1 << 19], SHIFT) == [1 << 20, 1 << 19]
    assert exact_multipliers([q(0.3)] * 3, q(1.0), [0.3] * 3, [629146] * 3, SHIFT) == [629146] * 3


def test_an_addend_of_any_scale_leaves_the_others_alone() -> None:
    zeros, fine = QType(IntegerType(16), 1.0), QType(IntegerType(16), 2.0**-24)
    assert addend_factors([fine, zeros], fine, 1, [1 << 15] * 2) == [1.0, 2.0**18]
    assert addend_factors([zeros, fine, fine], fine, 1, [1 << 15] * 3)[1:] == [1.0, 1.0]
    assert addend_factors([q(1e300), q(1e-300)], q(1e-300), 1, [128] * 2)[1] == 1.0


def test_addends_that_cancel_each_other_keep_their_ratio() -> None:
    types = [QType(IntegerType(16), 2.0**6), QType(IntegerType(16), 2.0**4)]
    y = QType(IntegerType(16), 2.0**-15)
    assert addend_factors(types, y, 1, [1 << 15] * 2) == [2.0**21, 2.0**19]
    beyond = addend_factors(types, QType(IntegerType(16), 2.0**-40), 1, [1 << 15] * 2)
    assert beyond == [2.0**40, 2.0**38]
