"""Placement: a byte offset in one arena for every buffer, the smallest arena that the search finds."""

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
from ...dialects.memplan import ArenaOp, BufferOp, OpaqueOp, RetireOp, RowsOp, StreamOp, ViewOp
from .liveness import Life, Liveness, StepOp, is_split, root_of
from .offsets import NODE_LIMIT, Placement, place
from .requests import Rings, given_root, sharing, single_requests

PLAN = "memplan.plan"
"""The attribute of a function that says what its plan costs; see `plan_attribute`."""


@dataclass(frozen=True)
class PlacePass(ModulePass):
    """Turn every `memplan.buffer` into a `memplan.view` of one arena, and retire each after its last use.

    The rows of a `memplan.buffer rows N` are placed one by one, which gives a `memplan.rows`. What `memplan-inplace`
    has found may overlap does, where that helps.

    `alignment` (bytes, a power of two) holds for every offset; elements wider than that are aligned to their size.
    `exact=false` keeps to the greedy plans; `node-limit` bounds the exact search, which stops at a plan of `enough`
    bytes. `memory` names the arena's memory. With `rings` each split buffer is a ring of fixed slots instead.
    """

    name = "memplan-place"
    alignment: int = 4
    exact: bool = True
    node_limit: int = NODE_LIMIT
    memory: str = "sram"
    rings: bool = False
    enough: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.alignment < 1 or self.alignment & (self.alignment - 1):
            raise UserError(f"memplan-place: alignment must be a power of two, got {self.alignment}")
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function):
                self._place_function(function)

    def _place_function(self, function: FuncOp) -> None:
        liveness = Liveness(function)
        buffers = [life for life in liveness.scratch if isinstance(life.root.owner, BufferOp)]
        if not buffers and PLAN in function.attributes:
            return
        rings = Rings(tuple(buffers), self.alignment, given_root(liveness))
        in_rings = place(rings.requests(), exact=self.rings, node_limit=self.node_limit)
        if self.rings:
            placement = replace(in_rings, offsets=tuple(rings.offsets(in_rings.offsets)))
        else:
            requests, overlaps = single_requests(liveness, buffers, self.alignment), sharing(liveness, buffers)
            placement = place(requests, self.exact, self.node_limit, overlaps, self.enough or None)
        function.attributes[PLAN] = plan_attribute(liveness, buffers, placement, in_rings.peak)
        if buffers:
            alignment = max(self.alignment, *(life.alignment for life in buffers))
            retire(liveness, buffers)
            write_views(function, buffers, placement, ArenaOp(placement.peak, alignment, self.memory))


def is_planned(function: FuncOp) -> bool:
    """True for a function in memplan form: it has steps, and they write into memrefs."""
    steps = [op for op in function.walk() if isinstance(op, StepOp)]
    return bool(steps) and all(isinstance(step, OpaqueOp) or step.outs is not None for step in steps)


def plan_attribute(liveness: Liveness, buffers: Sequence[Life], placement: Placement, in_rings: int) -> DictionaryAttr:
    """What the plan costs, in bytes, and why: the step with the most bytes alive and the buffers alive there.

    `proven` is true when no placement of these lifetimes has a smaller peak than this one. Where rows are placed,
    `rings` is the arena that they would need in rings (placed greedily).
    """
    step = liveness.peak_step
    names = [StringAttr(life.name) for life in buffers if life.is_live(step)]
    entries: dict[str, Attribute] = {
        "peak": IntegerAttr(placement.peak, i64),
        "lower_bound": IntegerAttr(placement.lower_bound, i64),
        "proven": BoolAttr.from_bool(placement.proven),
        "method": StringAttr(placement.method),
        "step": StringAttr(liveness.steps[step].name),
        "live": ArrayAttr(names),
    }
    if any(life.row is not None for life in buffers):
        entries["rings"] = IntegerAttr(in_rings, i64)
    return DictionaryAttr(entries)


def retire(liveness: Liveness, buffers: Iterable[Life]) -> None:
    """Insert `memplan.retire` after each last use; buffers that the text retires itself are left alone, and rows."""
    block = liveness.function.body.block
    retired = {root_of(op.buffer) for op in block.ops if isinstance(op, RetireOp)}
    ends: dict[Operation, list[Life]] = {}
    for life in buffers:
        if life.root not in retired and life.first <= life.last and life.row is None:
            last = liveness.steps[life.last].op
            stream = last.parent_op()
            ends.setdefault(stream if isinstance(stream, StreamOp) else last, []).append(life)
    for op, lives in ends.items():
        Rewriter.insert_op([RetireOp(life.root) for life in lives], InsertPoint.after(op))


def write_views(function: FuncOp, buffers: Sequence[Life], placement: Placement, arena: ArenaOp) -> None:
    """Replace each buffer by a view of the arena, which is defined at the top of the function."""
    Rewriter.insert_op(arena, InsertPoint.at_start(function.body.block))
    arena.result.name_hint = "arena"
    offsets: dict[SSAValue, list[int]] = {}
    for life, offset in zip(buffers, placement.offsets, strict=True):
        offsets.setdefault(life.root, []).append(offset)
    for root, places in offsets.items():
        buffer = root.owner
        assert isinstance(buffer, BufferOp)
        if is_split(root):
            Rewriter.replace_op(buffer, RowsOp(arena, np.array(places), buffer.result.type, buffer.node))
        else:
            Rewriter.replace_op(buffer, ViewOp(arena, places[0], buffer.result.type, buffer.node))
