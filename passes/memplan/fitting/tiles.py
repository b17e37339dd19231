"""Tiles of plans: what they cost in RAM and cycles, and how much scratch memory is left where RAM is short."""

from __future__ import annotations

from xdsl.dialects.func import FuncOp

from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import StreamOp
from ....targets.costs import CostModel, Work
from ..costing.forms import form_work
from ..lifetimes.rounds import outer_steps
from ..streaming.chain import Chain, scratch_bytes
from ..tiling.tiler import Caps

MOVED_UNIT = "lanes_word"
"""The work of four bytes that are moved, about."""


def cycles_of(function: FuncOp, costs: CostModel, moved: int = 0) -> float:
    """About how many cycles a planned function takes, with so many bytes moved."""
    forms = [op for op in function.walk() if isinstance(op, StructuredForm)]
    return sum(costs.cycles(form_work(form)) for form in forms) + costs.cycles(Work({MOVED_UNIT: moved / 4}))


def is_tiled(function: FuncOp) -> bool:
    """Whether any form works in tiles."""
    return any(isinstance(op, StructuredForm) and op.tile is not None for op in function.walk())


def scratch_of(function: FuncOp) -> dict[str, int]:
    """The bytes of scratch memory of each form, by its node, of those that have some."""
    forms = [op for op in function.walk() if isinstance(op, StructuredForm)]
    found = {name(form): scratch_bytes(form) for form in forms}
    return {node: size for node, size in found.items() if size}


def name(form: StructuredForm) -> str:
    """The node of a form; empty where it has none."""
    return "" if form.node is None else form.node.data


def lowered_caps(caps: Caps, tiled: FuncOp, planned: FuncOp, ram: int, excess: int) -> dict[str, int]:
    """Less scratch memory where a plan of `tiled` needs `excess` bytes more than `ram`; none anywhere at the last.

    Forms of streams share theirs: all of them give up what is too much. Any other form gives up what its own step
    needs above `ram`; if none does, the steps that need most do, since what is alive does not fit without holes.
    """
    scratch, new = scratch_of(tiled), dict(caps)
    streamed = {name(form) for op in planned.walk() if isinstance(op, StreamOp) for form in op.forms}
    shared = max((size for node, size in scratch.items() if node in streamed), default=0)
    for node, size in scratch.items():
        if node in streamed and size > shared - excess:
            new[node] = max(0, shared - excess)
    needs = step_needs(tiled)
    whole = {node: needs[node] for node in scratch if node in needs and node not in streamed}
    limit = ram if any(need > ram for need in whole.values()) or streamed else ram - excess
    for node, need in whole.items():
        if need > limit:
            new[node] = max(0, scratch[node] - (need - limit))
    return new if new != caps else dict.fromkeys(scratch_names(tiled), 0) | {node: 0 for node in caps}


def scratch_names(function: FuncOp) -> list[str]:
    """The nodes of all forms."""
    return [name(op) for op in function.walk() if isinstance(op, StructuredForm)]


def step_needs(function: FuncOp) -> dict[str, int]:
    """The bytes alive in the step of each form when all run in one piece each."""
    with outer_steps(function) as steps:
        chain = Chain([outer.step for outer in steps])
        needs = chain.pieces.each(0, len(chain.tasks)).tolist()
        ops = [task.op for task in chain.tasks]
        return {name(op): need for op, need in zip(ops, needs, strict=True) if isinstance(op, StructuredForm)}
