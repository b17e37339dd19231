"""The inner loop of the repair, over rows of numbers: interpreted on lists, or compiled (`compiled.py`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

HOMELESS = -1
"""The offset of a buffer that has none."""

FOREVER = 1 << 50
"""The weight of a buffer whose offset is given: it is never pushed out."""

MODULUS = 0x7FFFFFFF
"""Of the random numbers: a linear congruential generator, alike in Python and in machine code."""

COUNT, STEPS, RANDOM = 0, 1, 2
"""Indices of `State.counts`: homeless buffers, steps taken, the last random number."""

Row = Any
"""A list of integers or a one-dimensional array."""


class Tables(NamedTuple):
    """What does not change. The neighbours of buffer b are `others[starts[b] : starts[b + 1]]`.

    b lies `above` bytes above the start of such a one, or that one lies `below` bytes above the start of b. `weights`
    are what it costs to push a buffer out, per penalty: bytes times steps, scaled, or FOREVER.
    """

    starts: Row
    others: Row
    above: Row
    below: Row
    alignments: Row
    highest: Row
    lower: Row
    weights: Row


class State(NamedTuple):
    """What changes. The first `counts[COUNT]` of `homeless` have no offset. The rest is room to work in."""

    offsets: Row
    penalties: Row
    homeless: Row
    counts: Row
    settled: Row
    begins: Row
    ends: Row
    near: Row
    choices: Row


def run(tables: Tables, state: State, steps: int) -> int:
    """Take at most this many steps, until all buffers have an offset; returns how many were taken."""
    counts, homeless, count = state.counts, state.homeless, len(state.offsets)
    for step in range(steps):
        if counts[COUNT] == 0:
            return step
        counts[STEPS] += 1
        if counts[STEPS] % count == 0:
            settle(tables, state, counts[STEPS] // count % 2 == 1)
        index = draw(counts) % counts[COUNT]
        buffer = homeless[index]
        counts[COUNT] -= 1
        homeless[index] = homeless[counts[COUNT]]
        insert(tables, state, buffer)
    return steps


def draw(counts: Row) -> int:
    """The next random number."""
    counts[RANDOM] = (counts[RANDOM] * 1103515245 + 12345) & MODULUS
    return counts[RANDOM] >> 8


def ascending(keys: Row, count: int) -> Row:
    """The indices of the first so many keys, from the least to the greatest."""
    return sorted(range(count), key=keys.__getitem__)


def ascending_array(keys: Row, count: int) -> Row:
    """`ascending`, compiled."""
    return np.argsort(keys[:count], kind="mergesort")


def insert(tables: Tables, state: State, buffer: int) -> None:
    """Place a buffer at one of the offsets where it costs least to push out those that lie there."""
    placed = look_around(tables, state, buffer)
    begins, ends, near, penalties = state.begins, state.ends, state.near, state.penalties
    chosen = cheapest(tables, state, look_for_edges(tables, state, buffer, placed), placed)
    if chosen == HOMELESS:
        push_out(state, buffer)
        return
    pushed = False
    for index in range(placed):
        if begins[index] < chosen and ends[index] > chosen:
            push_out(state, near[index])
            pushed = True
    if pushed:
        penalties[buffer] += 1
    state.offsets[buffer] = chosen


def look_around(tables: Tables, state: State, buffer: int) -> int:
    """Write down what placed neighbours forbid: offsets after `begins` and before `ends`. Returns how many do."""
    placed, others, offsets = 0, tables.others, state.offsets
    for edge in range(tables.starts[buffer], tables.starts[buffer + 1]):
        other = others[edge]
        offset = offsets[other]
        if offset != HOMELESS:
            state.begins[placed] = offset - tables.below[edge]
            state.ends[placed] = offset + tables.above[edge]
            state.near[placed] = other
            placed += 1
    return placed


def look_for_edges(tables: Tables, state: State, buffer: int, placed: int) -> int:
    """Write down the offsets to choose from, next to what is forbidden and at both ends. Returns how many there are."""
    choices, alignment, highest, count = state.choices, tables.alignments[buffer], tables.highest[buffer], 0
    if highest < 0:
        return 0
    choices[0], choices[1], count = 0, highest, 2
    for index in range(placed):
        offset = -(-state.ends[index] // alignment) * alignment
        if offset <= highest:
            choices[count] = offset
            count += 1
        offset = state.begins[index] // alignment * alignment
        if 0 <= offset <= highest:
            choices[count] = offset
            count += 1
    return count


def cheapest(tables: Tables, state: State, count: int, placed: int) -> int:
    """The choice where it costs least to push out what lies there, at random among equals; HOMELESS if none will do."""
    choices, begins, ends, near = state.choices, state.begins, state.ends, state.near
    weights, penalties = tables.weights, state.penalties
    by_begin, by_end = ascending(begins, placed), ascending(ends, placed)
    least, chosen, ties, cost, begun, ended, last = FOREVER, HOMELESS, 0, 0, 0, 0, HOMELESS
    for index in ascending(choices, count):
        offset = choices[index]
        if offset == last:
            continue
        last = offset
        while begun < placed and begins[by_begin[begun]] < offset:
            other = near[by_begin[begun]]
            cost += penalties[other] * weights[other]
            begun += 1
        while ended < placed and ends[by_end[ended]] <= offset:
            other = near[by_end[ended]]
            cost -= penalties[other] * weights[other]
            ended += 1
        if cost < least:
            least, chosen, ties = cost, offset, 1
        elif cost == least and cost < FOREVER:
            ties += 1
            if draw(state.counts) % ties == 0:
                chosen = offset
    return chosen


def push_out(state: State, buffer: int) -> None:
    """Make a buffer homeless."""
    state.offsets[buffer] = HOMELESS
    state.homeless[state.counts[COUNT]] = buffer
    state.counts[COUNT] += 1


def settle(tables: Tables, state: State, rise: bool) -> None:
    """Let every placed buffer fall onto the one below it, or rise to the one above, in their order."""
    offsets, settled, count = state.offsets, state.settled, len(state.offsets)
    for buffer in range(count):
        settled[buffer] = offsets[buffer] * (1 << 20) - tables.lower[buffer]
    order = ascending(settled, count)
    for index in range(count):
        buffer = order[count - 1 - index if rise else index]
        if offsets[buffer] == HOMELESS or tables.weights[buffer] == FOREVER:
            settled[buffer] = offsets[buffer]
        else:
            settled[buffer] = risen(tables, state, buffer) if rise else fallen(tables, state, buffer)
    for buffer in range(count):
        offsets[buffer] = settled[buffer]


def fallen(tables: Tables, state: State, buffer: int) -> int:
    """The lowest offset above those that lie below a buffer and have settled."""
    lowest, offset, alignment = 0, state.offsets[buffer], tables.alignments[buffer]
    for edge in range(tables.starts[buffer], tables.starts[buffer + 1]):
        other = tables.others[edge]
        if state.offsets[other] != HOMELESS and state.offsets[other] + tables.above[edge] <= offset:
            lowest = max(lowest, state.settled[other] + tables.above[edge])
    return -(-lowest // alignment) * alignment


def risen(tables: Tables, state: State, buffer: int) -> int:
    """The highest offset below those that lie above a buffer and have settled."""
    highest, offset, alignment = tables.highest[buffer], state.offsets[buffer], tables.alignments[buffer]
    for edge in range(tables.starts[buffer], tables.starts[buffer + 1]):
        other = tables.others[edge]
        if state.offsets[other] != HOMELESS and offset + tables.below[edge] <= state.offsets[other]:
            highest = min(highest, state.settled[other] - tables.below[edge])
    return highest // alignment * alignment


WHEN_COMPILED = {"ascending": ascending_array}
"""What is written differently for arrays."""
