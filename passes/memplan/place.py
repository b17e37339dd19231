"""Placement: a byte offset for every buffer in the smallest arena that the search finds, or in one for each memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.memories import DEFAULT_MEMORY, Memory, parse_memories
from ...dialects.memplan.liveness import is_planned
from .lifetimes.requests import Rings, given_root
from .limits.effort import EFFORT, scaled, verify_effort
from .offsets.assign import Group
from .offsets.memories import Part, Plan, place_in_memories
from .offsets.placement import NODE_LIMIT, Overlap, Placement, Problem, Request, place
from .placing.task import Placed, Task, groups_of
from .placing.views import PLAN, write

NODE_WORK = 300_000_000
"""Nodes of the search times buffers, without a capacity: a node takes longer where there are more buffers."""


@dataclass(frozen=True)
class PlacePass(ModulePass):
    """Turn every `memplan.buffer` into a `memplan.view` of one arena, and retire each after its last use.

    The rows of a `memplan.buffer rows N` are placed one by one, which gives a `memplan.rows`. What `memplan-inplace`
    has found may overlap does, where that helps.

    `alignment` (bytes, a power of two) holds for every offset; elements wider than that are aligned to their size.
    `exact=false` keeps to the greedy plans. `node-limit` bounds the exact search, scaled by `effort`, by default
    100. It stops at a plan of `enough` bytes, or `slack` thousandths above what any plan needs. `memory` names the
    arena's memory. With `rings` each split buffer is a ring of fixed slots instead.

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
    slack: int = 0
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
        task = Task.of(function, self.alignment)
        if task.buffers or PLAN not in function.attributes:
            write(task, self.placed(task, memories), self.alignment, memories)

    def placed(self, task: Task, memories: Sequence[Memory] = ()) -> Placed:
        """Where the buffers of a function go; nothing is changed. Raises UserError where they find no room."""
        buffers = task.buffers
        rings = Rings(buffers, self.alignment, given_root(task.liveness))
        groups = groups_of(task.liveness, buffers, rings)
        if self.rings:
            alone = [replace(group, members=(number,)) for number, group in enumerate(groups)]
            plan = self._plan(rings.requests(), [], alone, memories)
            return Placed(plan, tuple(rings.places(plan.places)), plan.peak)
        plan = self._plan(task.requests, task.overlaps, groups, memories)
        has_rows = any(life.row is not None for life in buffers)
        return Placed(plan, plan.places, place(rings.requests(), exact=False).peak if has_rows else plan.peak)

    def _plan(
        self,
        requests: Sequence[Request],
        overlaps: Sequence[Overlap],
        groups: Sequence[Group],
        memories: Sequence[Memory],
    ) -> Plan:
        """Places in one arena of any size, or in the memories."""
        usual = min(NODE_LIMIT, NODE_WORK // max(1, len(requests)))
        node_limit = usual if self.node_limit is None else self.node_limit
        if memories:
            nodes = scaled(node_limit, self.effort)
            return place_in_memories(requests, overlaps, groups, memories, self.exact, nodes, not self.enough)
        if self.capacity:
            placement = place(requests, self.exact, self.node_limit, overlaps, self.capacity, self.effort)
        else:
            enough = self.enough
            if self.slack:
                enough = max(enough, Problem.of(requests, overlaps).lower_bound() * (1000 + self.slack) // 1000)
            placement = place(requests, self.exact, node_limit, overlaps, enough or None, self.effort)
        if placement.peak > self.capacity > 0:
            raise UserError(over_capacity(placement, self.capacity))
        whole = Part(Memory(self.memory, placement.peak), tuple(range(len(requests))), placement)
        return Plan((whole,), placement.lower_bound)


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
