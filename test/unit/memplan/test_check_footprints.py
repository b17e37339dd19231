"""The plan checker's footprints against their definition, point by point."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.dialects.access import Linear
from tinyml_opt.passes.memplan.checking.footprints import UNTOUCHED, is_product, points, runs, touched

Case = tuple[list[Linear], list[int], int, list[int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Access maps with strides, flips, padding, repeated and unused dimensions: results, sizes, parallel, shape."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    coefficients = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, -1]), min_size=len(sizes), max_size=len(sizes))
    results = [Linear(tuple(draw(coefficients)), draw(st.integers(-2, 3))) for _ in shape]
    return results, sizes, draw(st.integers(0, len(sizes))), shape


def by_definition(
    results: Sequence[Linear], sizes: Sequence[int], parallel: int, shape: Sequence[int]
) -> dict[tuple[int, ...], list[int]]:
    """The numbers of the points that touch each element."""
    found: dict[tuple[int, ...], list[int]] = {}
    for number, point in enumerate(product(*map(range, sizes[:parallel]))):
        for taps in product(*map(range, sizes[parallel:])):
            dims = (*point, *taps)
            element = tuple(sum(c * d for c, d in zip(r.coefficients, dims, strict=True)) + r.offset for r in results)
            if all(0 <= index < size for index, size in zip(element, shape, strict=True)):
                found.setdefault(element, []).append(number)
    return found


@given(cases())
def test_footprints_follow_the_definition(case: Case) -> None:
    results, sizes, parallel, shape = case
    expected = by_definition(*case)
    mask = touched(results, sizes, shape)
    numbers_touched = {number for start, end in runs(results, sizes, shape).tolist() for number in range(start, end)}
    assert numbers_touched == set(np.flatnonzero(mask).tolist())
    first, last = (points(results, sizes, parallel, shape, end).reshape(shape) for end in (False, True))
    for element in product(*map(range, shape)):
        numbers = expected.get(element, [UNTOUCHED])
        assert bool(mask[element]) == (element in expected)
        assert (int(first[element]), int(last[element])) == (min(numbers), max(numbers))


def test_shared_dimensions_are_enumerated() -> None:
    """A diagonal is not the product of its rows and columns."""
    diagonal = [Linear((1,), 0), Linear((1,), 0)]
    assert not is_product(diagonal)
    np.testing.assert_array_equal(touched(diagonal, [3], [3, 3]), np.eye(3, dtype=bool))
    assert is_product([Linear((1, 0), 0), Linear((0, 2), -1)])
    assert points(diagonal, [3], 1, [3, 3], True).tolist() == [0, -1, -1, -1, 1, -1, -1, -1, 2]
    assert points([Linear((0,), 0)], [3], 1, [1], True).tolist() == [2]
