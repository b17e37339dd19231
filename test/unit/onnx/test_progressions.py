"""Lists of indices as progressions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tinyml_opt.dialects.onnx.progressions import Progression, parts, progression


def spelled(found: Progression) -> list[int]:
    """The indices of a progression."""
    digits = product(*(range(size) for size in found.sizes))
    return [found.offset + sum(c * d for c, d in zip(found.coefficients, point, strict=True)) for point in digits]


@pytest.mark.parametrize(
    ("indices", "digits"),
    [
        ([3], 0),
        ([0, 1, 2], 1),
        ([4, 2, 0], 1),
        ([5, 5, 5], 1),
        ([0, 0, 1, 1, 2, 2], 2),
        ([0, 1, 2, 0, 1, 2], 2),
        ([0, 0, 3, 3, 1, 1, 4, 4], 3),
    ],
)
def test_progression(indices: list[int], digits: int) -> None:
    found = progression(indices)
    assert found is not None and spelled(found) == indices and len(found.sizes) == digits
    assert found.count == len(indices)


@pytest.mark.parametrize(
    ("indices", "count"), [([1, 0, 1, 2, 3, 2, 1], 3), ([0, 0, 0, 1, 2, 2], 3), ([0, 2, 4, 5, 6], 2)]
)
def test_parts(indices: list[int], count: int) -> None:
    assert progression(indices) is None
    found = parts(indices)
    assert [index for part in found for index in spelled(part)] == indices
    assert len(found) == count


def test_parts_keep_a_whole_together() -> None:
    """What stands in the middle of a reflection is the tensor itself, not all of it but its ends."""
    assert Progression(0, (4,), (1,)) in parts([2, 1, 0, 1, 2, 3, 2, 1])


def test_parts_of_anything() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        indices = random.integers(0, 4, random.integers(1, 12)).tolist()
        assert [index for part in parts(indices) for index in spelled(part)] == indices
