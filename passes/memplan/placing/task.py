"""What is to be placed in a function, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xdsl.dialects.func import FuncOp

from ....dialects.memplan import BufferOp
from ....dialects.memplan.liveness import Life, Liveness
from ..lifetimes.requests import Rings, accesses, sharing, single_requests
from ..offsets.assign import Group
from ..offsets.memories import Plan
from ..offsets.placement import Overlap, Problem, Request


@dataclass(frozen=True)
class Task:
    """The buffers of a function that are to be placed, and what is asked for each."""

    liveness: Liveness
    buffers: tuple[Life, ...]
    requests: Sequence[Request]
    overlaps: Sequence[Overlap]

    @staticmethod
    def of(function: FuncOp, alignment: int) -> Task:
        """Rows are placed one by one."""
        liveness = Liveness(function)
        buffers = tuple(life for life in liveness.scratch if isinstance(life.root.owner, BufferOp))
        return Task(liveness, buffers, single_requests(liveness, buffers, alignment), sharing(liveness, buffers))

    @cached_property
    def least(self) -> int:
        """Bytes that every placement needs."""
        return Problem.of(self.requests, self.overlaps).lower_bound()


@dataclass(frozen=True)
class Placed:
    """The plan of a task, the arena and the offset of each buffer, and what rings would need at least, in bytes."""

    plan: Plan
    places: tuple[tuple[int, int], ...]
    in_rings: int


def groups_of(liveness: Liveness, buffers: Sequence[Life], rings: Rings) -> list[Group]:
    """What lies in one memory: a buffer, or the rows of one, by their numbers among the buffers."""
    counts = accesses(liveness)
    return [
        Group(buffers[group[0]].name.partition("[")[0], tuple(group), counts.get(buffers[group[0]].root, 0))
        for group in rings.groups()
    ]
