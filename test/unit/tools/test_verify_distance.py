"""Distances and when they are close: dB, steps, ties, and values that have no dB."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from xdsl.dialects import test
from xdsl.dialects.builtin import TensorType, f32, i8, i32

from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.tools.verifying.distance import Criterion, Distance
from tinyml_opt.tools.verifying.lowered import Node
from tinyml_opt.tools.verifying.node_wise import TIE, NodeExactness


def distance(reference: ArrayLike, actual: ArrayLike, step: float = 1.0, plain: bool = False) -> Distance:
    """The distance of two lists."""
    found = Distance(plain=plain)
    found.add(np.asarray(reference), np.asarray(actual), step)
    return found


FLOAT, QUANTIZED = Criterion(quantized=False), Criterion(quantized=True)


def test_snr() -> None:
    found = distance([3.0, 4.0], [3.0, 4.5], step=0.25)
    assert found.snr_db == pytest.approx(20.0)
    assert found.max_steps == 2.0 and found.share_over_2 == 0.0
    assert FLOAT.fault(found) is None
    assert "the SNR is 20.0 dB, below the 21 dB" in str(Criterion(False, min_snr=21).fault(found))


def test_parts_add_up() -> None:
    whole, parts = distance([1.0, 2.0, 3.0], [1.5, 2.0, 0.0]), Distance()
    parts.add(np.array([1.0]), np.array([1.5]), 1.0)
    parts.add(np.array([2.0, 3.0]), np.array([2.0, 0.0]), 1.0)
    assert parts == whole


def test_all_equal_has_no_snr_and_is_close() -> None:
    found = distance([0.0, 0.0], [0.0, 0.0])
    assert found.equal and found.snr_db is None and found.greatest == 0.0
    assert FLOAT.fault(found) is None and QUANTIZED.fault(found) is None


def test_a_reference_of_zeros_is_judged_in_steps() -> None:
    near, off = distance([0.0] * 4, [0.1] * 4, step=0.1), distance([0.0] * 4, [0.0, 0.0, 0.0, 0.9], step=0.1)
    assert near.snr_db is None and not near.equal and FLOAT.fault(near) is None
    assert "25.00% of the values are more than 2 steps off" in str(FLOAT.fault(off))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_never_close(bad: float) -> None:
    for found in (distance([1.0, bad], [1.0, 1.0]), distance([bad], [bad])):
        assert found.snr_db is None and found.greatest is None
        for criterion in (FLOAT, QUANTIZED, Criterion(False, tolerance=1e9)):
            assert "values are NaN or infinite" in str(criterion.fault(found))


def test_values_too_large_for_a_sum_of_squares() -> None:
    assert FLOAT.fault(distance([1e200], [2e200], step=1e200)) == "its values are too large to be compared"


def test_indices_are_right_or_wrong() -> None:
    """Class 9 for class 0 is as wrong as class 1."""
    found = distance([0] * 9 + [1], [0] * 9 + [9], plain=True)
    assert found.snr_db == pytest.approx(10.0) and found.max_steps == 8.0
    assert FLOAT.fault(distance([0, 0], [0, 1], plain=True)) is not None


def test_one_percent_of_a_quantized_model_may_be_far() -> None:
    reference = np.zeros(200)
    for count, close in ((2, True), (3, False)):
        actual = reference.copy()
        actual[:count] = 2.5
        assert (QUANTIZED.fault(distance(reference, actual)) is None) == close
    assert QUANTIZED.fault(distance(reference, reference + 2.0)) is None


def test_a_tolerance_replaces_both() -> None:
    found = distance([100.0, 0.0], [100.0, 3.0])
    assert Criterion(False, min_snr=99.0, tolerance=3.0).fault(found) is None
    assert Criterion(True, tolerance=3.0).fault(found) is None
    assert "3 steps off at most, above the 2.5 of --tolerance" in str(Criterion(True, tolerance=2.5).fault(found))


def exactness(element: Any, exact: ArrayLike, integers: ArrayLike) -> NodeExactness:
    """A node's exact real values and the integers that it gave."""
    real = f32 if isinstance(element, QType) else i32
    found = NodeExactness(Node("n", test.TestOp(result_types=[TensorType(real, [1])]).results[0], element))
    found.add(np.asarray(exact, np.float64), np.asarray(integers))
    return found


def test_ties_may_round_either_way() -> None:
    half = QType(i8, 0.5, 1)
    near = 0.25 * (1 + TIE)
    found = exactness(half, [0.25, 0.75, near, 0.5, 100.0], [1, 2, 1, 2, 127])
    assert (found.ties, found.unequal) == (2, 0)
    assert found.fault(64) is None


def test_what_is_no_tie_is_unequal() -> None:
    half = QType(i8, 0.5)
    found = exactness(half, [0.26, 5.0], [0, 13])
    assert (found.ties, found.unequal, found.far) == (0, 2, 1)
    assert "100.00% of its integers are not what an exact evaluation of its inputs gives" in str(found.fault(64))
    assert "50.00% of its integers are more than 2 steps from" in str(found.fault(32))


def test_indices_have_no_ties() -> None:
    found = exactness(i32, [3.0, 4.0], [3, 5])
    assert (found.ties, found.unequal, found.worst) == (0, 1, 0.5)
