"""In-place execution as a property of access functions: how far an output may reach into the bytes of a dying input.

One analysis covers what other tools treat operator by operator: elementwise forms (distance 0), pointwise convolutions
(one pixel), depthwise convolutions and pools (their halo), sums of two branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass

from ...dialects.access import linear_map
from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan import BufferOp, loops_around
from ...dialects.memplan.liveness import Liveness, is_planned, is_split, root_of, touched
from .lifetimes.distance import DISTANCE, NEVER, safe_distance, storage_bytes


@dataclass(frozen=True)
class InplacePass(ModulePass):
    """Put `memplan.distance`, one number of bytes per ins and params, on each form that may overwrite one of them.

    See `distance.overlaps` for its meaning. It is -1 for what outlives the form, for memory that is not a
    `memplan.buffer`, and where sharing saves nothing. Only the attribute is changed. Lives must be final: the order of
    steps, streams and rows. The next pass is `memplan-place`.
    """

    name = "memplan-inplace"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function):
                annotate(function)


def annotate(function: FuncOp) -> None:
    """Give each form of a function the attribute, or take it away where there is nothing to share."""
    liveness = Liveness(function)
    for form, along in {step.op: step.along for step in liveness.steps}.items():
        if isinstance(form, StructuredForm):
            distances = distances_of(form, along, liveness)
            if any(distance != NEVER for distance in distances):
                form.attributes[DISTANCE] = DenseArrayBase.from_list(i64, distances)
            else:
                form.attributes.pop(DISTANCE, None)


def distances_of(form: StructuredForm, along: int | None, liveness: Liveness) -> list[int]:
    """The distance of each of the ins, then the params; those that lie in the same storage have the greatest in common.

    `along` is the dimension along which a stream slices the form. What the round of a loop selects of a memref shares
    nothing.
    """
    target = root_of(form.target)
    roots = [root_of(value) for value in (*form.ins, *form.params, *form.indices)]
    held = [loop.dims[form] for loop in loops_around(form) if form in loop.dims]
    moving = {root_of(value) for value, access in touched(form) if access is not None and depends(access, held)}
    excluded = {target, *moving, *(root_of(table) for table in form.tables)}
    dim = along if along is not None else next(iter(held), None)
    distances: dict[SSAValue, int] = {}
    if len(held) < 2 and target not in moving and begins(target, form, liveness):
        for root in set(roots) - excluded:
            if ends(root, form, along, liveness):
                found = [safe_distance(form, number, dim) for number, r in enumerate(roots) if r is root]
                if NEVER not in found and max(found) < storage_bytes(target):
                    distances[root] = max(found)
    return [distances.get(root, NEVER) for root in roots[: len(form.ins) + len(form.params)]]


def depends(access: AffineMap, dims: Sequence[int]) -> bool:
    """True where an access is another one at each value of some dimensions."""
    return any(result.coefficients[dim] for result in linear_map(access) for dim in dims)


def begins(root: SSAValue, form: StructuredForm, liveness: Liveness) -> bool:
    """True for a buffer that no step has touched before the form writes it: what was there before would be lost."""
    if not isinstance(root.owner, BufferOp) or liveness.is_carried(root, form):
        return False
    lives = [life for life in liveness.by_root[root] if life.is_used]
    return all(liveness.steps[life.first].op is form for life in lives)


def ends(root: SSAValue, form: StructuredForm, along: int | None, liveness: Liveness) -> bool:
    """True for a buffer that the form is the last to touch, or of which it is the last to touch a row.

    In a stream a buffer that is not split lives until the end, in a loop one that this carries.
    """
    if not isinstance(root.owner, BufferOp) or (along is not None and not is_split(root)):
        return False
    if liveness.is_carried(root, form):
        return False
    lives = [life for life in liveness.by_root[root] if life.is_used]
    return any(liveness.steps[life.last].op is form for life in lives)
