"""Planning to a limit: the cheapest way to plan memory whose arena fits a number of bytes.

Ways are tried from the cheapest to the dearest, and the first that fits is taken. Cheaper means fewer
multiply-accumulates, then fewer bytes moved, then fewer slices. A way that a proven bound rules out is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.memplan import INPUT_ROWS, caller_form
from ...dialects.memplan.liveness import is_planned
from .defrag import DefragPass
from .fitting.plans import Plan, Way, explain, fit_attribute, placed_with, plan_with, take
from .limits.effort import EFFORT, verify_effort
from .patch import PatchPass
from .place import PlacePass
from .schedule import SchedulePass, is_placed
from .split_reductions import SplitReductionsPass
from .stream import StreamPass
from .tile import drop_tiles, has_tiles

WHOLE_NODES = 20_000
"""Nodes of the search for the offsets of whole tensors, which goes on where they fit already: less RAM for a second."""

TRIES = 4
"""How often the limit of a stream is lowered because its placement exceeds what is alive."""


@dataclass(frozen=True)
class FitPass(ModulePass):
    """Order, stream, patch, move and place each function so that its arena has at most `ram` bytes, at the least price.

    The ways, in this order: whole tensors; streams of as few slices as fit; moves between whole tensors; streams and
    moves; patches that recompute at most `max-recompute` of the multiply-accumulates. `alignment` is that of offsets in
    bytes. Raises UserError where nothing fits, with the bytes that are missing and what makes the peak; without
    `required` the smallest plan found is left instead. `effort`, by default 100, is that of the passes for each.

    With `memories`, as `memplan-place` takes them, a plan fits that also finds room in these; `ram` limits their sum.
    Nothing is moved then. Where no plan finds room, UserError names the buffers that fit none of the memories. Tiles
    are given up, with their scratch memory, where nothing fits with them.
    """

    name = "memplan-fit"
    ram: int
    alignment: int = 4
    max_recompute: float = 1.1
    required: bool = True
    memories: str = ""
    effort: int = EFFORT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_effort(self.name, self.effort)
        SchedulePass(effort=self.effort).apply(ctx, op)
        for function in list(op.ops):
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                self._fit(ctx, function)

    def _fit(self, ctx: Context, function: FuncOp) -> None:
        tried: list[Plan] = []
        for way in self._ways(tried, caller_form(function, INPUT_ROWS) is not None):
            tried.append(plan_with(ctx, function, way, self.ram))
            if tried[-1].excess(self.ram) == 0:
                break
        best = min(tried, key=lambda plan: (plan.misfit is not None, plan.excess(self.ram), tried.index(plan)))
        if best.excess(self.ram) and has_tiles(function):
            drop_tiles(function)
            self._fit(ctx, function)
            return
        if best.misfit is not None:
            raise best.misfit
        if best.peak > max(self.ram, best.least):
            place = replace(best.way.place, enough=0, node_limit=None, effort=max(1, self.effort // 2))
            smaller = placed_with(best.way, best.task, place)
            tried[tried.index(best)] = best = min(best, smaller, key=lambda plan: plan.excess(self.ram))
        if best.peak > self.ram and self.required:
            raise UserError(explain(best, self.ram))
        take(function, best, fit_attribute(tried, best, self.ram))

    def _ways(self, tried: list[Plan], by_rows: bool) -> Iterator[Way]:
        """The ways to try; what comes next depends on the plans tried so far."""
        place = PlacePass(self.alignment, enough=max(1, self.ram), memories=self.memories, effort=self.effort)
        holes = [] if self.memories else [DefragPass(max(1, self.ram), alignment=self.alignment, effort=self.effort)]
        if not by_rows:
            yield Way("whole", (), replace(place, enough=0, node_limit=WHOLE_NODES))
        limit = self.ram
        for _ in range(TRIES):
            yield Way("stream", (SplitReductionsPass(), StreamPass(limit, self.effort)), place)
            limit -= tried[-1].excess(self.ram)
            if tried[-1].streamed_to_the_least:
                break
        streamed = tried[-1]
        if holes and not by_rows and tried[0].least <= self.ram:
            yield Way("move", tuple(holes), place)
        if not streamed.streamed_to_the_least or (holes and streamed.least <= self.ram):
            name = "stream, move" if holes else "stream"
            yield Way(name, (SplitReductionsPass(), StreamPass(effort=self.effort), *holes), place)
        if not by_rows:
            yield Way("patch", (PatchPass(max_recompute=self.max_recompute, effort=self.effort),), place)
