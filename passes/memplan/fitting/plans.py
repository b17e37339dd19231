"""A function planned in one way or another on copies, the price of each plan, and the one that is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from ....dialects.fixed.structured import StructuredForm
from ....dialects.memories import parse_memories
from ....dialects.memplan.sizes import sizes_text
from ..inplace import InplacePass
from ..limits.effort import is_limited, limited_entry
from ..offsets.memories import MemoryMisfit
from ..place import PlacePass
from ..placing.task import Placed, Task
from ..placing.views import write

FIT = "memplan.fit"
"""The attribute of a function that says which way of planning was taken; see `fit_attribute`."""


@dataclass(frozen=True)
class Way:
    """A way to plan a function in a good order: its name, the passes before placement, and that."""

    name: str
    passes: tuple[ModulePass, ...]
    place: PlacePass


@dataclass(frozen=True)
class Plan:
    """A copy of a function, planned but for its views; a `misfit` where the memories do not hold it."""

    way: Way
    task: Task
    placed: Placed | None
    misfit: MemoryMisfit | None = None

    @property
    def function(self) -> FuncOp:
        """The copy."""
        return self.task.liveness.function

    @property
    def least(self) -> int:
        """Bytes that every placement of its buffers needs."""
        return self.task.least

    @property
    def limited(self) -> bool:
        """True where a search on the way came to its limit."""
        in_placement = self.placed is not None and self.placed.plan.limited
        return in_placement or any(map(is_limited, self.function.attributes.values()))

    def excess(self, ram: int) -> int:
        """Bytes for which there is no room."""
        return max(0, self.peak - ram) if self.misfit is None else self.misfit.missing

    @property
    def peak(self) -> int:
        """Bytes of the arena."""
        return 0 if self.placed is None else self.placed.plan.peak

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


def plan_with(ctx: Context, function: FuncOp, way: Way, ram: int, whole: Plan | None = None) -> Plan:
    """Plan a copy of a function; offsets are searched for only where a placement may fit `ram` bytes.

    Where the passes of a way leave the body as it is and the plan of that, `whole`, cannot fit, it is the plan.
    """
    module = ModuleOp([function.clone()])
    for step in way.passes:
        step.apply(ctx, module)
    (copy,) = (op for op in module.ops if isinstance(op, FuncOp))
    if whole is not None and whole.least > ram and not any(map(is_limited, copy.attributes.values())):
        if copy.body.is_structurally_equivalent(function.body):
            return replace(whole, way=way)
    InplacePass().apply(ctx, module)
    task = Task.of(copy, way.place.alignment)
    return placed_with(way, task, way.place if task.least <= ram else replace(way.place, exact=False))


def placed_with(way: Way, task: Task, place: PlacePass) -> Plan:
    """The plan of a task."""
    try:
        return Plan(way, task, place.placed(task, parse_memories(place.memories)))
    except MemoryMisfit as error:
        return Plan(way, task, None, error)


def take(function: FuncOp, plan: Plan, price: DictionaryAttr) -> None:
    """Give a function the body and the attributes of a plan."""
    assert plan.placed is not None
    write(plan.task, plan.placed, plan.way.place.alignment, parse_memories(plan.way.place.memories))
    block, old = plan.function.body.block, function.body.block
    plan.function.body.detach_block(block)
    function.body.detach_block(old)
    old.erase()
    function.body.add_block(block)
    function.attributes.update(plan.function.attributes)
    function.attributes[FIT] = price


def number(function: FuncOp, attribute: str, key: str) -> int:
    """An integer that a pass has left on a function; 0 where it did not run."""
    entries = function.attributes.get(attribute)
    value = entries.data.get(key) if isinstance(entries, DictionaryAttr) else None
    return value.value.data if isinstance(value, IntegerAttr) else 0


def fit_attribute(tried: list[Plan], best: Plan, ram: int, price: Mapping[str, int]) -> DictionaryAttr:
    """What was tried, each with its peak or the bytes without room, and the plan taken: its way, and its price.

    That has its cycles by the cost model, the most `scratch` of a tile, and the cycles and the least peak of whole
    tensors without tiles.

    `limited` where a search for this plan, or for a cheaper one that does not fit, came to its limit.
    """
    attempts = [
        DictionaryAttr(
            {"way": StringAttr(p.way.name), "peak": IntegerAttr(p.peak, i64)}
            if p.misfit is None
            else {"way": StringAttr(p.way.name), "missing": IntegerAttr(p.misfit.missing, i64)}
        )
        for p in tried
    ]
    numbers = {"ram": ram, "peak": best.peak, "macs": best.macs, "moved": best.moved, "slices": best.slices}
    entries: dict[str, Attribute] = {name: IntegerAttr(value, i64) for name, value in numbers.items()}
    costs: dict[str, Attribute] = {name: IntegerAttr(value, i64) for name, value in price.items()}
    fits = BoolAttr.from_bool(best.peak <= ram)
    limited = limited_entry(any(plan.limited for plan in tried))
    way = StringAttr(best.way.name)
    return DictionaryAttr({"way": way, "fits": fits, **entries, "tried": ArrayAttr(attempts), **costs, **limited})


def explain(best: Plan, ram: int) -> str:
    """Why no plan fits: how many bytes are missing, and what is alive where they are."""
    liveness, name = best.task.liveness, best.function.sym_name.data
    step = liveness.peak_step
    alive = liveness.buffers_at(step)
    return (
        f"@{name} does not fit {ram:,} bytes: the smallest plan found ({best.way.name}) needs {best.peak:,}, "
        f"{best.peak - ram:,} too many. The peak is at '{liveness.steps[step].name}', where {len(alive)} buffers are "
        f"alive (bytes): {sizes_text(alive)}. Make the input or these layers smaller, or choose a board with more RAM"
    )
