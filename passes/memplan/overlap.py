"""`memplan-overlap`: forms that follow each other run beside each other, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Block, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass

from ...dialects.access import linear_map
from ...dialects.dataflow import OVERLAP, Await, dataflow_attributes, row_dim
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ...dialects.memplan import LoopOp, StreamOp, loops_around
from ...dialects.memplan.liveness import root_of, touched


@dataclass(frozen=True)
class OverlapPass(ModulePass):
    """Let forms start together, each row waiting for the rows of others that it reads (`hls.dataflow`, `hls.awaits`).

    Each buffer keeps all its elements, so that nothing waits for a reader and no order of rows can deadlock: a form
    waits for earlier ones only, also where branches join. Those of a loop start together in each round, when all of the
    round before are done; what follows the loop waits for all of it. To wait for a row takes a clock each: a form whose
    rows are single elements, and which waits for all of another form anyway, waits for all of each.
    """

    name = "memplan-overlap"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [o for o in op.walk() if isinstance(o, func.FuncOp) and not o.is_declaration]:
            if overlapped(function.body.block, 0):
                function.attributes[OVERLAP] = UnitAttr()


def overlapped(block: Block, stage: int) -> int:
    """Number the forms of a block, from `stage` on, and say what they wait for; returns the next number."""
    group: dict[int, StructuredForm] = {}
    for op in block.ops:
        if isinstance(op, LoopOp):
            group, stage = {}, overlapped(op.body.block, stage)
        elif isinstance(op, StreamOp):
            group = {}
        elif isinstance(op, StructuredForm):
            awaits = [a for number, e in group.items() if (a := waiting(op, e, number)) is not None]
            if elements_of_row(op) == 1 and any(a.scale == 0 for a in awaits):
                awaits = [Await(a.stage, a.rows, 0, a.rows) for a in awaits]
            op.attributes.update(dataflow_attributes(stage, awaits))
            group[stage], stage = op, stage + 1
    return stage


def rows_of(form: StructuredForm) -> int:
    """The rows that a form counts."""
    dim = row_dim(form)
    return 1 if dim is None else form.sizes[dim]


def elements_of_row(form: StructuredForm) -> int:
    """The points of a form's domain in a row."""
    held = {row_dim(form), *form.held_dims, *(loop.dims.get(form) for loop in loops_around(form))}
    return prod(size for dim, size in enumerate(form.sizes) if dim not in held)


def waiting(form: StructuredForm, earlier: StructuredForm, number: int) -> Await | None:
    """What a form waits for at an earlier one; None where they share no memory that one of them writes."""
    rows, target = rows_of(earlier), root_of(earlier.target)
    whole = Await(number, rows, 0, rows)
    if any(root_of(value) is root_of(form.target) for value, _ in touched(earlier)):
        return whole
    found: Await | None = None
    for value, access in touched(form):
        if root_of(value) is not target:
            continue
        one = reading(form, value, access, earlier, number) or whole
        if found is not None and (one.scale, one.base) != (found.scale, found.base):
            return whole
        found = one
    return found


def reading(
    form: StructuredForm, value: SSAValue, access: AffineMap | None, earlier: StructuredForm, number: int
) -> Await | None:
    """The rows that are read up to each row; None where they are not counted as the other form writes them."""
    written, own, shape = row_dim(earlier), row_dim(form), shaped_type(value).get_shape()
    if access is None or written is None or shape != shaped_type(earlier.target).get_shape():
        return None
    axis = next((a for a, size in enumerate(shape) if size > 1), None)
    if axis is None or value is not earlier.target:
        return None
    row = linear_map(earlier.out_map)[axis]
    alone = [c for d, c in enumerate(row.coefficients) if d != written and earlier.sizes[d] > 1 and c]
    if alone or row.coefficients[written] != 1 or row.offset:
        return None
    index = linear_map(access)[axis]
    scale = 0 if own is None else index.coefficients[own]
    if scale < 0:
        return None
    spans = [max(0, c * (form.sizes[d] - 1)) for d, c in enumerate(index.coefficients) if d != own]
    return Await(number, earlier.sizes[written], scale, max(1, index.offset + sum(spans) + 1))
