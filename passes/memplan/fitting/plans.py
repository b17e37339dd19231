"""A function planned in one way or another on copies, the price of each plan, and the one that is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from ....dialects.fixed.forms import StructuredForm
from ....dialects.memplan.liveness import Liveness
from ..inplace import InplacePass
from ..limits.effort import is_limited, limited_entry
from ..offsets.memories import MemoryMisfit
from ..place import PLAN, PlacePass, least_arena

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
    """A planned copy of a function; not placed where the memories do not hold it, a `misfit`.

    No placement needs less than `least` bytes.
    """

    way: Way
    function: FuncOp
    least: int
    misfit: MemoryMisfit | None = None

    @property
    def limited(self) -> bool:
        """True where a search on the way came to its limit."""
        return any(map(is_limited, self.function.attributes.values()))

    @cached_property
    def liveness(self) -> Liveness:
        """What is alive when."""
        return Liveness(self.function)

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


def plan_with(ctx: Context, function: FuncOp, way: Way, ram: int | None) -> Plan:
    """Plan a copy of a function. With `ram`, search for offsets only where a placement may fit so many bytes."""
    module, misfit = ModuleOp([function.clone()]), None
    for step in (*way.passes, InplacePass()):
        step.apply(ctx, module)
    (copy,) = (op for op in module.ops if isinstance(op, FuncOp))
    least = least_arena(copy, way.place.alignment)
    place = replace(way.place, exact=False) if ram is not None and least > ram else way.place
    try:
        place.apply(ctx, module)
    except MemoryMisfit as error:
        misfit = error
    return Plan(way, copy, least, misfit)


def take(function: FuncOp, plan: Plan, price: DictionaryAttr) -> None:
    """Give a function the body and the attributes of a plan."""
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


def fit_attribute(tried: list[Plan], best: Plan, ram: int) -> DictionaryAttr:
    """What was tried, each with its peak or the bytes without room, and the plan taken: its way, and its price.

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
    fits = BoolAttr.from_bool(best.peak <= ram)
    limited = limited_entry(any(plan.limited for plan in tried))
    way = StringAttr(best.way.name)
    return DictionaryAttr({"way": way, "fits": fits, **entries, "tried": ArrayAttr(attempts), **limited})


def explain(best: Plan, ram: int) -> str:
    """Why no plan fits: how many bytes are missing, and what is alive where they are."""
    liveness, step, name = best.liveness, best.liveness.peak_step, best.function.sym_name.data
    alive = liveness.buffers_at(step)
    parts = ", ".join(f"{buffer} {size:,}" for buffer, size in alive.items())
    return (
        f"@{name} does not fit {ram:,} bytes: the smallest plan found ({best.way.name}) needs {best.peak:,}, "
        f"{best.peak - ram:,} too many. The peak is at '{liveness.steps[step].name}', where {len(alive)} buffers are "
        f"alive (bytes): {parts}. Make the input or these layers smaller, or choose a board with more RAM"
    )
