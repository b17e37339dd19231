"""Which memory each buffer goes to: first-fit in order of accesses per byte, the fastest memory first.

A buffer goes to a memory when its bytes are free there while it lives, or when one of the orders of greedy placement
finds room for all. Those that fit nowhere are placed before the others in the next try, in slow memory if possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....dialects.memories import Memory
from .greedy import lowest, orders
from .problem import FREE, Overlap, Problem, Request

TRIES = 8
"""How often buffers that fit nowhere are moved to the front."""

WORK = 1_000_000
"""Pairs of buffers that greedy placement of whole memories may look at: about a second."""


@dataclass(frozen=True)
class Group:
    """A buffer: the numbers of its requests (more than one where its rows lie apart), which go to one memory.

    `accesses` counts the elements that are read from it or written to it in a run.
    """

    name: str
    members: tuple[int, ...]
    accesses: int = 0

    def most_alive(self, requests: Sequence[Request]) -> int:
        """The most bytes that it has alive at once; those of its largest request where it is never alive."""
        rows = [requests[number] for number in self.members]
        alive = max(sum(row.size for row in rows if row.lower <= at.lower < row.upper) for at in rows)
        return max(alive, *(row.size for row in rows))


@dataclass(frozen=True)
class Assignment:
    """The number of the memory of each group, None where it fits nowhere, and an offset for each request that fits."""

    memories: tuple[int | None, ...]
    offsets: tuple[int, ...]

    def with_group(self, group: int, memory: int, offsets: Mapping[int, int]) -> Assignment:
        """With one more group in a memory, and its requests at these offsets."""
        memories = [*self.memories[:group], memory, *self.memories[group + 1 :]]
        return Assignment(tuple(memories), tuple(offsets.get(n, old) for n, old in enumerate(self.offsets)))


def assign(
    requests: Sequence[Request], overlaps: Sequence[Overlap], groups: Sequence[Group], memories: Sequence[Memory]
) -> Assignment:
    """Put groups of requests into memories, the fastest of which is the first; the best of a few tries.

    In the first try the groups that are accessed most often per byte come first, and take the fastest memory that has
    room for them. A try with fewer groups left over is better.
    """
    buffers = Buffers(requests, overlaps, groups)
    hottest = buffers.hottest_first()
    promoted: tuple[int, ...] = ()
    best: Assignment | None = None
    for _ in range(TRIES):
        found = fill(buffers, promoted, hottest, memories)
        left = tuple(group for group in hottest if found.memories[group] is None)
        if best is None or len(left) < best.memories.count(None):
            best = found
        if not left or set(left) <= set(promoted[: len(left)]):
            break
        promoted = (*left, *(group for group in promoted if group not in left))
    assert best is not None
    return best


def fill(buffers: Buffers, promoted: Sequence[int], hottest: Sequence[int], memories: Sequence[Memory]) -> Assignment:
    """One try: the promoted groups, each in the slowest memory that takes it, then the others from fast to slow."""
    fillings = [Filling(buffers, memory.size) for memory in memories]
    found: list[int | None] = [None] * len(buffers.groups)
    for group in promoted:
        found[group] = next((m for m in reversed(range(len(memories))) if fillings[m].take(group)), None)
    for number, filling in enumerate(fillings):
        for group in hottest:
            if found[group] is None and group not in promoted and filling.take(group):
                found[group] = number
    offsets = [0] * len(buffers.problem.sizes)
    for group, memory in enumerate(found):
        for member in buffers.groups[group].members if memory is not None else ():
            offsets[member] = fillings[memory or 0].offsets[member]
    return Assignment(tuple(found), tuple(offsets))


class Buffers:
    """The groups of a placement problem, with what is asked of them again and again.

    `work` is how many pairs greedy placement may still look at.
    """

    def __init__(self, requests: Sequence[Request], overlaps: Sequence[Overlap], groups: Sequence[Group]):
        self.requests, self.groups, self.work = requests, groups, WORK
        self.problem = Problem.of(requests, overlaps)
        self.orders = [order.tolist() for order in orders(self.problem)]
        self.neighbours = [others.tolist() for others in self.problem.neighbours]
        self.gaps = [(above.tolist(), below.tolist()) for above, below in self.problem.gaps]
        self.alignments, self.sizes = self.problem.alignments.tolist(), self.problem.true_sizes.tolist()
        self.given = self.problem.given.tolist()
        times, where = np.unique(np.stack([self.problem.lower, self.problem.upper]), return_inverse=True)
        self.lower, self.upper = where.reshape(2, -1)
        self.profiles = [self._profile(group) for group in groups]
        """Per group, its bytes alive at each time; times are those at which a life begins or ends."""
        self.owner = np.zeros(len(requests), np.int64)
        for number, group in enumerate(groups):
            self.owner[list(group.members)] = number
        self.times = len(times)

    def _profile(self, group: Group) -> NDArray[np.int64]:
        changes = np.zeros(int(self.upper.max(initial=0)) + 1, np.int64)
        members = [m for m in group.members if self.lower[m] < self.upper[m]]
        np.add.at(changes, self.lower[members], self.problem.true_sizes[members])
        np.add.at(changes, self.upper[members], -self.problem.true_sizes[members])
        return np.cumsum(changes)

    def hottest_first(self) -> tuple[int, ...]:
        """The groups by accesses per byte, of the bytes that they have alive at once."""
        heat = [group.accesses / max(1, group.most_alive(self.requests)) for group in self.groups]
        return tuple(sorted(range(len(heat)), key=lambda group: -heat[group]))

    def savings(self, taken: NDArray[np.bool_]) -> NDArray[np.int64]:
        """At each time, the bytes that the overlaps among the taken groups can save at most."""
        input, output, distance = self.problem.pairs
        inside = taken[self.owner[input]] & taken[self.owner[output]]
        input, output, distance = input[inside], output[inside], distance[inside]
        saved = np.zeros(self.times, np.int64)
        shared = np.minimum(self.problem.sizes[input], self.problem.sizes[output] - distance)
        np.add.at(saved, self.lower[output], shared)
        return saved

    def lowest(self, buffer: int, offsets: Sequence[int]) -> int | None:
        """The lowest offset that those which have an offset leave free; None where a given one is taken."""
        above, below = self.gaps[buffer]
        neighbours = zip(self.neighbours[buffer], above, below, strict=True)
        taken = sorted((offsets[k] - down, offsets[k] + up) for k, up, down in neighbours if offsets[k] != FREE)
        if self.given[buffer] == FREE:
            return lowest(taken, self.alignments[buffer])
        offset = self.given[buffer]
        return offset if all(end <= offset or offset <= start for start, end in taken) else None


class Filling:
    """A memory of `size` bytes with the groups that it holds; `offsets` are FREE for the requests of all others."""

    def __init__(self, buffers: Buffers, size: int):
        self.buffers, self.size = buffers, size
        self.offsets = [FREE] * len(buffers.requests)
        self.taken = np.zeros(len(buffers.groups), np.bool_)
        self.alive = np.zeros(buffers.times, np.int64)
        self.refused: set[tuple[Request, ...]] = set()

    def take(self, group: int) -> bool:
        """Put a group into the memory if there is room; what it holds may move for it."""
        requests = tuple(self.buffers.requests[member] for member in self.buffers.groups[group].members)
        if requests in self.refused:
            return False
        offsets = self._placed_with(group)
        if offsets is None:
            self.refused.add(requests)
            return False
        self.offsets = offsets
        self.taken[group] = True
        self.alive += self.buffers.profiles[group]
        return True

    def _placed_with(self, group: int) -> list[int] | None:
        taken, buffers = self.taken.copy(), self.buffers
        taken[group] = True
        alive = self.alive + buffers.profiles[group] - buffers.savings(taken)
        if alive.max(initial=0) > self.size:
            return None
        members = buffers.groups[group].members
        offsets = self._first_fit(members, self.offsets)
        if offsets is not None:
            return offsets
        inside = {*(number for number, offset in enumerate(self.offsets) if offset != FREE), *members}
        cost = sum(len(buffers.neighbours[number]) for number in inside)
        for order in buffers.orders:
            if buffers.work < cost:
                return None
            buffers.work -= cost
            chosen = sorted((n for n in order if n in inside), key=lambda n: buffers.given[n] == FREE)
            offsets = self._first_fit(chosen, [FREE] * len(buffers.requests))
            if offsets is not None:
                return offsets
        return None

    def _first_fit(self, numbers: Sequence[int], offsets: Sequence[int]) -> list[int] | None:
        """Add requests in this order to others; None where one of them would leave the memory."""
        placed = list(offsets)
        for number in numbers:
            offset = self.buffers.lowest(number, placed)
            if offset is None or offset + self.buffers.sizes[number] > self.size:
                return None
            placed[number] = offset
        return placed
