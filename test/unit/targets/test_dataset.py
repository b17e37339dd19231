"""Data files that do not fit a model."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType, f32

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.dataset import dataset_of


def test_many_missing_inputs_are_counted() -> None:
    types = {f"x{i:03d}": TensorType(f32, [1, 2]) for i in range(300)}
    with pytest.raises(UserError) as caught:
        dataset_of({"y": np.zeros(4)}, types, "data.npz")
    assert len(caught.value.reasons) == 9
    assert "'x007'" in caught.value.reasons[7]
    assert caught.value.reasons[8] == "data.npz: no arrays for 292 more inputs"


def test_what_is_wrong_with_each_input_is_said_at_once() -> None:
    types = {name: TensorType(f32, [1, 2]) for name in "abc"}
    arrays = {"a": np.zeros((3, 5)), "b": np.full((3, 2), np.nan), "b_scale": np.zeros(3)}
    with pytest.raises(UserError) as caught:
        dataset_of(arrays, types, "data.npz")
    told = ["no array for input 'c'", "'a' has shape (3, 5)", "'b_scale' must be one finite number"]
    assert all(part in reason for part, reason in zip(told, caught.value.reasons, strict=True))
