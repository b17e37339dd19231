"""The inner loops of the offset search: branch and bound over least offsets; see `search.py`.

Plain loops over rows of integers, which `offsets/compiled.py` compiles where they run long; interpreted, the rows are
lists. Everything that a step changes is on a log, so that it can be taken back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PLACED = 1 << 60
"""The least offset of a buffer that is placed already: it holds no other back."""

FOUND, REFUTED, OUT_OF_NODES = 1, 0, -1
"""How a run ends."""

SOLVED, HOPELESS = -1, -2
"""What stands for a part where there is none: nothing is left to place, or there is no solution."""

LOG, PARTS, DECISIONS, NODES, DEPTH = 0, 1, 2, 3, 4
"""Indices of `State.top`: lengths of the stacks, nodes left, and the most decisions that ever stood."""

MASK = (1 << 62) - 1

Row = Any
"""A list of integers or a one-dimensional array."""


class Tables(NamedTuple):
    """A problem: rows per buffer and per section of time, and lists of numbers with the index where each begins.

    A state is told from others by the sum of its least offsets times `coefficient`, random numbers. Where an offset is
    `given` (else -1) it is the least offset from the beginning, and stays it.

    `near` are the neighbours of a buffer, `up` by how much they lie above it at least, `down` it above them. `pairs`
    are those with which it may share `shares` bytes in a section `pair_at`.
    """

    lower: Row
    upper: Row
    size: Row
    padding: Row
    alignment: Row
    given: Row
    reach_lower: Row
    reach_upper: Row
    near_start: Row
    near: Row
    up: Row
    down: Row
    pair_start: Row
    pairs: Row
    shares: Row
    pair_at: Row
    twin_start: Row
    twins: Row
    at_start: Row
    at: Row
    coefficient: Row
    ceiling: Row
    weights: Row


class State(NamedTuple):
    """Where a search is. `rest` are the bytes to come per section, `crossing` the buffers that go on to the next one.

    `sums` tells least offsets from others: per section, over the buffers born there.
    """

    least: Row
    offset: Row
    floor: Row
    rest: Row
    crossing: Row
    sums: Row
    slots: Row
    olds: Row
    buffers: Row
    marks: Row
    parts: Row
    part_tops: Row
    begins: Row
    ends: Row
    parents: Row
    follows: Row
    keys: Row
    failures: Row
    blame: Row
    refuted: Row
    top: Row


def descend(tables: Tables, state: State, limit: int, by_trouble: bool) -> int:
    """Depth first over decisions: place a buffer at its least offset, or above others to come."""
    top, follows = state.top, state.follows
    room = len(state.slots) - 2 * (len(tables.lower) + len(tables.ceiling))
    part = open_part(tables, state, 0, len(tables.ceiling), -1, SOLVED)
    while part >= 0:
        level = lowest_in(state.floor, state.begins[part], state.ends[part])
        if level == PLACED:
            part = follows[part]
            continue
        if top[NODES] <= 0 or top[LOG] > room:
            return OUT_OF_NODES
        top[NODES] -= 1
        buffer = choose(tables, state, choose_section(tables, state, part, level, limit, by_trouble), level)
        depth = top[DECISIONS]
        state.buffers[depth] = buffer
        state.marks[depth] = top[LOG]
        state.parts[depth] = part
        state.part_tops[depth] = top[PARTS]
        top[DECISIONS] = depth + 1
        top[DEPTH] = max(top[DEPTH], depth)
        opened = HOPELESS
        if put(tables, state, buffer, level, limit):
            opened = split(tables, state, part, buffer)
        part = backtrack(tables, state, limit) if opened == HOPELESS else opened
    return FOUND if part == SOLVED else REFUTED


def choose_section(tables: Tables, state: State, part: int, level: int, limit: int, by_trouble: bool) -> int:
    """The section of this level with the least slack, or with the most failures for its slack."""
    best, best_value = -1, 0.0
    for t in range(state.begins[part], state.ends[part]):
        if state.floor[t] == level:
            slack = tables.ceiling[t] - level - state.rest[t]
            value = state.failures[t] / (slack + limit // 100 + 1) if by_trouble else -1.0 * slack
            if best < 0 or value > best_value:
                best, best_value = t, value
    return best


def choose(tables: Tables, state: State, section: int, level: int) -> int:
    """The buffer of greatest weight that may lie at this level; before it what would lie beneath it at no distance."""
    least, best, best_weight = state.least, -1, 0.0
    for index in range(tables.at_start[section], tables.at_start[section + 1]):
        buffer = tables.at[index]
        if least[buffer] == level and (best < 0 or tables.weights[buffer] > best_weight):
            best, best_weight = buffer, tables.weights[buffer]
    index = tables.pair_start[best]
    while index < tables.pair_start[best + 1]:
        other = tables.pairs[index]
        index += 1
        if least[other] == level and lies_beneath(tables, best, other):
            best = other
            index = tables.pair_start[best]
    return best


def lies_beneath(tables: Tables, buffer: int, other: int) -> bool:
    """True where a buffer has to lie no higher than another one that it may share bytes with."""
    for index in range(tables.near_start[buffer], tables.near_start[buffer + 1]):
        if tables.near[index] == other:
            return bool(tables.down[index] == 0)
    return False


def lowest_in(row: Row, begin: int, end: int) -> int:
    """The least number of a part of a row."""
    return min(row[begin:end])


def lowest_of(row: Row, indices: Row, begin: int, end: int) -> int:
    """The least number among those with the indices in a part of a row; PLACED when there are none."""
    return min(map(row.__getitem__, indices[begin:end]), default=PLACED)


def sum_in(row: Row, begin: int, end: int) -> int:
    """The sum of a part of a row."""
    return sum(row[begin:end])


def raise_to(tables: Tables, state: State, buffer: int, value: int) -> None:
    """Set a least offset; what it was is on the log."""
    length = state.top[LOG]
    state.slots[length] = buffer
    state.olds[length] = state.least[buffer]
    state.top[LOG] = length + 1
    set_least(tables, state, buffer, value)


def set_least(tables: Tables, state: State, buffer: int, value: int) -> None:
    """Set a least offset; a placed buffer counts as -1 in the sum of its section."""
    old, t = state.least[buffer], tables.lower[buffer]
    change = (-1 if value == PLACED else value) - (-1 if old == PLACED else old)
    state.sums[t] = (state.sums[t] + change * tables.coefficient[buffer]) & MASK
    state.least[buffer] = value


def put(tables: Tables, state: State, buffer: int, level: int, limit: int) -> bool:
    """Place a buffer; False when something no longer fits."""
    if level + tables.size[buffer] - tables.padding[buffer] > limit:
        return False
    least, near, up, alignment = state.least, tables.near, tables.up, tables.alignment
    for index in range(tables.near_start[buffer], tables.near_start[buffer + 1]):
        other, bottom = near[index], level + up[index]
        if least[other] < bottom:
            if tables.given[other] >= 0:
                return False
            multiple = alignment[other]
            raise_to(tables, state, other, -(-bottom // multiple) * multiple)
    raise_to(tables, state, buffer, PLACED)
    length = state.top[LOG]
    state.slots[length] = len(least) + len(state.floor) + buffer
    state.top[LOG] = length + 1
    state.offset[buffer] = level
    account(tables, state, buffer, -1)
    top = level + tables.size[buffer]
    return update(tables, state, tables.reach_lower[buffer], tables.reach_upper[buffer], top)


def account(tables: Tables, state: State, buffer: int, sign: int) -> None:
    """Add a buffer to what is to come, or with sign -1 take it away."""
    rest, crossing, size = state.rest, state.crossing, sign * tables.size[buffer]
    lower, upper = tables.lower[buffer], tables.upper[buffer]
    for t in range(lower, upper):
        rest[t] += size
    for t in range(lower, upper - 1):
        crossing[t] += sign
    for index in range(tables.pair_start[buffer], tables.pair_start[buffer + 1]):
        if state.least[tables.pairs[index]] < PLACED:
            rest[tables.pair_at[index]] -= sign * tables.shares[index]


def postpone(tables: Tables, state: State, buffer: int, limit: int) -> bool:
    """Keep a buffer, and all exactly like it, off its least offset: it then lies on one to come."""
    if tables.given[buffer] >= 0:
        return False
    least, support = state.least, PLACED
    for index in range(tables.near_start[buffer], tables.near_start[buffer + 1]):
        support = min(support, least[tables.near[index]] + tables.down[index])
    multiple = tables.alignment[buffer]
    support = -(-support // multiple) * multiple
    if support + tables.size[buffer] > limit + tables.padding[buffer]:
        return False
    for index in range(tables.twin_start[buffer], tables.twin_start[buffer + 1]):
        twin = tables.twins[index]
        if least[twin] < support:
            raise_to(tables, state, twin, support)
    return update(tables, state, tables.lower[buffer], tables.upper[buffer], support)


def update(tables: Tables, state: State, begin: int, end: int, top: int) -> bool:
    """Recompute the floors below `top`; False when what is to come cannot lie between floor and ceiling."""
    least, floor, at_start = state.least, state.floor, tables.at_start
    count, over = len(least), 0
    for t in range(begin, end):
        old = floor[t]
        if old < top:
            lowest = lowest_of(least, tables.at, at_start[t], at_start[t + 1])
            if lowest != old:
                length = state.top[LOG]
                state.slots[length], state.olds[length] = count + t, old
                state.top[LOG] = length + 1
                floor[t] = lowest
            if lowest < PLACED and lowest + state.rest[t] > tables.ceiling[t]:
                over += 1
    if over:
        blame(tables, state, begin, end, over)
    return over == 0


def blame(tables: Tables, state: State, begin: int, end: int, over: int) -> None:
    """Note where something no longer fits, at so many sections, and for which buffers."""
    for t in range(begin, end):
        if state.floor[t] < PLACED and state.floor[t] + state.rest[t] > tables.ceiling[t]:
            state.failures[t] += 1
            for index in range(tables.at_start[t], tables.at_start[t + 1]):
                state.blame[tables.at[index]] += 1 / over


def split(tables: Tables, state: State, part: int, buffer: int) -> int:
    """Cut a part where nothing crosses any more, now that this buffer is placed; the shortest piece comes first."""
    begin, end, parent = state.begins[part], state.ends[part], state.top[DECISIONS] - 1
    following = state.follows[part]
    cuts = [begin]
    for t in range(tables.lower[buffer], tables.upper[buffer] - 1):
        if state.crossing[t] == 0:
            cuts.append(t + 1)
    cuts.append(end)
    pieces = [(cuts[i] - cuts[i + 1], cuts[i]) for i in range(len(cuts) - 1)]
    pieces.sort()
    for length, start in pieces:
        following = open_part(tables, state, start, start - length, parent, following)
        if following == HOPELESS:
            break
    return following


def open_part(tables: Tables, state: State, begin: int, end: int, parent: int, following: int) -> int:
    """A part of these sections, to solve before the one that follows; HOPELESS when it is known to be."""
    key = (sum_in(state.sums, begin, end) & MASK) + 1
    if state.refuted[key % len(state.refuted)] == key:
        return HOPELESS
    part = state.top[PARTS]
    state.top[PARTS] = part + 1
    state.begins[part], state.ends[part] = begin, end
    state.parents[part], state.follows[part], state.keys[part] = parent, following, key
    return part


def backtrack(tables: Tables, state: State, limit: int) -> int:
    """Revise the last decision that matters: its buffer lies higher. A part without solution refutes its parent."""
    top = state.top
    while top[DECISIONS] > 0:
        depth = top[DECISIONS] - 1
        part = state.parts[depth]
        top[DECISIONS], top[PARTS] = depth, state.part_tops[depth]
        undo(tables, state, state.marks[depth])
        if postpone(tables, state, state.buffers[depth], limit):
            return part
        key = state.keys[part]
        state.refuted[key % len(state.refuted)] = key
        top[DECISIONS] = state.parents[part] + 1
    return HOPELESS


def undo(tables: Tables, state: State, mark: int) -> None:
    """Take back what is on the log since it had this length."""
    count, sections = len(state.least), len(state.floor)
    index = state.top[LOG]
    while index > mark:
        index -= 1
        slot = state.slots[index]
        if slot < count:
            set_least(tables, state, slot, state.olds[index])
        elif slot < count + sections:
            state.floor[slot - count] = state.olds[index]
        else:
            account(tables, state, slot - count - sections, 1)
    state.top[LOG] = mark


def lowest_in_array(row: Row, begin: int, end: int) -> int:
    """`lowest_in`, compiled."""
    return row[begin:end].min()


def lowest_of_array(row: Row, indices: Row, begin: int, end: int) -> int:
    """`lowest_of`, compiled."""
    lowest = PLACED
    for index in range(begin, end):
        lowest = min(lowest, row[indices[index]])
    return lowest


def sum_of_array(row: Row, begin: int, end: int) -> int:
    """`sum_in`, compiled; it may wrap around."""
    return row[begin:end].sum()


WHEN_COMPILED = {"lowest_in": lowest_in_array, "lowest_of": lowest_of_array, "sum_in": sum_of_array}
"""What is written differently for arrays."""
