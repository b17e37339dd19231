"""`memplan-fuse-loops`: loops over the same rounds, one behind the other, become one.

Where the second reads in each round only what the first has written in that round (recurrent layers on top of each
other), no round needs what is stacked of the others: one slice of it is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects.access import Linear, from_linear, linear_map
from ...dialects.fixed.structured import StructuredForm
from ...dialects.fixed.types import DomainAttr, IntsAttr
from ...dialects.memplan import WHOLE, BufferOp, LoopOp
from ...dialects.memplan.liveness import StepOp, destinations, is_planned, root_of, touched
from .schedule import is_placed

Slice = tuple[int, Linear]
"""Which dimension of a memref a round holds, and at which index, as a function of the round."""


@dataclass(frozen=True)
class FuseLoopsPass(ModulePass):
    """Put the rounds of neighbouring loops together where that changes no value.

    Steps between two loops that do not depend on the first move before it. A buffer that then only holds a slice of
    each round has one slice. Functions that are placed already are left alone.
    """

    name = "memplan-fuse-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                while fuse_first(function):
                    pass


def fuse_first(function: FuncOp) -> bool:
    """Fuse the first two loops that can be; False where there are none."""
    loops = [op for op in function.body.block.ops if isinstance(op, LoopOp)]
    for first, second in zip(loops, loops[1:], strict=False):
        between = steps_between(first, second)
        if first.trips == second.trips and are_independent(first, between) and is_in_step(first, second):
            fuse(first, second, between)
            return True
    return False


def steps_between(first: LoopOp, second: LoopOp) -> list[Operation]:
    """The ops between two loops."""
    found: list[Operation] = []
    op = first.next_op
    while op is not None and op is not second:
        found.append(op)
        op = op.next_op
    return found


def are_independent(loop: LoopOp, others: Sequence[Operation]) -> bool:
    """Whether ops behind a loop might as well come before it."""
    written, read = storage_of(loop)
    for op in others:
        writes, reads = storage_of(op)
        if written & (writes | reads) or writes & read:
            return False
    return True


def steps_in(op: Operation) -> list[StepOp]:
    """The forms and opaque ops that an op is or holds."""
    return [inner for inner in op.walk() if isinstance(inner, StepOp)]


def storage_of(op: Operation) -> tuple[set[SSAValue], set[SSAValue]]:
    """The storage that the steps of an op write, and all that they touch."""
    steps = steps_in(op)
    written = {root_of(value) for step in steps for value in destinations(step)}
    return written, {root_of(value) for step in steps for value in step.operands}


def is_in_step(first: LoopOp, second: LoopOp) -> bool:
    """Whether a round of the second loop needs of the first only what the same round has written."""
    written, touched_first = storage_of(first)
    writes, touched_second = storage_of(second)
    shared = (written & touched_second) | (writes & touched_first)
    return all(slice_of(root, (first, second)) is not None for root in shared)


def slice_of(root: SSAValue, loops: Sequence[LoopOp]) -> Slice | None:
    """The slice that each round of some loops touches of some storage, everywhere the same; None where more, or none.

    Aliases count as others: only what is accessed as it is has slices.
    """
    found: set[Slice] = set()
    for loop in loops:
        for form in loop.forms:
            for value, access in touched(form):
                if root_of(value) is root:
                    own = own_slice(access, loop.dims.get(form)) if value is root and access is not None else None
                    if own is None:
                        return None
                    found.add(own)
    return found.pop() if len(found) == 1 else None


def own_slice(access: AffineMap, dim: int | None) -> Slice | None:
    """The slice of a memref that a round touches, where one index depends on the round, and on it alone."""
    results = linear_map(access)
    moving = [number for number, index in enumerate(results) if dim is not None and index.coefficients[dim]]
    if len(moving) != 1 or dim is None:
        return None
    index = results[moving[0]]
    alone = all(c == 0 for d, c in enumerate(index.coefficients) if d != dim)
    return (moving[0], Linear((index.coefficients[dim],), index.offset)) if alone else None


def fuse(first: LoopOp, second: LoopOp, between: Sequence[Operation]) -> None:
    """Make one loop of two, at the place of the first."""
    block = first.parent
    assert block is not None
    for op in between:
        op.detach()
        block.insert_op_before(op, first)
    along = (*first.along.data, *second.along.data)
    for op in list(second.body.block.ops):
        op.detach()
        first.body.block.add_op(op)
    first.along = IntsAttr(along)
    Rewriter.erase_op(second)
    for root in sorted(storage_of(first)[0], key=lambda root: root.name_hint or ""):
        shrink(root, first)


def shrink(root: SSAValue, loop: LoopOp) -> None:
    """Leave one slice of a buffer of which a round of this loop, and nobody else, has only its own."""
    buffer = root.owner
    found = slice_of(root, (loop,))
    if not isinstance(buffer, BufferOp) or found is None or buffer.rows is not None:
        return
    forms = loop.forms
    if any(use.operation not in forms for use in root.uses):
        return
    type, held = buffer.result.type, found[0]
    shape = [1 if dim == held else size for dim, size in enumerate(type.get_shape())]
    small = BufferOp(MemRefType(type.element_type, shape, memory_space=type.memory_space), None)
    small.node = buffer.node
    small.result.name_hint = root.name_hint
    users = [form for form in forms if root in form.operands]
    Rewriter.replace_op(buffer, small)
    for form in users:
        hold_at_0(form, small.result, held)
    loop.along = IntsAttr(tuple(map(settle, forms, loop.along.data)))


def hold_at_0(form: StructuredForm, value: SSAValue, held: int) -> None:
    """Let a form access the one slice that is left of a memref."""
    maps: list[AffineMapAttr] = []
    for operand, access in zip((*form.ins, *form.params, form.target), form.maps, strict=True):
        results = list(linear_map(access.data))
        if operand is value:
            results[held] = Linear((0,) * access.data.num_dims, 0)
        maps.append(AffineMapAttr(from_linear(results, access.data.num_dims)))
    form.maps = ArrayAttr(maps)


def settle(form: StructuredForm, dim: int) -> int:
    """The dimension that a round holds of a form; none, and of size 1, where no access depends on it any more."""
    if dim == WHOLE or any(index.coefficients[dim] for access in form.maps for index in linear_map(access.data)):
        return dim
    parallel = list(form.domain.parallel.data)
    parallel[dim] = 1
    form.domain = DomainAttr(parallel, form.domain.reduction.data)
    return WHOLE
