"""An input of the model that is called as labels usually are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType, f32

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.dataset import load_dataset

INPUTS = np.array([[0.5, 1.5], [2.5, 3.5]], np.float32)


def test_an_input_called_y_is_no_label(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", y=INPUTS, labels=np.array([1, 0]))
    data = load_dataset(tmp_path / "data.npz", {"y": TensorType(f32, (1, 2))})
    np.testing.assert_array_equal(data.inputs["y"], INPUTS.reshape(2, 1, 2))
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0]


def test_other_models_have_labels_y(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=INPUTS, y=np.array([1, 0]), labels=np.array([0.5]))
    data = load_dataset(tmp_path / "data.npz", {"input": TensorType(f32, (1, 2))})
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0]


def test_labels_where_the_input_should_be(tmp_path: Path) -> None:
    """The message says what they are called."""
    np.savez(tmp_path / "data.npz", x=INPUTS, y=np.array([1, 0]))
    with pytest.raises(UserError, match="labels are called 'labels' here"):
        load_dataset(tmp_path / "data.npz", {"y": TensorType(f32, (1, 2))})
