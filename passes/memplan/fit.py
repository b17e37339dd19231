"""Planning to a limit: the fastest plan whose arena fits a number of bytes, or the smallest one.

Ways are tried from the cheapest to the dearest, and of those that fit the one with the fewest cycles is taken
(targets/costs.py). Where RAM is short a way also gives up scratch memory of tiles. A way that a proven bound rules out
is left out.
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
from .fitting.tiles import cycles_of, is_tiled, lowered_caps, scratch_of
from .limits.effort import EFFORT, verify_effort
from .patch import PatchPass
from .place import PlacePass
from .schedule import SchedulePass, is_placed
from .split_reductions import SplitReductionsPass
from .stream import StreamPass
from .tile import make_tiler
from .tiling.tiler import Caps, Tiler

OBJECTIVES = ("speed", "ram", "flash")

WHOLE_NODES = 20_000
"""Nodes of the search for the offsets of whole tensors, which goes on where they fit already: less RAM for a second."""

TRIES = 4
"""How often the limit of a stream is lowered because its placement exceeds what is alive."""

DESCENTS = 5
"""How often a way gives up scratch memory, the last time all of it."""

NEAR = 1.001
"""A plan at most so many times slower than with all the memory is the fastest."""

LEVELS = 6
"""Steps from the least RAM, or the least flash, to the fastest plan, where cycles are limited."""


@dataclass(frozen=True)
class FitPass(ModulePass):
    """Order, tile, stream, patch, move and place each function so that its arena has at most `ram` bytes.

    The ways, in this order: whole tensors; streams of as few slices as fit; moves between whole tensors; streams and
    moves; patches that recompute at most `max-recompute` of the multiply-accumulates. `alignment` is that of offsets in
    bytes. Raises UserError where nothing fits, with the bytes that are missing and what makes the peak; without
    `required` the smallest plan found is left instead. `effort`, by default 100, is that of the passes for each.

    `operations`, `costs`, `flash` and `packed` are those of memplan-tile: tiles are chosen here. With `objective` ram
    the arena is as small as it gets, then fast; with flash nothing is added to constants for speed; with either, as far
    as the plan takes at most `cycles` by the cost model, if these are limited. Without `compare` nothing is told of
    whole tensors without tiles, without `moves` nothing is moved.

    With `memories`, as `memplan-place` takes them, a plan fits that also finds room in these; `ram` limits their sum.
    Nothing is moved then. Where no plan finds room, UserError names the buffers that fit none of the memories.
    """

    name = "memplan-fit"
    ram: int
    alignment: int = 4
    max_recompute: float = 1.1
    required: bool = True
    memories: str = ""
    effort: int = EFFORT
    operations: str = ""
    costs: str = "cortex-m4f"
    flash: int = 0
    packed: str = "auto"
    objective: str = "speed"
    cycles: int = 0
    compare: bool = True
    moves: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_effort(self.name, self.effort)
        if self.objective not in OBJECTIVES:
            raise UserError(f"{self.name}: objective is one of {', '.join(OBJECTIVES)}, not `{self.objective}`")
        tiler = make_tiler(self.name, self.operations, self.costs, self.packed, self.flash)
        SchedulePass(effort=self.effort).apply(ctx, op)
        for function in list(op.ops):
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                Fitting(self, ctx, function, tiler).fit()


@dataclass(frozen=True)
class Tried:
    """The plans that were made, the best of them, its cycles, and the limit that it was made for."""

    plans: list[Plan]
    best: Plan
    cycles: float
    ram: int


@dataclass(frozen=True)
class Fitting:
    """One function that is fitted, by the options of the pass."""

    options: FitPass
    ctx: Context
    function: FuncOp
    tiler: Tiler

    def fit(self) -> None:
        """Give the function the plan that is asked for."""
        found = {"speed": self._fastest, "ram": self._smallest, "flash": self._leanest}[self.options.objective]()
        best, ram = found.best, self.options.ram
        if best.misfit is not None:
            raise best.misfit
        if best.peak > ram and self.options.required:
            raise UserError(explain(best, ram))
        price = {"cycles": round(found.cycles), "scratch": max(scratch_of(best.function).values(), default=0)}
        plain = self._plain(found) if self.options.compare else {}
        take(self.function, best, fit_attribute(found.plans, best, ram, price | plain))

    def _plain(self, found: Tried) -> dict[str, int]:
        """The cycles and the least peak of whole tensors without tiles."""
        if found.best.way.name == "whole" and not is_tiled(found.best.function):
            return {"plain_cycles": round(found.cycles), "plain_peak": found.best.least}
        plain = plan_with(self.ctx, self.function, Way("whole", (), replace(self._place(0), exact=False)), 0)
        return {"plain_cycles": round(cycles_of(self.function, self.tiler.costs)), "plain_peak": plain.least}

    def _fastest(self) -> Tried:
        return self._within(self.options.ram, self.tiler)

    def _smallest(self) -> Tried:
        """The least RAM, with the tiles that it has room for; more where that takes too many cycles."""
        least = self._within(min(1, self.options.ram), replace(self.tiler, operations=frozenset()))
        low, high = least.best.peak, max(self.options.ram, least.best.peak)
        if least.best.misfit is not None or not self.tiler.is_able:
            return least
        found = self._within(low, self.tiler)
        found = found if found.best.excess(low) == 0 else least
        if not self.options.cycles or found.cycles <= self.options.cycles:
            return found
        most = min(high, self._within(high, self.tiler).best.peak)
        for level in range(1, LEVELS + 1):
            found = self._within(low + (most - low) * level // LEVELS, self.tiler)
            if found.cycles <= self.options.cycles and found.best.excess(found.ram) == 0:
                break
        return found

    def _leanest(self) -> Tried:
        """The fastest plan that adds no constants; more of them where that takes too many cycles."""
        found = self._within(self.options.ram, replace(self.tiler, extra=0))
        most = max(0, self.tiler.room(self.function)) if self.tiler.is_able else 0
        for level in range(LEVELS):
            if not most or not self.options.cycles or found.cycles <= self.options.cycles:
                break
            found = self._within(self.options.ram, replace(self.tiler, extra=most >> (LEVELS - 1 - level)))
        return found

    def _within(self, ram: int, tiler: Tiler) -> Tried:
        """The fastest plan found that fits, or the one that comes nearest."""
        tried: list[Plan] = []
        cycles: list[float] = []
        tiled = self._tiled(tiler, {})
        ideal = cycles_of(tiled, tiler.costs)
        for way in self._ways(tried, ram):
            plan = self._descended(way, tiled, ram, tiler, tried[0] if tried and tried[0].way.name == "whole" else None)
            tried.append(plan)
            cycles.append(cycles_of(plan.function, tiler.costs, plan.moved))
            if plan.excess(ram) == 0 and (cycles[-1] <= NEAR * ideal or way.name != "whole"):
                break
        place = [
            (p.misfit is not None, p.excess(ram), c, n) for n, (p, c) in enumerate(zip(tried, cycles, strict=True))
        ]
        number = place.index(min(place))
        best = tried[number]
        if best.misfit is None and best.peak > max(ram, best.least):
            effort = self.options.effort if self.options.objective == "ram" else max(1, self.options.effort // 2)
            search = replace(best.way.place, enough=0, node_limit=None, effort=effort)
            smaller = placed_with(best.way, best.task, search)
            tried[number] = best = min(best, smaller, key=lambda plan: plan.excess(ram))
        return Tried(tried, best, cycles[number], ram)

    def _tiled(self, tiler: Tiler, caps: Caps) -> FuncOp:
        """A copy of the function with tiles."""
        module = ModuleOp([self.function.clone()])
        (copy,) = (op for op in module.ops if isinstance(op, FuncOp))
        tiler.tile(copy, caps)
        return copy

    def _descended(self, way: Way, tiled: FuncOp, ram: int, tiler: Tiler, whole: Plan | None) -> Plan:
        """A way with as much scratch memory of tiles as fits; `whole` is the plan of whole tensors."""
        caps: dict[str, int] = {}
        plan = plan_with(self.ctx, tiled, way, ram, None if scratch_of(tiled) else whole)
        for number in range(DESCENTS):
            excess = plan.excess(ram)
            if excess == 0 or not scratch_of(tiled):
                break
            caps = lowered_caps(caps, tiled, plan.function, ram, excess)
            if number == DESCENTS - 1:
                caps = dict.fromkeys(caps | scratch_of(tiled), 0)
            tiled = self._tiled(tiler, caps)
            plan = plan_with(self.ctx, tiled, way, ram)
        return plan

    def _place(self, ram: int) -> PlacePass:
        options = self.options
        return PlacePass(options.alignment, enough=max(1, ram), memories=options.memories, effort=options.effort)

    def _ways(self, tried: list[Plan], ram: int) -> Iterator[Way]:
        """The ways to try; what comes next depends on the plans tried so far."""
        by_rows, effort = caller_form(self.function, INPUT_ROWS) is not None, self.options.effort
        place = self._place(ram)
        alignment = self.options.alignment
        holes = (
            []
            if self.options.memories or not self.options.moves
            else [DefragPass(max(1, ram), alignment=alignment, effort=effort)]
        )
        if not by_rows:
            yield Way("whole", (), replace(place, enough=0, node_limit=WHOLE_NODES))
        limit = ram
        for _ in range(TRIES):
            yield Way("stream", (SplitReductionsPass(), StreamPass(limit, effort)), place)
            limit -= tried[-1].excess(ram)
            if tried[-1].streamed_to_the_least or tried[-1].excess(ram) == 0:
                break
        streamed = tried[-1]
        if any(plan.excess(ram) == 0 for plan in tried):
            return
        if holes and not by_rows and tried[0].least <= ram:
            yield Way("move", tuple(holes), place)
        if not streamed.streamed_to_the_least or (holes and streamed.least <= ram):
            name = "stream, move" if holes else "stream"
            yield Way(name, (SplitReductionsPass(), StreamPass(effort=effort), *holes), place)
        if not by_rows:
            yield Way("patch", (PatchPass(max_recompute=self.options.max_recompute, effort=effort),), place)
