"""Cycles of hardware from its IR: steps of each module, the stages behind them, and who waits for whom, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from ...dialects import rtl
from ...dialects.dataflow import Await
from ...dialects.errors import UserError

Times = NDArray[np.int64]

BEGIN = 1
"""Clocks from the start of a module to its first step."""

REACTION = 2
"""Clocks from the one in which a row is counted to the first step of who waits for it."""


@dataclass(frozen=True)
class Wait:
    """For each own row, how many rows of a module are needed."""

    module: str
    rows: Times
    restarts: bool


@dataclass(frozen=True)
class Timing:
    """Of a module: steps of its first pipeline, clocks behind the last one until it is done, rows and their size.

    `turns` are the turns of its outermost loops up to the rows', `counted` how many rows one of these makes.
    """

    steps: int
    behind: int
    turns: int
    counted: int
    waits: tuple[Wait, ...]


def timing_of(module: rtl.ModuleOp) -> Timing:
    """What a module does over time."""
    steps, later, turns, counted = 1, 0, 1, 1
    needs: list[rtl.NeedOp] = []
    for op in module.body.block.ops:
        kind = type(op)  # faster than a match: most ops are none of these
        if kind is rtl.StopOp:
            steps = prod(counter.trips.value.data for counter in counters_of(op.operands[0]))
        elif kind is rtl.DoneOp:
            later = behind(op.operands[0])
        elif isinstance(op, rtl.SignalOp):
            counted = op.by.value.data
            turns = max(1, op.rows.value.data // counted)
        elif isinstance(op, rtl.NeedOp):
            needs.append(op)
    return Timing(steps, later, turns, counted, tuple(wait_of(op, turns) for op in needs))


def counters_of(flag: SSAValue) -> list[rtl.CounterOp]:
    """The counters whose last turn a flag means."""
    found: dict[rtl.CounterOp, None] = {}
    waiting = [flag]
    while waiting:
        match waiting.pop().owner:
            case rtl.CounterOp() as counter:
                found[counter] = None
            case rtl.ComputeOp() as op:
                waiting += op.args
            case rtl.HeldOp() as op:
                waiting.append(op.value)
            case _:
                pass
    return list(found)


def behind(flag: SSAValue) -> int:
    """The clocks by which a flag comes after the step that it belongs to."""
    clocks = 0
    while True:
        match flag.owner:
            case rtl.DelayOp():
                clocks, flag = clocks + 1, flag.owner.value
            case rtl.SerializeOp():
                groups = len(flag.owner.values) // len(flag.owner.group)
                clocks, flag = clocks + 1 + (groups - 1) * flag.owner.clocks, flag.owner.load
            case rtl.ComputeOp():
                flag = flag.owner.args[0]
            case _:
                return clocks


def wait_of(op: rtl.NeedOp, turns: int) -> Wait:
    """The rows that each turn needs."""
    assert isinstance(op.ready.owner, rtl.AwaitOp)
    name, rows = op.ready.owner.module.string_value(), needed(op.rows.owner, turns)
    return Wait(name, rows, bool(turns > 1 and rows[0] != rows[-1]) or isinstance(op.rows.owner, rtl.ComputeOp))


def needs(wait: Await, lanes: int, turns: int, module: str) -> Wait:
    """The same of what a form is said to wait for, its rows taken so many at once."""
    last = lanes * np.arange(1, turns + 1, dtype=np.int64) - 1
    rows = np.minimum(wait.rows, (wait.base + wait.scale * last) >> wait.shift)
    return Wait(module, rows, wait.scale > 0 and turns > 1)


def needed(op: object, turns: int) -> Times:
    """The values of a number that runs along with rows, cut at a greatest one."""
    if isinstance(op, rtl.ConstantOp):
        return np.full(turns, op.value.value.data, np.int64)
    if isinstance(op, rtl.RunningOp):
        return op.base.value.data + op.deltas.get_values()[1] * np.arange(turns, dtype=np.int64)
    assert isinstance(op, rtl.ComputeOp)
    parts = [needed(a.owner, turns) for a in op.args]
    if op.amount is not None:
        return parts[0] >> op.amount.value.data
    return np.minimum(parts[0], parts[1])


def cycles_of(top: rtl.TopOp, timings: Mapping[str, Timing]) -> int:
    """Cycles from the start of an inference to its end."""
    return sequence(list(top.body.block.ops), timings)


def sequence(ops: Sequence[Operation], timings: Mapping[str, Timing]) -> int:
    """Cycles of what runs one after the other."""
    total = 0
    for op in ops:
        match op:
            case rtl.StartOp():
                total += alone(timings[op.module.string_value()])
            case rtl.RepeatOp():
                total += op.trips.value.data * sequence(list(op.body.block.ops), timings)
            case rtl.OverlapOp():
                names = [o.module.string_value() for o in op.body.block.ops if isinstance(o, rtl.StartOp)]
                total += beside({name: timings[name] for name in names})[0]
            case _:
                pass
    return total


def alone(timing: Timing) -> int:
    """Cycles of a module that waits for nothing."""
    return BEGIN + timing.steps - 1 + timing.behind


def beside(timings: Mapping[str, Timing]) -> tuple[int, dict[str, int]]:
    """Cycles until all modules that start together are done, and until each one is.

    Raises UserError where they wait for each other for ever.
    """
    order = list(timings)
    ahead = {name: n for n, name in enumerate(order)}
    if all(ahead[w.module] < n for n, name in enumerate(order) for w in timings[name].waits):
        written: dict[str, Times] = {}
        for name, timing in timings.items():
            written[name] = steps_of_rows(timing, timings, written) + timing.behind
    else:
        written = both_ways(timings)
    ends = {name: int(times[-1]) for name, times in written.items()}
    return max(ends.values()), ends


def both_ways(timings: Mapping[str, Timing]) -> dict[str, Times]:
    """The clock in which each row is counted, where writers wait for readers, too: row by row."""
    counted: dict[str, list[int]] = {name: [] for name in timings}
    last = dict.fromkeys(timings, BEGIN - 1)
    waits = {
        name: [(w.module, (-(-w.rows // timings[w.module].counted)).tolist()) for w in timing.waits]
        for name, timing in timings.items()
    }
    moved = True
    while moved:
        moved = False
        for name, timing in timings.items():
            rows, size = counted[name], timing.steps // timing.turns
            gap = 1 if any(w.restarts for w in timing.waits) else 0
            while len(rows) < timing.turns:
                row, begin = len(rows), last[name] + 1 + (gap if rows else 0)
                needs = [(counted[other], turns[row]) for other, turns in waits[name] if turns[row] > 0]
                if any(len(other) < turns for other, turns in needs):
                    break
                begin = max(begin, *(other[turns - 1] + REACTION for other, turns in needs), 0)
                last[name] = begin + size - 1
                rows.append(last[name] + timing.behind)
                moved = True
    if any(len(counted[name]) < timing.turns for name, timing in timings.items()):
        raise UserError("modules wait for rows of each other for ever: a ring is too small")
    return {name: np.array(rows, np.int64) for name, rows in counted.items()}


def steps_of_rows(timing: Timing, others: Mapping[str, Timing], written: Mapping[str, Times]) -> Times:
    """The clock in which the last step of each row is taken."""
    rows, size = timing.turns, timing.steps // timing.turns
    ready = np.full(rows, BEGIN, np.int64)
    for wait in timing.waits:
        counted, times = others[wait.module].counted, written[wait.module]
        at = np.minimum(np.maximum(-(-wait.rows // counted), 1), len(times)) - 1  # in this order each row waits for one
        ready = np.maximum(ready, times[at] + REACTION)
    gap = 1 if any(wait.restarts for wait in timing.waits) else 0
    # Row r begins behind the rows before it: begin[r] = max over q <= r of ready[q] + (r - q) * (size + gap).
    pace = (size + gap) * np.arange(rows, dtype=np.int64)
    begins = np.maximum.accumulate(ready - pace) + pace
    return begins + size - 1
