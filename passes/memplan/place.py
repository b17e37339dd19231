"""Placement: a byte offset for every buffer in the smallest arena that the search finds, or in one for each memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.errors import UserError
from ...dialects.memories import DEFAULT_MEMORY, Memory, parse_memories
from ...dialects.memplan import ArenaOp, BufferOp, RetireOp, RowsOp, StreamOp, ViewOp
from ...dialects.memplan.liveness import Life, Liveness, is_planned, is_split, root_of
from .lifetimes.requests import Rings, accesses, given_root, sharing, single_requests
from .limits.effort import EFFORT, limited_entry, scaled, verify_effort
from .offsets.assign import Group
from .offsets.memories import Part, Plan, place_in_memories
from .offsets.placement import NODE_LIMIT, Overlap, Placement, Problem, Request, place

PLAN = "memplan.plan"
"""The attribute of a function that says what its plan costs; see `plan_attribute`."""


@dataclass(frozen=True)
class PlacePass(ModulePass):
    """Turn every `memplan.buffer` into a `memplan.view` of one arena, and retire each after its last use.

    The rows of a `memplan.buffer rows N` are placed one by one, which gives a `memplan.rows`. What `memplan-inplace`
    has found may overlap does, where that helps.

    `alignment` (bytes, a power of two) holds for every offset; elements wider than that are aligned to their size.
    `exact=false` keeps to the greedy plans. `node-limit` bounds the exact search, scaled by `effort`, by default
    100. It stops at a plan of `enough` bytes. `memory` names the arena's memory. With `rings` each split buffer is a
    ring of fixed slots instead.

    `memories` lists memories with their bytes, the fastest first: `dtcm=65536,sram=245760`. Each of them that is used
    has an arena of its own, none larger than it. Where the first is too small for all, it gets the buffers that are
    accessed most often per byte. Raises MemoryMisfit, a UserError, where buffers fit none.

    With a `capacity` (bytes) the search stops at the first plan that fits, and without a `node-limit` it visits more
    nodes for it; UserError where it finds none.
    """

    name = "memplan-place"
    alignment: int = 4
    exact: bool = True
    node_limit: int | None = None
    memory: str = DEFAULT_MEMORY
    rings: bool = False
    enough: int = 0
    memories: str = ""
    capacity: int = 0
    effort: int = EFFORT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_alignment(self.name, self.alignment)
        verify_effort(self.name, self.effort)
        memories = parse_memories(self.memories)
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function):
                self._place_function(function, memories)

    def _place_function(self, function: FuncOp, memories: Sequence[Memory]) -> None:
        liveness = Liveness(function)
        buffers = [life for life in liveness.scratch if isinstance(life.root.owner, BufferOp)]
        if not buffers and PLAN in function.attributes:
            return
        rings = Rings(tuple(buffers), self.alignment, given_root(liveness))
        groups = groups_of(liveness, buffers, rings)
        if self.rings:
            alone = [replace(group, members=(number,)) for number, group in enumerate(groups)]
            plan = self._plan(rings.requests(), [], alone, memories)
            in_rings, places = plan.peak, rings.places(plan.places)
        else:
            requests, overlaps = single_requests(liveness, buffers, self.alignment), sharing(liveness, buffers)
            plan = self._plan(requests, overlaps, groups, memories)
            has_rows = any(life.row is not None for life in buffers)
            in_rings, places = place(rings.requests(), exact=False).peak if has_rows else plan.peak, plan.places
        function.attributes[PLAN] = plan_attribute(liveness, buffers, plan, in_rings, memories)
        if buffers:
            alignment = max(self.alignment, *(life.alignment for life in buffers))
            arenas = [ArenaOp(part.placement.peak, alignment, part.memory.name) for part in plan.parts]
            retire(liveness, buffers)
            write_views(function, buffers, places, arenas)

    def _plan(
        self,
        requests: Sequence[Request],
        overlaps: Sequence[Overlap],
        groups: Sequence[Group],
        memories: Sequence[Memory],
    ) -> Plan:
        """Places in one arena of any size, or in the memories."""
        node_limit = NODE_LIMIT if self.node_limit is None else self.node_limit
        if memories:
            nodes = scaled(node_limit, self.effort)
            return place_in_memories(requests, overlaps, groups, memories, self.exact, nodes, not self.enough)
        if self.capacity:
            placement = place(requests, self.exact, self.node_limit, overlaps, self.capacity, self.effort)
        else:
            placement = place(requests, self.exact, node_limit, overlaps, self.enough or None, self.effort)
        if placement.peak > self.capacity > 0:
            raise UserError(over_capacity(placement, self.capacity))
        whole = Part(Memory(self.memory, placement.peak), tuple(range(len(requests))), placement)
        return Plan((whole,), placement.lower_bound)


def least_arena(function: FuncOp, alignment: int) -> int:
    """Bytes that every placement of the buffers of a function needs, rows placed one by one."""
    liveness = Liveness(function)
    buffers = [life for life in liveness.scratch if isinstance(life.root.owner, BufferOp)]
    return Problem.of(single_requests(liveness, buffers, alignment), sharing(liveness, buffers)).lower_bound()


def verify_alignment(name: str, alignment: int) -> None:
    """Raise UserError for an `alignment`, an option of the pass of this name, that is no power of two."""
    if alignment < 1 or alignment & (alignment - 1):
        raise UserError(f"{name}: alignment must be a power of two, got {alignment}")


def over_capacity(placement: Placement, capacity: int) -> str:
    """Why there is no plan, and what may help."""
    peak, bound = placement.peak, placement.lower_bound
    missing = f"the best plan found needs {peak:,} bytes, {peak - capacity:,} more than the capacity of {capacity:,}"
    if bound > capacity:
        return f"memplan-place: {missing}; no plan can do with less than {bound:,}: make lives or sizes smaller"
    open_ = f"the bound of {bound:,} leaves it open whether there is one"
    return f"memplan-place: {missing}; {open_}: raise node-limit, or let memplan-defrag move buffers"


def groups_of(liveness: Liveness, buffers: Sequence[Life], rings: Rings) -> list[Group]:
    """What lies in one memory: a buffer, or the rows of one, by their numbers among the buffers."""
    counts = accesses(liveness)
    return [
        Group(buffers[group[0]].name.partition("[")[0], tuple(group), counts.get(buffers[group[0]].root, 0))
        for group in rings.groups()
    ]


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
    block = liveness.function.body.block
    retired = {root_of(op.buffer) for op in block.ops if isinstance(op, RetireOp)}
    ends: dict[Operation, list[Life]] = {}
    for life in buffers:
        if life.root not in retired and life.is_used and life.row is None:
            last = liveness.steps[life.last].op
            stream = last.parent_op()
            ends.setdefault(stream if isinstance(stream, StreamOp) else last, []).append(life)
    for op, lives in ends.items():
        Rewriter.insert_op([RetireOp(life.root) for life in lives], InsertPoint.after(op))


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
