"""First-fit in order of birth against the definition of a placement, and what it is for: buffers of one size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.passes.memplan.offsets.placement import Overlap, Problem, Request
from tinyml_opt.passes.memplan.offsets.sweep import sweep


@st.composite
def cases(draw: st.DrawFn, largest: int) -> tuple[list[Request], list[Overlap]]:
    """Requests over twelve steps; some take the bytes of one that dies in their first step."""
    starts = sorted(draw(st.lists(st.integers(0, 12), min_size=1, max_size=25)))
    sizes, alignments = st.integers(1, largest), st.sampled_from([1, 2, 4] if largest > 1 else [1])
    requests = [Request(t, t + draw(st.integers(1, 6)), draw(sizes), draw(alignments)) for t in starts]
    pairs = [
        (i, o)
        for o, output in enumerate(requests)
        for i, input in enumerate(requests)
        if input.lower < output.lower and input.upper == output.lower + 1 and draw(st.booleans())
    ]
    return requests, [Overlap(i, o, draw(st.integers(0, requests[o].size))) for i, o in pairs]


@given(cases(9))
def test_what_is_alive_together_lies_apart(case: tuple[list[Request], list[Overlap]]) -> None:
    requests, overlaps = case
    offsets = sweep(Problem.of(requests, overlaps))
    assert offsets is not None
    distances = {(o.input, o.output): o.distance for o in overlaps}
    for b, upper in enumerate(requests):
        assert offsets[b] % upper.alignment == 0
        for a, lower in enumerate(requests[:b]):
            if max(lower.lower, upper.lower) < min(lower.upper, upper.upper):
                apart = offsets[a] + lower.size <= offsets[b] or offsets[b] + upper.size <= offsets[a]
                assert apart or offsets[b] + distances[a, b] <= offsets[a]


@given(cases(1))
def test_equal_sizes_waste_nothing(case: tuple[list[Request], list[Overlap]]) -> None:
    requests, _ = case
    problem = Problem.of(requests)
    offsets = sweep(problem)
    assert offsets is not None and problem.peak(offsets) == problem.lower_bound()


@given(cases(9))
def test_pairs_are_counted(case: tuple[list[Request], list[Overlap]]) -> None:
    problem = Problem.of(case[0])
    assert 2 * problem.pairs_alive() == sum(map(len, problem.neighbours))


def test_what_is_given_later_is_no_case_for_it() -> None:
    assert sweep(Problem.of([Request(0, 2, 4), Request(1, 3, 4, offset=0)])) is None
    offsets = sweep(Problem.of([Request(0, 3, 4), Request(0, 2, 4, offset=0), Request(1, 3, 2)]))
    assert offsets is not None and offsets.tolist() == [4, 0, 8]
