"""Placement of outputs over their inputs, and around buffers that lie already, against brute force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, count, permutations
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.passes.memplan.offsets import improve as offsets_improve
from tinyml_opt.passes.memplan.offsets.placement import Overlap, Placement, Request, place

Case = tuple[list[Request], list[Overlap]]


def compatible(requests: Sequence[Request], overlaps: Sequence[Overlap], at: dict[int, int], new: int) -> bool:
    """By the definition: disjoint, or never alive together, or the output far enough below the input."""
    for other in at:
        a, b, x, y = requests[new], requests[other], at[new], at[other]
        together = max(a.lower, b.lower) < min(a.upper, b.upper)
        if other == new or not together or x + a.size <= y or y + b.size <= x:
            continue
        if not any({o.input, o.output} == {new, other} and at[o.output] + o.distance <= at[o.input] for o in overlaps):
            return False
    return True


def check(requests: list[Request], overlaps: list[Overlap], placement: Placement) -> None:
    """Offsets are aligned, as given, and compatible; the peak is what they need and at least the bound."""
    at = dict(enumerate(placement.offsets))
    for index, request in enumerate(requests):
        assert at[index] >= 0 and at[index] % request.alignment == 0
        assert request.offset is None or at[index] == request.offset
        assert compatible(requests, overlaps, at, index)
    assert placement.peak == max((at[index] + request.size for index, request in enumerate(requests)), default=0)
    assert placement.peak >= placement.lower_bound


def brute_force(requests: list[Request], overlaps: list[Overlap]) -> int:
    """The least peak: the best over all orders, of which one makes first-fit optimal."""
    given = {index: request.offset for index, request in enumerate(requests) if request.offset is not None}
    free = [index for index in range(len(requests)) if index not in given]
    best = sum(request.size + request.alignment for request in requests) + max(given.values(), default=0)
    for order in permutations(free):
        at = dict(given)
        for index in order:
            for offset in count(0, requests[index].alignment):
                at[index] = offset
                if compatible(requests, overlaps, at, index):
                    break
        best = min(best, max(at[index] + request.size for index, request in enumerate(requests)))
    return best


@st.composite
def cases(draw: st.DrawFn, count: int, alignments: Sequence[int] = (1,), given: bool = False) -> Case:
    """Requests, and overlaps of some of the pairs where one dies in the step that writes the other."""
    lives = st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(1, 9), st.sampled_from(alignments))
    drawn = draw(st.lists(lives, min_size=1, max_size=count))
    requests = [Request(lower, lower + length, size, alignment) for lower, length, size, alignment in drawn]
    overlaps: list[Overlap] = []
    for a, b in permutations(range(len(requests)), 2):
        if requests[a].lower < requests[b].lower == requests[a].upper - 1 and draw(st.booleans()):
            overlaps.append(Overlap(a, b, draw(st.integers(0, 4))))
    if given:
        for index in draw(st.sets(st.integers(0, len(requests) - 1), max_size=2)):
            offset = draw(st.integers(0, 6)) * requests[index].alignment
            candidate = [*requests]
            candidate[index] = replace(requests[index], offset=offset)
            fixed = {i: r.offset for i, r in enumerate(candidate) if r.offset is not None}
            if all(compatible(candidate, overlaps, dict(pair), pair[0][0]) for pair in combinations(fixed.items(), 2)):
                requests = candidate
    return requests, overlaps


@given(cases(25, [1, 2, 4, 8], given=True), st.booleans())
def test_placements_are_valid(case: Case, exact: bool) -> None:
    check(*case, place(*case[:1], exact, node_limit=500, overlaps=case[1]))


@given(cases(25, [1, 2, 4], given=True))
def test_placements_around_hot_buffers_are_valid(case: Case) -> None:
    with patch.object(offsets_improve, "LARGE", 0):
        check(*case, place(case[0], node_limit=500, overlaps=case[1]))


@given(cases(5, [1, 2]))
def test_overlaps_never_go_below_the_bound(case: Case) -> None:
    placement = place(case[0], node_limit=500, overlaps=case[1])
    check(*case, placement)
    assert placement.lower_bound <= brute_force(*case) <= placement.peak


@given(cases(5, [1, 2], given=True))
def test_given_offsets_never_go_below_the_bound(case: Case) -> None:
    placement = place(case[0], node_limit=500, overlaps=case[1])
    check(*case, placement)
    assert placement.lower_bound <= brute_force(*case) <= placement.peak


def test_a_chain_of_rows_in_place() -> None:
    """Each row replaces the one before: all lie in the bytes of the first."""
    requests = [Request(step, step + 2, 8) for step in range(50)]
    overlaps = [Overlap(step, step + 1, 0) for step in range(49)]
    assert place(requests).peak == 16
    assert (place(requests, overlaps=overlaps).peak, place(requests, overlaps=overlaps).lower_bound) == (8, 8)


def test_a_distance_keeps_the_output_below() -> None:
    """An output of 8 bytes that must stay 3 behind its input of 8 saves 5."""
    placement = place([Request(0, 2, 8), Request(1, 3, 8)], overlaps=[Overlap(0, 1, 3)])
    assert placement == Placement((3, 0), 11, 11)


def test_a_given_offset_is_kept() -> None:
    placement = place([Request(0, 2, 8, offset=4), Request(0, 2, 3), Request(0, 2, 5)], node_limit=500)
    assert placement.offsets[0] == 4
    assert placement.peak == 17


@pytest.mark.parametrize(
    "overlap", [Overlap(0, 1, -1), Overlap(1, 0, 0), Overlap(0, 0, 0), Overlap(0, 2, 0)], ids=lambda o: str(o)
)
def test_senseless_overlaps_are_refused(overlap: Overlap) -> None:
    with pytest.raises(ValueError, match="input alive before the output"):
        place([Request(0, 3, 8), Request(2, 4, 8), Request(1, 2, 8)], overlaps=[overlap])


def test_given_offsets_that_collide_are_refused() -> None:
    with pytest.raises(ValueError, match="lies in the bytes of"):
        place([Request(0, 2, 8, offset=0), Request(1, 2, 8, offset=7)])
    with pytest.raises(ValueError, match="alignment divides it"):
        place([Request(0, 2, 8, 4, offset=2)])
