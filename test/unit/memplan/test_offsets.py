"""The offset search against brute force and against the definition of a placement."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.passes.memplan.offsets.greedy import greedy
from tinyml_opt.passes.memplan.offsets.placement import Placement, Problem, Request, place
from tinyml_opt.passes.memplan.offsets.repair import Repair


def check(requests: list[Request], placement: Placement) -> None:
    """Offsets are aligned and never overlap; the peak is what they need and at least the bound."""
    placed = list(zip(requests, placement.offsets, strict=True))
    for index, (a, start) in enumerate(placed):
        assert start >= 0 and start % a.alignment == 0
        for b, other in placed[:index]:
            if max(a.lower, b.lower) < min(a.upper, b.upper):
                assert start + a.size <= other or other + b.size <= start
    assert placement.peak == max((start + request.size for request, start in placed), default=0)
    assert placement.peak >= placement.lower_bound >= most_alive(requests)


def most_alive(requests: list[Request]) -> int:
    """Bytes alive at the worst time, without alignment."""
    times = {request.lower for request in requests}
    return max((sum(r.size for r in requests if r.lower <= t < r.upper) for t in times), default=0)


def brute_force(requests: list[Request]) -> int:
    """The least peak: the best of first-fit over all orders, which some order makes optimal."""
    best = sum(request.size + request.alignment for request in requests)
    for order in permutations(requests):
        placed: list[tuple[Request, int]] = []
        for request in order:
            offset = 0
            for other, start in sorted(placed, key=lambda p: p[1]):
                if max(request.lower, other.lower) < min(request.upper, other.upper):
                    if start - offset >= request.size:
                        break
                    end = start + other.size
                    offset = max(offset, -(-end // request.alignment) * request.alignment)
            placed.append((request, offset))
        best = min(best, max(start + request.size for request, start in placed))
    return best


def first_fit_peak(problem: Problem) -> int:
    """The arena of the greedy placement, in bytes."""
    return problem.peak(greedy(problem))


def lasting(lower: int, length: int, size: int, alignment: int) -> Request:
    """A request by its length."""
    return Request(lower, lower + length, size, alignment)


def request_lists(max_size: int, alignments: list[int], span: int) -> st.SearchStrategy[list[Request]]:
    """Lists of requests over `span` steps."""
    request = st.builds(
        lasting,
        st.integers(0, span),
        st.integers(1, span // 2),
        st.integers(1, 12),
        st.sampled_from(alignments),
    )
    return st.lists(request, max_size=max_size)


@given(request_lists(40, [1, 2, 4, 8], 20), st.booleans())
def test_placements_are_valid(requests: list[Request], exact: bool) -> None:
    check(requests, place(requests, exact, node_limit=500))


@given(request_lists(30, [1, 2, 4, 8], 20))
def test_repair_keeps_to_its_limit(requests: list[Request]) -> None:
    """From all buffers on top of each other to within a limit that leaves room; every step leaves a valid placement."""
    problem = Problem.of(requests)
    tower = np.cumsum([0, *(-(-problem.true_sizes // 8) * 8)])[:-1]
    limit = max(2 * problem.lower_bound(), first_fit_peak(problem))
    repair = Repair(problem, limit, tower, np.random.default_rng(0))
    repair.run(20 * len(requests))
    offsets = tuple(map(int, repair.best))
    check(requests, Placement(offsets, repair.best_peak, most_alive(requests)))
    assert repair.best_peak <= limit


@given(request_lists(6, [1], 8))
def test_search_finds_and_proves_the_optimum(requests: list[Request]) -> None:
    placement = place(requests, node_limit=20_000)
    check(requests, placement)
    assert placement.proven
    assert not requests or placement.peak == brute_force(requests)


@given(request_lists(5, [1, 2, 4], 6))
def test_search_respects_alignment_at_no_extra_cost(requests: list[Request]) -> None:
    placement = place(requests, node_limit=20_000)
    check(requests, placement)
    assert placement.proven
    assert not requests or placement.peak == brute_force(requests)


def test_search_beats_first_fit() -> None:
    """Every order that first-fit tries wastes a byte here; the best placement meets the bound."""
    columns = [(3, 7, 2), (2, 6, 1), (4, 7, 2), (5, 9, 2), (1, 4, 3)]
    requests = [Request(*column) for column in columns]
    greedy, searched = place(requests, exact=False), place(requests)
    assert (greedy.peak, greedy.method, greedy.proven) == (8, "greedy", False)
    assert (searched.peak, searched.method, searched.proven) == (7, "search", True)


def test_a_bound_that_cannot_be_met_is_raised() -> None:
    """Six bytes are the most alive at once, yet no placement does with fewer than seven, and the search proves it."""
    columns = [(4, 6, 1), (3, 5, 1), (1, 2, 3), (6, 10, 3), (5, 9, 3), (2, 6, 2), (1, 4, 3)]
    requests = [Request(*column) for column in columns]
    placement = place(requests)
    assert most_alive(requests) == 6
    assert placement.peak == placement.lower_bound == brute_force(requests) == 7


def test_nothing_to_place() -> None:
    assert place([]) == Placement((), 0, 0)
    assert place([Request(3, 3, 8)]).offsets == (0,)


@pytest.mark.parametrize("request_", [Request(0, 1, 0), Request(0, 1, 4, 3), Request(0, 1, 4, 0)])
def test_senseless_requests_are_refused(request_: Request) -> None:
    with pytest.raises(ValueError, match="power of two"):
        place([request_])


def test_a_smaller_buffer_of_the_same_rounded_size_goes_on_top() -> None:
    """Both take two bytes in the middle of an arena, but only one of them three on top of the other."""
    placement = place([Request(2, 3, 1, 2), Request(2, 3, 2, 2)])
    assert (placement.offsets, placement.peak, placement.lower_bound) == ((2, 0), 3, 3)
