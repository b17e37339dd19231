"""What a loop carries from round to round: storage that lives through all of its steps.

Any other storage that a loop touches is used by this loop alone, and a round writes it before it reads it: it lives
from its first to its last step of a round, as elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineMap

from ..access import Linear, full_box, linear_map
from ..fixed.structured import StructuredForm
from .buffers import AliasOp, BufferOp, RowsOp, ViewOp
from .loops import LoopOp, forms_of, loops_around, round_dims
from .sizes import element_bytes, size_in_bytes

Written = dict[SSAValue, NDArray[np.bool_]]
"""Per storage root, which of its bytes have been written."""


def carried_storage(loops: Sequence[LoopOp], steps: Sequence[Operation]) -> dict[LoopOp, frozenset[SSAValue]]:
    """What each of a function's loops carries; `steps` are the forms and opaque ops of the function, in any order.

    That is storage that steps outside of the loop touch as well, or that is read in a round before the round has
    written it.
    """
    inside: dict[LoopOp, set[SSAValue]] = {loop: set() for loop in loops}
    everywhere: dict[SSAValue, set[LoopOp]] = {}
    for step in steps:
        around = loops_around(step)
        for value in step.operands:
            root, _ = root_and_offset(value)
            everywhere[root] = everywhere.get(root, set(around)) & set(around)
            for loop in around:
                inside[loop].add(root)
    outside = {loop: {root for root in roots if loop not in everywhere[root]} for loop, roots in inside.items()}
    return {loop: frozenset(outside[loop] | read_first(loop)) for loop in loops}


def root_and_offset(value: SSAValue) -> tuple[SSAValue, int]:
    """The storage behind a memref, and the byte at which the memref begins there."""
    offset = 0
    while isinstance(value.owner, AliasOp):
        offset += value.owner.offset.value.data
        value = value.owner.source
    return value, offset


def read_first(loop: LoopOp) -> set[SSAValue]:
    """The storage of which a round reads what it has not written."""
    written: Written = {}
    found: set[SSAValue] = set()
    for op in loop.body.block.ops:
        match op:
            case StructuredForm():
                found |= {root for root in missing(op, loop, written)}
                mark(op, loop, written)
            case LoopOp():
                first = read_first(op)
                for form in forms_of(op):
                    found |= {root for root in missing(form, loop, written) if root in first}
                for form in forms_of(op):
                    mark(form, loop, written)
            case _:
                pass
    return found


def held_dims(form: StructuredForm, loop: LoopOp) -> set[int]:
    """The dimensions of a form that a round of a loop holds, or of a loop around it."""
    return round_dims(form, (*loops_around(loop), loop))


def missing(form: StructuredForm, loop: LoopOp, written: Written) -> Iterator[SSAValue]:
    """The storage of which a form reads what is not written yet."""
    held = held_dims(form, loop)
    read = (None if form.is_held(access) else access for access in (*form.in_maps, *form.param_maps))
    maps: list[AffineMap | None] = [*read, *(None for _ in (*form.tables, *form.indices))]
    for value, access in zip((*form.ins, *form.params, *form.tables, *form.indices), maps, strict=True):
        root, _ = root_and_offset(value)
        if is_storage(root) and not is_covered(value, access, form, held, written):
            yield root


def is_covered(
    value: SSAValue, access: AffineMap | None, form: StructuredForm, held: set[int], written: Written
) -> bool:
    """Whether all that a form may read of a memref is written. What a round holds stands for anything."""
    root, _ = root_and_offset(value)
    if root not in written:
        return False
    bytes = bytes_of(value, written[root])
    if access is None:
        return bool(bytes.all())
    results = linear_map(access)
    if moves(results, held):
        return False
    ends = zip((r.interval(full_box(form.sizes)) for r in results), bytes.shape[:-1], strict=True)
    box = tuple(slice(max(low, 0), min(high, size - 1) + 1) for (low, high), size in ends)
    return bool(bytes[box].all())


def mark(form: StructuredForm, loop: LoopOp, written: Written) -> None:
    """Note what every round of a loop writes with a form."""
    root, _ = root_and_offset(form.target)
    results = linear_map(form.out_map)
    if not is_storage(root) or moves(results, held_dims(form, loop)):
        return
    assert isinstance(root.type, MemRefType)
    bytes = written.setdefault(root, np.zeros(size_in_bytes(root.type), np.bool_))
    parallel = form.domain.parallel.data
    indices = [values_of(result, parallel) for result in results]
    bytes_of(form.target, bytes)[tuple(indices)] = True


def values_of(index: Linear, sizes: Sequence[int]) -> NDArray[np.int64]:
    """An index at each point of a parallel domain, with size 1 where it does not depend on a dimension."""
    total = np.full((1,) * len(sizes), index.offset, np.int64)
    for dim, size in enumerate(sizes):
        if index.coefficients[dim]:
            axis = np.arange(size, dtype=np.int64) * index.coefficients[dim]
            total = total + axis.reshape([-1 if d == dim else 1 for d in range(len(sizes))])
    return total


def moves(results: Sequence[Linear], held: set[int]) -> bool:
    """True where an access is another one in each round."""
    return any(result.coefficients[dim] for result in results for dim in held)


def is_storage(root: SSAValue) -> bool:
    """True for memory that is neither the caller's nor constant."""
    return isinstance(root.owner, BufferOp | ViewOp | RowsOp)


def bytes_of(value: SSAValue, bytes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of an array over the bytes of its root that a memref sees, of shape (*shape, bytes of an element)."""
    assert isinstance(value.type, MemRefType)
    _, offset = root_and_offset(value)
    part = bytes[offset : offset + size_in_bytes(value.type)]
    return part.reshape((*value.type.get_shape(), element_bytes(value.type)))
