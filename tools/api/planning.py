"""Memory plans of a model, by the passes of the compiler or by a caller's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ...passes.fixed.calibrate import the_function
from ..analyze import plan_of
from ..compiler import compile_model
from ..pipelines import Timing, pipeline, run_passes
from .model import Choices, load

if TYPE_CHECKING:
    import onnx

    from .model import Model


BEFORE, AFTER = ("fixed-legalize-bitwidths", "convert-fixed-to-memplan"), "memplan-check"
"""The passes around those that plan."""


@dataclass(frozen=True)
class Placement:
    """Bytes of the arena that something has from its first step to its last; the name of a row ends in its number."""

    name: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class MemoryPlan:
    """A plan that the independent checker has accepted; all sizes in bytes, without the caller's buffers.

    `order` are the nodes as they run, slices left out.
    """

    peak: int
    lower_bound: int
    proven: bool
    order: tuple[str, ...]
    placements: tuple[Placement, ...]
    module: ModuleOp = field(repr=False)

    def _repr_html_(self) -> str:
        from ..memory_map import Plan
        from ..reporting.arena_svg import arena_svg

        reached = "the least, proven" if self.proven else f"no plan of this order needs less than {self.lower_bound:,}"
        figure = arena_svg(Plan(the_function(self.module)), self.peak, self.lower_bound)
        return f"<p>{self.peak:,} bytes in {len(self.order)} steps: {reached}.</p>{figure}"


def plan(
    model: str | Path | bytes | onnx.ModelProto | Model,
    board: str | Path,
    passes: Sequence[ModulePass] | None = None,
    **choices: Unpack[Choices],
) -> MemoryPlan:
    """The memory of a model on a board, whether or not that has as much.

    Without `passes` it is what `compile` uses. With them, they take the module as `convert-fixed-to-memplan` leaves
    it, and must place every buffer: order (`memplan-schedule`), what may overlap (`memplan-inplace`), offsets
    (`memplan-place`), each of which may be one of the caller's own. Raises UserError, or OpError where the checker
    refuses the plan.
    """
    compilation = compile_model(load(model).options(board, sizes_only=True, **choices))
    module = compilation.memplan
    if passes is not None:
        module = compilation.fixed.clone()
        named = {step.name: step for step in pipeline("fixed-to-memplan")}
        run_passes(module, [*(named[n] for n in BEFORE), *passes, named[AFTER]], Timing(), Context())
    return memory_plan(module)


def memory_plan(module: ModuleOp) -> MemoryPlan:
    """What a placed module says."""
    from ..memory_map import Plan

    function = the_function(module)
    memory, found = Plan(function), plan_of(function)
    placements = tuple(
        Placement(life.name, offset, life.size, life.first, life.last)
        for life, offset in zip(memory.lives, memory.offsets.tolist(), strict=True)
    )
    order = tuple(line.node for line in memory.lines)
    return MemoryPlan(found["peak"], found["lower_bound"], found["proven"], order, placements, module)
