"""Scheduling: the execution order in which the fewest bytes are alive at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.memplan import ArenaOp, RetireOp, StreamOp, ViewOp
from ...dialects.memplan.liveness import Liveness, StepOp, destinations, is_planned, root_of
from .limits.effort import EFFORT, limited_entry, scaled, verify_effort
from .scheduling.beam import BEAM
from .scheduling.graph import Graph, peak_of
from .scheduling.search import LOOKS, STATE_LIMIT, Schedule, schedule

SCHEDULE = "memplan.schedule"
"""The attribute of a function that says what its order costs; see `schedule_attribute`."""


@dataclass(frozen=True)
class SchedulePass(ModulePass):
    """Reorder the steps of each function so that the peak of the bytes alive in buffers is the least.

    `state-limit` bounds the exact search, `beam` is the width of the search that takes over there; `effort`, by default
    100, scales how much both may look at. An order that is as good as the best one found stays as it is. Functions that
    are placed already are left alone.
    """

    name = "memplan-schedule"
    state_limit: int = STATE_LIMIT
    beam: int = BEAM
    effort: int = EFFORT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_effort(self.name, self.effort)
        if self.state_limit < 0 or self.beam < 1:
            raise UserError(
                "memplan-schedule: state-limit must be at least 0 and beam at least 1, "
                f"got {self.state_limit} and {self.beam}"
            )
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                self._schedule_function(function)

    def _schedule_function(self, function: FuncOp) -> None:
        liveness = Liveness(function)
        graph = graph_of(liveness)
        given = range(len(liveness.steps))
        states, looks = scaled(self.state_limit, self.effort), scaled(LOOKS, self.effort)
        found = schedule(graph, given, states, self.beam, looks)
        function.attributes[SCHEDULE] = schedule_attribute(found, peak_of(graph, given))
        if found.order != tuple(given):
            reorder(function.body.block, [liveness.steps[step].op for step in found.order])


def is_placed(function: FuncOp) -> bool:
    """True where addresses, ends of lives or streams are written down already: they hold for one order only."""
    return any(isinstance(op, ArenaOp | ViewOp | RetireOp | StreamOp) for op in function.body.block.ops)


def schedule_attribute(found: Schedule, given_peak: int) -> DictionaryAttr:
    """The most bytes alive in buffers: in this order, in the order that came in, and in any order at least.

    `limited` where the search came to its limit before it was known whether there is a better order.
    """
    return DictionaryAttr(
        {
            "peak": IntegerAttr(found.peak, i64),
            "given_peak": IntegerAttr(given_peak, i64),
            "lower_bound": IntegerAttr(found.lower_bound, i64),
            "method": StringAttr(found.method),
            **limited_entry(found.peak > found.lower_bound),
        }
    )


def graph_of(liveness: Liveness) -> Graph:
    """The steps as ops, the buffers as tensors. Arguments make dependences, but their bytes are the caller's.

    A reader waits for all earlier writers of the same storage, a writer for all earlier readers and writers.
    """
    numbers = {life.root: number for number, life in enumerate(liveness.scratch)}
    readers: dict[SSAValue, set[int]] = {}
    writers: dict[SSAValue, set[int]] = {}
    touches: list[frozenset[int]] = []
    preds: list[frozenset[int]] = []
    for number, step in enumerate(step.op for step in liveness.steps):
        roots = {root_of(value) for value in step.operands}
        written = {root_of(value) for value in destinations(step)}
        waits = {op for root in roots for op in writers.get(root, ())}
        waits |= {op for root in written for op in readers.get(root, ())}
        touches.append(frozenset(numbers[root] for root in roots if root in numbers))
        preds.append(frozenset(waits))
        for root in roots:
            (writers if root in written else readers).setdefault(root, set()).add(number)
    return Graph(tuple(life.size for life in liveness.scratch), tuple(touches), tuple(preds))


def reorder(block: Block, steps: Sequence[StepOp]) -> None:
    """Put the steps in this order, each after the definitions that it is the first to need; unused ones are last."""
    end = block.last_op
    assert end is not None, "a verified function ends in func.return"
    moved: set[Operation] = set()

    def move(op: Operation) -> None:
        if op.parent is not block or op in moved:
            return
        moved.add(op)
        for value in op.operands:
            if isinstance(value.owner, Operation):
                move(value.owner)
        op.detach()
        block.insert_op_before(op, end)

    for step in steps:
        move(step)
    for op in list(block.ops):
        if op is not end:
            move(op)
