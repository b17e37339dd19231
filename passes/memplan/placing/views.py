"""A plan written into its function: arenas, views, ends of lives, and the attribute that says what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, DictionaryAttr, IntegerAttr, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.memories import Memory
from ....dialects.memplan import ArenaOp, BufferOp, LoopOp, RetireOp, RowsOp, StreamOp, ViewOp
from ....dialects.memplan.liveness import Life, Liveness, is_split, root_of
from ..limits.effort import limited_entry
from ..offsets.memories import Plan
from .task import Placed, Task

PLAN = "memplan.plan"
"""The attribute of a function that says what its plan costs; see `plan_attribute`."""


def write(task: Task, placed: Placed, alignment: int, memories: Sequence[Memory] = ()) -> None:
    """Put the views of a plan into the function, and say what it costs."""
    function, plan = task.liveness.function, placed.plan
    function.attributes[PLAN] = plan_attribute(task.liveness, task.buffers, plan, placed.in_rings, memories)
    if task.buffers:
        alignment = max(alignment, *(life.alignment for life in task.buffers))
        arenas = [ArenaOp(part.placement.peak, alignment, part.memory.name) for part in plan.parts]
        retire(task.liveness, task.buffers)
        write_views(function, task.buffers, placed.places, arenas)


def plan_attribute(
    liveness: Liveness, buffers: Sequence[Life], plan: Plan, in_rings: int, memories: Sequence[Memory]
) -> DictionaryAttr:
    """What the plan costs, in bytes, and why: the step with the most bytes alive and the buffers alive there.

    `peak` is the arena, with several memories the sum of their arenas; `memories` has `peak` and `size` of each.
    `proven` is true when no placement of these lifetimes has a smaller peak than this one. Where rows are placed,
    `rings` is what they would need in rings (placed greedily in one arena). It is `limited` where the search came to
    its limit.
    """
    step = liveness.peak_step
    names = [StringAttr(life.name) for life in buffers if life.is_live(step)]
    entries: dict[str, Attribute] = {
        "peak": IntegerAttr(plan.peak, i64),
        "lower_bound": IntegerAttr(plan.lower_bound, i64),
        "proven": BoolAttr.from_bool(plan.peak == plan.lower_bound),
        "method": StringAttr(plan.method),
        "step": StringAttr(liveness.steps[step].name),
        "live": ArrayAttr(names),
        **limited_entry(plan.limited),
    }
    if any(life.row is not None for life in buffers):
        entries["rings"] = IntegerAttr(in_rings, i64)
    if memories:
        peaks = {part.memory.name: part.placement.peak for part in plan.parts}
        numbers = {memory.name: {"peak": peaks.get(memory.name, 0), "size": memory.size} for memory in memories}
        entries["memories"] = DictionaryAttr(
            {
                name: DictionaryAttr({key: IntegerAttr(value, i64) for key, value in both.items()})
                for name, both in numbers.items()
            }
        )
    return DictionaryAttr(entries)


def retire(liveness: Liveness, buffers: Iterable[Life]) -> None:
    """Insert `memplan.retire` after each last use; buffers that the text retires itself are left alone, and rows."""
    retired = {root_of(op.buffer) for op in liveness.function.walk() if isinstance(op, RetireOp)}
    ends: dict[Operation, list[Life]] = {}
    for life in buffers:
        if life.root not in retired and life.is_used and life.row is None:
            last: Operation = liveness.steps[life.last].op
            while is_within(last.parent_op(), life.root, liveness):
                around = last.parent_op()
                assert around is not None
                last = around
            ends.setdefault(last, []).append(life)
    for op, lives in ends.items():
        Rewriter.insert_op([RetireOp(life.root) for life in lives], InsertPoint.after(op))


def is_within(around: Operation | None, root: SSAValue, liveness: Liveness) -> bool:
    """True for a stream, or a loop that carries the storage: its life ends behind that."""
    return isinstance(around, StreamOp) or (isinstance(around, LoopOp) and root in liveness.carried[around])


def write_views(
    function: FuncOp, buffers: Sequence[Life], places: Sequence[tuple[int, int]], arenas: Sequence[ArenaOp]
) -> None:
    """Replace each buffer by a view of an arena; `places` are numbers of arenas, and offsets.

    The arenas are defined at the top of the function.
    """
    Rewriter.insert_op(arenas, InsertPoint.at_start(function.body.block))
    for number, arena in enumerate(arenas):
        arena.result.name_hint = f"arena_{arena.memory.data}" if number else "arena"
    offsets: dict[tuple[SSAValue, int], list[int]] = {}
    for life, (number, offset) in zip(buffers, places, strict=True):
        offsets.setdefault((life.root, number), []).append(offset)
    for (root, number), rows in offsets.items():
        buffer = root.owner
        assert isinstance(buffer, BufferOp)
        if is_split(root):
            Rewriter.replace_op(buffer, RowsOp(arenas[number], np.array(rows), buffer.result.type, buffer.node))
        else:
            Rewriter.replace_op(buffer, ViewOp(arenas[number], rows[0], buffer.result.type, buffer.node))
