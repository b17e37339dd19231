"""The plan checker's numbers of bytes against a list with one for each byte."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.passes.memplan.checking.intervals import Numbers, Pieces, Runs, rows_touched, run, runs_of_mask, within

SIZE = 24
VALUES = st.integers(0, 3)
MASKS = st.lists(st.booleans(), min_size=SIZE, max_size=SIZE).filter(any)
SPANS = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).map(lambda ends: (min(ends), max(ends) + 1))
CHANGES = st.lists(st.tuples(MASKS | SPANS.map(lambda span: [span[0] <= b < span[1] for b in range(SIZE)]), VALUES))


def runs_of(mask: list[bool]) -> Runs:
    return runs_of_mask(np.array(mask))


def changed(changes: list[tuple[list[bool], int]]) -> tuple[Numbers, list[int]]:
    numbers, expected = Numbers(0), [0] * SIZE
    for mask, value in changes:
        numbers.put(runs_of(mask), value)
        expected = [value if here else old for here, old in zip(mask, expected, strict=True)]
    return numbers, expected


@given(CHANGES, SPANS, VALUES)
def test_numbers_are_those_of_the_bytes(
    changes: list[tuple[list[bool], int]], span: tuple[int, int], value: int
) -> None:
    numbers, expected = changed(changes)
    start, end = span
    assert numbers.at(np.arange(SIZE)).tolist() == expected
    found = set(expected[start:end])
    assert numbers.common(start, end) == (found.pop() if len(found) == 1 else None)
    for equal in (True, False):
        wanted = [start <= byte < end and (expected[byte] == value) == equal for byte in range(SIZE)]
        where = np.zeros(SIZE, np.bool_)
        for first, last in numbers.where(start, end, value, equal).tolist():
            where[first:last] = True
        assert where.tolist() == wanted
    same = all(a != b for a, b in zip(numbers.values, numbers.values[1:], strict=False))
    assert same, "neighbours that have the same number are one segment"


@given(CHANGES, CHANGES, MASKS, st.integers(0, 5))
def test_pieces_have_one_number_of_each(
    changes: list[tuple[list[bool], int]], others: list[tuple[list[bool], int]], mask: list[bool], shift: int
) -> None:
    (left, expected), (right, shifted) = changed(changes), changed(others)
    shifted = [*shifted, *[0] * shift]
    pieces = Pieces.of(runs_of(mask), left, (right, shift))
    rows = zip(pieces.starts.tolist(), pieces.sizes.tolist(), *(v.tolist() for v in pieces.values), strict=True)
    found = {byte: (a, b) for first, size, a, b in rows for byte in range(first, first + size)}
    assert found == {byte: (expected[byte], shifted[byte + shift]) for byte in range(SIZE) if mask[byte]}


@given(MASKS, SPANS)
def test_runs_of_a_mask(mask: list[bool], span: tuple[int, int]) -> None:
    start, end = span
    inside = [first <= byte < last for byte in range(SIZE) for first, last in [span]]
    both = [here and there for here, there in zip(mask, inside, strict=True)]
    assert within(runs_of(mask), start, end).tolist() == runs_of(both).tolist()
    touched = [row for row in range(SIZE // 4) if any(mask[4 * row : 4 * row + 4])]
    assert list(rows_touched(runs_of(mask), 4, SIZE // 4)) == touched
    assert run(start, end).tolist() == runs_of(inside).tolist()
