"""Scheduling: the execution order in which the fewest bytes are alive at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, MemRefType, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.fixed.types import IntsAttr
from ...dialects.memplan import ArenaOp, BufferOp, LoopOp, RetireOp, StreamOp, ViewOp, loops_around, size_in_bytes
from ...dialects.memplan.liveness import Liveness, StepOp, destinations, is_planned, root_of
from .lifetimes.rounds import OuterStep, outer_steps, stands_for
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
        for loop in [op for op in function.walk(reverse=True) if isinstance(op, LoopOp)]:
            self._schedule_loop(loop, Liveness(function))
        with outer_steps(function) as steps:
            graph = graph_of([outer.step for outer in steps])
            given = range(len(steps))
            found = self._search(graph)
            function.attributes[SCHEDULE] = schedule_attribute(found, peak_of(graph, given))
            order = [steps[step].op for step in found.order]
        if found.order != tuple(given):
            reorder(function.body.block, order)

    def _search(self, graph: Graph) -> Schedule:
        states, looks = scaled(self.state_limit, self.effort), scaled(LOOKS, self.effort)
        return schedule(graph, range(len(graph.preds)), states, self.beam, looks)

    def _schedule_loop(self, loop: LoopOp, liveness: Liveness) -> None:
        """Order the steps of a round. What the loop carries is alive in all of them, and makes dependences only."""
        if any(isinstance(op, RetireOp) for op in loop.body.block.ops):
            return
        made: list[Operation] = []
        steps: list[OuterStep] = []
        for op in loop.body.block.ops:
            if isinstance(op, LoopOp):
                stand_in, *scratch = stands_for(op, liveness)
                made += [stand_in, *scratch]
                steps.append(OuterStep(op, stand_in))
            elif isinstance(op, StepOp):
                steps.append(OuterStep(op, op))
        graph = graph_of([step.step for step in steps], liveness.carried[loop])
        found, given = self._search(graph), tuple(range(len(steps)))
        for op in made:
            op.erase()
        if found.order != given and found.peak < peak_of(graph, given):
            dims = [dict(zip(outer.forms, outer.along.data, strict=True)) for outer in (*loops_around(loop), loop)]
            block = loop.body.block
            for number in found.order:
                steps[number].op.detach()
                block.add_op(steps[number].op)
            for outer, held in zip((*loops_around(loop), loop), dims, strict=True):
                outer.along = IntsAttr(tuple(held[form] for form in outer.forms))


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


def graph_of(steps: Sequence[StepOp], lasting: Collection[SSAValue] = ()) -> Graph:
    """The steps as ops, the buffers as tensors. Arguments make dependences, but their bytes are the caller's.

    So do buffers that are alive in any order, `lasting`.
    A reader waits for all earlier writers of the same storage, a writer for all earlier readers and writers.
    """
    used = dict.fromkeys(root_of(value) for step in steps for value in step.operands)
    buffers = in_order([r for r in used if isinstance(r.owner, BufferOp) and r not in lasting])
    numbers = {root: number for number, root in enumerate(buffers)}
    readers: dict[SSAValue, set[int]] = {}
    writers: dict[SSAValue, set[int]] = {}
    touches: list[frozenset[int]] = []
    preds: list[frozenset[int]] = []
    for number, step in enumerate(steps):
        roots = {root_of(value) for value in step.operands}
        written = {root_of(value) for value in destinations(step)}
        waits = {op for root in roots for op in writers.get(root, ())}
        waits |= {op for root in written for op in readers.get(root, ())}
        touches.append(frozenset(numbers[root] for root in roots if root in numbers))
        preds.append(frozenset(waits))
        for root in roots:
            (writers if root in written else readers).setdefault(root, set()).add(number)
    sizes = tuple(size_in_bytes(root.type) for root in buffers if isinstance(root.type, MemRefType))
    return Graph(sizes, tuple(touches), tuple(preds))


def in_order(roots: Sequence[SSAValue]) -> list[SSAValue]:
    """Buffers as they stand in their blocks; such that are in none yet come first."""
    blocks = {root.owner.parent for root in roots if isinstance(root.owner, Operation)}
    ops = [pair for block in blocks if isinstance(block, Block) for pair in enumerate(block.ops, 1)]
    places: dict[SSAValue, int] = {result: number for number, op in ops for result in op.results}
    return sorted(roots, key=lambda root: places.get(root, 0))


def reorder(block: Block, steps: Sequence[Operation]) -> None:
    """Put the steps in this order, each after the definitions that it is the first to need; unused ones are last."""
    end = block.last_op
    assert end is not None, "a verified function ends in func.return"
    moved: set[Operation] = set()

    def move(op: Operation) -> None:
        if op.parent is not block or op in moved:
            return
        moved.add(op)
        for value in (operand for inner in op.walk() for operand in inner.operands):
            if isinstance(value.owner, Operation):
                move(value.owner)
        op.detach()
        block.insert_op_before(op, end)

    for step in steps:
        move(step)
    for op in list(block.ops):
        if op is not end:
            move(op)
