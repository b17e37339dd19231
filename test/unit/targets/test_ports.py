"""Between real numbers in ONNX's layout and stored integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, StringAttr, TensorType, i32

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import IntsAttr, PortAttr, QType
from tinyml_opt.targets.dataset import Dataset
from tinyml_opt.targets.ports import integers_of, predicted_classes, to_real, to_stored

UINT8 = IntegerType(8, Signedness.UNSIGNED)


def port(element: QType | IntegerType, shape: Sequence[int], permutation: Sequence[int]) -> PortAttr:
    """A port named `x`."""
    return PortAttr(StringAttr("x"), TensorType(element, shape), IntsAttr(tuple(permutation)))


def data(values: NDArray[Any], stored: bool = False) -> Dataset:
    """A dataset of the one input `x`."""
    return Dataset({"x": values}, {"x": stored}, None)


def quantized(values: Sequence[float], type: QType) -> list[int]:
    """Real numbers as a port's integers."""
    return integers_of(data(np.array([values])), port(type, (len(values),), (0,)))[0].tolist()


def test_ties_go_to_the_even_integer_and_everything_saturates():
    type = QType(IntegerType(8), 0.5, 3)
    assert quantized([0.0, 0.25, 0.75, -0.25, -0.75, 1e9, -1e9], type) == [3, 3, 5, 3, 1, 127, -128]
    assert quantized([-1.0, 0.0, 1e9], QType(UINT8, 2.0**-1, 128)) == [126, 128, 255]
    assert quantized([40000.0, -2.0], QType(IntegerType(16), 1.0)) == [32767, -2]


@given(st.permutations([0, 1, 2]), st.integers(0, 100), st.sampled_from([0, -7]))
def test_there_and_back(permutation: list[int], seed: int, zero_point: int):
    """Integers that stand for reals exactly come back as these reals, whatever the layout."""
    type, shape = QType(IntegerType(8), 2.0**-3, zero_point), (2, 3, 4)
    integers = np.random.default_rng(seed).integers(-128, 128, (5, *shape))
    reals = (integers - zero_point) * 2.0**-3
    ports = (port(type, shape, permutation),)
    stored = to_stored(data(reals), ports)["x"]
    assert stored.dtype == np.int8 and stored.flags.c_contiguous
    assert stored.shape[1:] == tuple(shape[axis] for axis in permutation)
    np.testing.assert_array_equal(stored, integers.transpose(0, *(axis + 1 for axis in permutation)))
    np.testing.assert_array_equal(to_real({"x": stored}, ports)["x"], reals)


def test_integers_that_are_stored_already_stay():
    values = np.array([[1, -2, 3]], np.int64)
    assert to_stored(data(values, True), (port(QType(IntegerType(8), 0.1), (3,), (0,)),))["x"].tolist() == [[1, -2, 3]]
    with pytest.raises(UserError, match=r"input 'x' takes integers in \[-128, 127\], got \[-2, 300\].*x_scale"):
        to_stored(data(np.array([[300, -2]]), True), (port(QType(IntegerType(8), 0.1), (2,), (0,)),))


def test_plain_integers_are_not_scaled():
    indices = np.array([[7], [9]], np.int32)
    assert to_real({"x": indices}, (port(i32, (1,), (0,)),))["x"].tolist() == [[7], [9]]


def test_classes():
    scores = np.array([[[0.0, 2.0, 2.0]], [[3.0, 1.0, 0.0]]])
    assert predicted_classes(scores, is_index=False).tolist() == [1, 0]
    assert predicted_classes(np.array([[4], [2]]), is_index=True).tolist() == [4, 2]
