"""Placement in several memories: a fast one holds what is accessed most often per byte, slower ones the rest.

Buffers are scratchpad objects with a profit (accesses) and a price (bytes), as Steinke et al. choose them ("Assigning
program and data objects to scratchpad for energy reduction", DATE 2002); here they share bytes when they do not live
together, so that what fits is a question of placement. Pure functions on lists of intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ....dialects.errors import UserError
from ....dialects.memories import Memory
from .assign import Assignment, Group, assign
from .placement import NODE_LIMIT, Overlap, Placement, Problem, Request, place

GLANCE = 20
"""By how much less is searched where a failure does not matter: the buffers may go to other memories."""


class MemoryMisfit(UserError):
    """Some buffers fit none of the memories; `missing` counts their bytes."""

    def __init__(self, missing: int, *reasons: str):
        super().__init__(*reasons)
        self.missing = missing


@dataclass(frozen=True)
class Part:
    """The requests, by their numbers in increasing order, that lie in one memory, and where."""

    memory: Memory
    numbers: tuple[int, ...]
    placement: Placement


@dataclass(frozen=True)
class Plan:
    """A part for each memory that is used; all requests lie in one of them. `lower_bound` is that of their sum, proven.

    A part with a request whose offset was given comes first.
    """

    parts: tuple[Part, ...]
    lower_bound: int

    @property
    def peak(self) -> int:
        """The sum of the arenas, in bytes."""
        return sum(part.placement.peak for part in self.parts)

    @property
    def method(self) -> str:
        """`search` where that improved one of the parts, else `greedy`."""
        return max(part.placement.method for part in self.parts)

    @property
    def limited(self) -> bool:
        """True where the search for one of the parts came to its limit."""
        return any(part.placement.limited for part in self.parts)

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """For each request, the number of its part, and its offset."""
        found = {
            number: (index, offset)
            for index, part in enumerate(self.parts)
            for number, offset in zip(part.numbers, part.placement.offsets, strict=True)
        }
        return tuple(found[number] for number in range(len(found)))


def place_in_memories(
    requests: Sequence[Request],
    overlaps: Sequence[Overlap],
    groups: Sequence[Group],
    memories: Sequence[Memory],
    exact: bool = True,
    node_limit: int = NODE_LIMIT,
    to_the_least: bool = True,
) -> Plan:
    """A placement for each memory that is used, none larger than it; each request belongs to one of the groups.

    Everything lies in the first memory where that is possible, else what is accessed most often per byte. The search
    of `place` stops where a memory holds its buffers, unless `to_the_least`; all memories share its nodes. Raises
    MemoryMisfit, a UserError that names the groups that fit nowhere.
    """
    first, is_only = memories[0], len(memories) == 1
    if Problem.of(requests, overlaps).lower_bound() <= first.size:
        whole = place(requests, exact, node_limit if is_only else node_limit // GLANCE, overlaps, first.size)
        if whole.peak <= first.size:
            if to_the_least and not whole.proven:
                whole = min(place(requests, exact, node_limit, overlaps), whole, key=lambda found: found.peak)
            bound = whole.lower_bound if is_only else sum_bound(requests, overlaps)
            return Plan((Part(first, tuple(range(len(requests))), whole),), bound)
    found = assign(requests, overlaps, groups, memories)
    if exact:
        found = rescue(requests, overlaps, groups, memories, found, node_limit)
    left = [group for group, memory in zip(groups, found.memories, strict=True) if memory is None]
    if left:
        raise misfit(left, requests, memories)
    parts: list[Part] = []
    for index, memory in enumerate(memories):
        if numbers := numbers_in(groups, found, index):
            inner, pairs = part_of(requests, overlaps, numbers)
            nodes = node_limit // len(memories)
            placement = place(inner, exact, nodes, pairs, None if to_the_least else memory.size)
            if placement.peak > memory.size:
                placement = as_assigned(placement, inner, [found.offsets[number] for number in numbers])
            parts.append(Part(memory, numbers, placement))
    parts.sort(key=lambda part: all(requests[number].offset is None for number in part.numbers))
    return Plan(tuple(parts), sum_bound(requests, overlaps))


def numbers_in(groups: Sequence[Group], found: Assignment, memory: int) -> tuple[int, ...]:
    """The requests that are assigned to a memory, in increasing order."""
    pairs = zip(groups, found.memories, strict=True)
    return tuple(sorted(number for group, at in pairs if at == memory for number in group.members))


def part_of(
    requests: Sequence[Request], overlaps: Sequence[Overlap], numbers: Sequence[int]
) -> tuple[list[Request], list[Overlap]]:
    """The problem of some requests alone."""
    index = {number: position for position, number in enumerate(numbers)}
    inner = [o for o in overlaps if o.input in index and o.output in index]
    return [requests[number] for number in numbers], [
        Overlap(index[o.input], index[o.output], o.distance) for o in inner
    ]


def as_assigned(placement: Placement, requests: Sequence[Request], offsets: Sequence[int]) -> Placement:
    """The placement of the assignment, where that of the search needs more than there is."""
    peak = max(offset + request.size for offset, request in zip(offsets, requests, strict=True))
    return replace(placement, offsets=tuple(offsets), peak=peak, method="greedy")


def rescue(
    requests: Sequence[Request],
    overlaps: Sequence[Overlap],
    groups: Sequence[Group],
    memories: Sequence[Memory],
    found: Assignment,
    node_limit: int,
) -> Assignment:
    """Look by search for room for the groups that first-fit has left over, in the slowest memories first."""
    for number, group in enumerate(groups):
        if found.memories[number] is not None:
            continue
        for index, memory in reversed(list(enumerate(memories))):
            numbers = sorted((*numbers_in(groups, found, index), *group.members))
            inner, pairs = part_of(requests, overlaps, numbers)
            if Problem.of(inner, pairs).lower_bound() > memory.size:
                continue
            placement = place(inner, True, node_limit // GLANCE, pairs, memory.size)
            if placement.peak <= memory.size:
                found = found.with_group(number, index, dict(zip(numbers, placement.offsets, strict=True)))
                break
    return found


def sum_bound(requests: Sequence[Request], overlaps: Sequence[Overlap]) -> int:
    """Bytes that the arenas of any placement in any number of memories have in all.

    Without alignment, arenas could be put one behind the other: what one arena needs at least then, they need in all.
    """
    return Problem.of([replace(request, alignment=1) for request in requests], overlaps).lower_bound()


def misfit(left: Iterable[Group], requests: Sequence[Request], memories: Sequence[Memory]) -> MemoryMisfit:
    """Which groups fit nowhere, and what there is."""
    held = {group: group.most_alive(requests) for group in left}
    there = ", ".join(f"{memory.name} ({memory.size:,} bytes)" for memory in memories)
    reasons = [
        f"`{group.name}` ({size:,} bytes) fits none of the memories {there} beside what lives with it: "
        "stream the model, make this layer smaller, or give it more memory"
        for group, size in held.items()
    ]
    return MemoryMisfit(sum(held.values()), *reasons)
