"""Placement in several memories: never over a size, everything in one of them, what is accessed more in the faster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.memories import Memory, parse_memories
from tinyml_opt.passes.memplan.offsets.assign import Group, assign
from tinyml_opt.passes.memplan.offsets.memories import MemoryMisfit, Plan, place_in_memories, sum_bound
from tinyml_opt.passes.memplan.offsets.placement import Overlap, Request, place

Case = tuple[list[Request], list[Overlap], list[Group]]


@st.composite
def cases(draw: st.DrawFn, count: int = 8, alignments: Sequence[int] = (1, 4)) -> Case:
    """Buffers, some of them in rows; some outputs may lie over an input that dies."""
    requests: list[Request] = []
    groups: list[Group] = []
    for number in range(draw(st.integers(1, count))):
        rows = draw(st.sampled_from([1, 1, 3]))
        size, alignment = draw(st.integers(1, 12)), draw(st.sampled_from(alignments))
        members = tuple(range(len(requests), len(requests) + rows))
        for _ in members:
            lower = draw(st.integers(0, 6))
            requests.append(Request(lower, lower + draw(st.integers(0, 4)), size, alignment))
        groups.append(Group(f"b{number}", members, draw(st.integers(0, 100))))
    overlaps = [
        Overlap(a, b, draw(st.integers(0, 4)))
        for a, b in product(range(len(requests)), repeat=2)
        if requests[a].lower < requests[b].lower == requests[a].upper - 1 and draw(st.booleans())
    ]
    return requests, overlaps, groups


SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=3)


def memories_of(sizes: Sequence[int]) -> list[Memory]:
    """Memories `m0`, `m1`, ..., the fastest first."""
    return [Memory(f"m{number}", size) for number, size in enumerate(sizes)]


def check(case: Case, memories: Sequence[Memory], plan: Plan) -> None:
    """Each request lies in one memory, inside it, aligned, apart from what lives with it there; groups stay whole."""
    requests, overlaps, groups = case
    assert sorted(number for part in plan.parts for number in part.numbers) == list(range(len(requests)))
    assert all(part.placement.peak <= part.memory.size for part in plan.parts)
    assert len({part.memory.name for part in plan.parts}) == len(plan.parts)
    assert plan.lower_bound <= plan.peak == sum(part.placement.peak for part in plan.parts)
    places = plan.places
    for number, (request, (part, offset)) in enumerate(zip(requests, places, strict=True)):
        assert 0 <= offset and offset % request.alignment == 0
        assert offset + request.size <= plan.parts[part].placement.peak
        for other in range(number):
            (home, at), beside = places[other], requests[other]
            apart = home != part or offset + request.size <= at or at + beside.size <= offset
            together = max(request.lower, beside.lower) < min(request.upper, beside.upper)
            shared = any(
                {o.input, o.output} == {number, other} and places[o.output][1] + o.distance <= places[o.input][1]
                for o in overlaps
            )
            assert apart or not together or shared
    assert all(len({places[member][0] for member in group.members}) == 1 for group in groups)


@given(cases(), SIZES)
def test_everything_lies_in_a_memory_or_is_named(case: Case, sizes: list[int]):
    requests, overlaps, groups = case
    memories = memories_of(sizes)
    try:
        plan = place_in_memories(requests, overlaps, groups, memories, node_limit=2000)
    except MemoryMisfit as error:
        assert error.missing > 0 and error.reasons
        for reason in error.reasons:
            assert any(f"`{group.name}` (" in reason for group in groups)
            assert all(f"{memory.name} ({memory.size} bytes)" in reason for memory in memories)
    else:
        check(case, memories, plan)
        assert plan == place_in_memories(requests, overlaps, groups, memories, node_limit=2000)


@given(cases(), SIZES)
def test_a_last_memory_without_a_limit_takes_the_rest(case: Case, sizes: list[int]):
    memories = memories_of([*sizes, 10_000])
    check(case, memories, place_in_memories(*case, memories, node_limit=2000))


@given(cases(count=5, alignments=(1,)), SIZES)
def test_one_memory_is_placement(case: Case, sizes: list[int]):
    """With a single memory nothing is refused that the search can place, and the bound is that of one arena."""
    requests, overlaps, groups = case
    best = place(requests, node_limit=2000, overlaps=overlaps)
    memory = [Memory("m", best.peak)]
    plan = place_in_memories(requests, overlaps, groups, memory, node_limit=2000)
    assert (plan.peak, plan.lower_bound) == (best.peak, best.lower_bound)
    if best.peak == best.lower_bound > max(request.size for request in requests):
        with pytest.raises(MemoryMisfit):
            place_in_memories(requests, overlaps, groups, [Memory("m", best.peak - 1)])


@given(cases(count=4, alignments=(1, 4)), st.integers(1, 3))
def test_no_distribution_has_less_than_the_bound(case: Case, count: int):
    """All ways to put the groups into so many memories, each placed by itself."""
    requests, overlaps, groups = case
    bound = sum_bound(requests, overlaps)
    for homes in product(range(count), repeat=len(groups)):
        peaks = 0
        for home in range(count):
            numbers = [n for group, at in zip(groups, homes, strict=True) for n in group.members if at == home]
            inner = [
                Overlap(numbers.index(o.input), numbers.index(o.output), o.distance)
                for o in overlaps
                if o.input in numbers and o.output in numbers
            ]
            peaks += place([requests[n] for n in numbers], node_limit=500, overlaps=inner).peak
        assert peaks >= bound


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 1000)), min_size=2, max_size=10),
    st.lists(st.integers(1, 40), min_size=1, max_size=2),
)
def test_hotter_first(buffers: list[tuple[int, int]], sizes: list[int]):
    """Of buffers that live together, none lies in a slower memory than one that is accessed less per byte, unless it is
    larger than what was left there beside all that are accessed more."""
    requests = [Request(0, 1, size) for size, _ in buffers]
    groups = [Group(f"b{number}", (number,), accesses) for number, (_, accesses) in enumerate(buffers)]
    memories = memories_of([*sizes, 10_000])
    homes = [home if home is not None else -1 for home in assign(requests, [], groups, memories).memories]
    heat = [accesses / size for size, accesses in buffers]
    for number, home in enumerate(homes):
        for faster in range(home):
            hotter = sum(
                size
                for other, (size, _) in enumerate(buffers)
                if homes[other] == faster and (heat[other], -other) > (heat[number], -number)
            )
            assert hotter + buffers[number][0] > memories[faster].size


def test_lives_matter():
    """Two buffers that do not live together both lie in the same fast bytes; the coldest, which meets both, not."""
    requests = [Request(0, 2, 8), Request(2, 4, 8), Request(0, 4, 8)]
    groups = [Group("a", (0,), 10), Group("b", (1,), 9), Group("c", (2,), 8)]
    plan = place_in_memories(requests, [], groups, memories_of([8, 8]))
    assert plan.places == ((0, 0), (0, 0), (1, 0))


def test_a_large_cold_buffer_drives_a_hot_one_out():
    requests = [Request(0, 2, 40), Request(0, 2, 100)]
    plan = place_in_memories(requests, [], [Group("hot", (0,), 999), Group("cold", (1,), 1)], memories_of([100, 50]))
    assert [(part.memory.name, part.numbers) for part in plan.parts] == [("m0", (1,)), ("m1", (0,))]


def test_overlaps_only_within_a_memory():
    """The output may begin where its input does; in another memory it needs bytes of its own."""
    requests, overlaps = [Request(0, 2, 8), Request(1, 3, 8)], [Overlap(0, 1, 0)]
    groups = [Group("in", (0,), 1), Group("out", (1,), 1)]
    assert place_in_memories(requests, overlaps, groups, memories_of([8, 8])).peak == 8
    apart = place_in_memories(
        [*requests, Request(0, 3, 8)], overlaps, [*groups, Group("hot", (2,), 99)], memories_of([8, 8])
    )
    assert [part.numbers for part in apart.parts] == [(2,), (0, 1)] and apart.peak == 16
    with pytest.raises(MemoryMisfit) as caught:
        place_in_memories(requests, [], groups, memories_of([8, 4]))
    assert caught.value.reasons[0].startswith("`out` (8 bytes) fits none of the memories m0 (8 bytes), m1 (4 bytes)")
    assert caught.value.missing == 8


def test_what_lies_at_a_given_offset_comes_first():
    """The input that the caller writes is at the start of the first arena, whichever memory that is in."""
    requests = [Request(0, 2, 8), Request(0, 2, 8, offset=0)]
    plan = place_in_memories(requests, [], [Group("hot", (0,), 99), Group("input", (1,), 1)], memories_of([8, 8]))
    assert [(part.memory.name, part.numbers) for part in plan.parts] == [("m1", (1,)), ("m0", (0,))]


@pytest.mark.parametrize("length", [3, 40, 200])
def test_two_hundred_buffers_take_less_than_two_seconds(length: int):
    random = Random(length)
    starts = [random.randrange(200) for _ in range(200)]
    requests = [Request(start, start + 1 + random.randrange(length), random.randrange(1, 3000), 4) for start in starts]
    groups = [Group(f"b{number}", (number,), random.randrange(10**6)) for number in range(200)]
    bound = sum_bound(requests, [])
    begin = time.process_time()
    plan = place_in_memories(requests, [], groups, memories_of([bound // 4, bound // 2, bound]), exact=False)
    assert time.process_time() - begin < 2
    check((requests, [], groups), memories_of([bound // 4, bound // 2, bound]), plan)
    accesses = [
        sum(groups[n].accesses for n in part.numbers) / sum(requests[n].size for n in part.numbers)
        for part in plan.parts
    ]
    assert accesses == sorted(accesses, reverse=True)


def test_names_of_memories():
    assert parse_memories("dtcm=65536,sram=245760") == (Memory("dtcm", 65536), Memory("sram", 245760))
    assert parse_memories("") == ()


@pytest.mark.parametrize(
    "text", ["dtcm", "dtcm=", "=4", "dtcm=0", "dtcm=-1", "DTCM=4", "a=4,", "a=4,a=4", "h=1", "int8=1"]
)
def test_what_is_no_list_of_memories(text: str):
    with pytest.raises(UserError):
        parse_memories(text)
