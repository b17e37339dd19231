"""Planning to a limit: the cheapest way to plan memory whose arena fits a number of bytes.

Ways are tried from the cheapest to the dearest, and the first that fits is taken. Cheaper means fewer
multiply-accumulates, then fewer bytes moved, then fewer slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.fixed.forms import StructuredForm
from ...dialects.memplan import INPUT_ROWS
from ...dialects.memplan.liveness import Liveness, is_planned
from .defrag import DefragPass
from .inplace import InplacePass
from .offsets.memories import MemoryMisfit
from .patch import PatchPass
from .place import PLAN, PlacePass
from .schedule import SchedulePass, is_placed
from .split_reductions import SplitReductionsPass
from .stream import StreamPass

FIT = "memplan.fit"
"""The attribute of a function that says which way of planning was taken; see `fit_attribute`."""

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
    `required` the smallest plan found is left instead.

    With `memories`, as `memplan-place` takes them, a plan fits that also finds room in these; `ram` limits their sum.
    Nothing is moved then. Where no plan finds room, UserError names the buffers that fit none of the memories.
    """

    name = "memplan-fit"
    ram: int
    alignment: int = 4
    max_recompute: float = 1.1
    required: bool = True
    memories: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in list(op.ops):
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                self._fit(ctx, function)

    def _fit(self, ctx: Context, function: FuncOp) -> None:
        tried: list[Plan] = []
        for name, passes in self._ways(tried, INPUT_ROWS in function.attributes):
            plan = plan_with(ctx, function, name, passes)
            tried.append(plan)
            if plan.excess(self.ram) == 0:
                break
        best = min(tried, key=lambda plan: (plan.misfit is not None, plan.excess(self.ram), tried.index(plan)))
        if best.misfit is not None:
            raise best.misfit
        if best.peak > self.ram and self.required:
            raise UserError(explain(best, self.ram))
        price = fit_attribute(tried, best, self.ram)
        block = best.function.body.block
        best.function.body.detach_block(block)
        old = function.body.block
        function.body.detach_block(old)
        old.erase()
        function.body.add_block(block)
        function.attributes.update(best.function.attributes)
        function.attributes[FIT] = price

    def _ways(self, tried: list[Plan], by_rows: bool) -> Iterator[tuple[str, list[ModulePass]]]:
        """Names and passes; what comes next depends on the plans tried so far."""
        place = PlacePass(alignment=self.alignment, enough=max(1, self.ram), memories=self.memories)
        schedule, end = SchedulePass(), [InplacePass(), place]
        if not by_rows:
            yield "whole", [schedule, InplacePass(), replace(place, enough=0, node_limit=WHOLE_NODES)]
        limit = self.ram
        for _ in range(TRIES):
            yield "stream", [schedule, SplitReductionsPass(), StreamPass(limit=limit), *end]
            limit -= tried[-1].excess(self.ram)
            if tried[-1].streamed_to_the_least:
                break
        defrag = [] if self.memories else [DefragPass(capacity=max(1, self.ram), alignment=self.alignment)]
        if defrag and not by_rows:
            yield "move", [schedule, *defrag, *end]
        if defrag or not tried[-1].streamed_to_the_least:
            yield (
                "stream, move" if defrag else "stream",
                [
                    schedule,
                    SplitReductionsPass(),
                    StreamPass(),
                    *defrag,
                    *end,
                ],
            )
        if not by_rows:
            yield "patch", [schedule, PatchPass(max_recompute=self.max_recompute), *end]


@dataclass(frozen=True)
class Plan:
    """A planned copy of a function; not placed where the memories do not hold it, a `misfit`."""

    way: str
    function: FuncOp
    liveness: Liveness
    misfit: MemoryMisfit | None = None

    def excess(self, ram: int) -> int:
        """Bytes for which there is no room."""
        return max(0, self.peak - ram) if self.misfit is None else self.misfit.missing

    @property
    def peak(self) -> int:
        """Bytes of the arena."""
        return number(self.function, PLAN, "peak")

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those that patches compute again included."""
        return sum(op.macs for op in self.function.walk() if isinstance(op, StructuredForm))

    @property
    def moved(self) -> int:
        """Bytes moved."""
        return number(self.function, "memplan.defrag", "bytes")

    @property
    def slices(self) -> int:
        """Steps that are slices of a form."""
        return number(self.function, "memplan.stream", "slices")

    @property
    def streamed_to_the_least(self) -> bool:
        """True where streaming cannot lower the peak any more."""
        return number(self.function, "memplan.stream", "peak") <= number(self.function, "memplan.stream", "least")


def plan_with(ctx: Context, function: FuncOp, way: str, passes: list[ModulePass]) -> Plan:
    """Run passes on a copy of a function; the last one places it."""
    module, misfit = ModuleOp([function.clone()]), None
    try:
        for step in passes:
            step.apply(ctx, module)
    except MemoryMisfit as error:
        misfit = error
    (copy,) = (op for op in module.ops if isinstance(op, FuncOp))
    return Plan(way, copy, Liveness(copy), misfit)


def number(function: FuncOp, attribute: str, key: str) -> int:
    """An integer that a pass has left on a function; 0 where it did not run."""
    entries = function.attributes.get(attribute)
    value = entries.data.get(key) if isinstance(entries, DictionaryAttr) else None
    return value.value.data if isinstance(value, IntegerAttr) else 0


def fit_attribute(tried: list[Plan], best: Plan, ram: int) -> DictionaryAttr:
    """What was tried, each with its peak or the bytes without room, and the plan taken: its way, and its price."""
    attempts = [
        DictionaryAttr(
            {"way": StringAttr(p.way), "peak": IntegerAttr(p.peak, i64)}
            if p.misfit is None
            else {"way": StringAttr(p.way), "missing": IntegerAttr(p.misfit.missing, i64)}
        )
        for p in tried
    ]
    numbers = {"ram": ram, "peak": best.peak, "macs": best.macs, "moved": best.moved, "slices": best.slices}
    entries: dict[str, Attribute] = {name: IntegerAttr(value, i64) for name, value in numbers.items()}
    fits = BoolAttr.from_bool(best.peak <= ram)
    return DictionaryAttr({"way": StringAttr(best.way), "fits": fits, **entries, "tried": ArrayAttr(attempts)})


def explain(best: Plan, ram: int) -> str:
    """Why no plan fits: how many bytes are missing, and what is alive where they are."""
    liveness, step, name = best.liveness, best.liveness.peak_step, best.function.sym_name.data
    alive = liveness.buffers_at(step)
    parts = ", ".join(f"{buffer} {size:,}" for buffer, size in alive.items())
    return (
        f"@{name} does not fit {ram:,} bytes: the smallest plan found ({best.way}) needs {best.peak:,}, "
        f"{best.peak - ram:,} too many. The peak is at '{liveness.steps[step].name}', where {len(alive)} buffers are "
        f"alive (bytes): {parts}. Make the input or these layers smaller, or choose a board with more RAM"
    )
