"""A row that the caller delivers, moved to its place word by word, on cores that load words from any address."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType, i8, i32
from xdsl.ir import SSAValue

from ...dialects.access import linear_map
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.scalar import YieldOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ...dialects.machine import LOAD_WORD
from ...dialects.mcu.vectors import CopyBlockOp
from .emit import Emitter
from .index import Style
from .memory import flatten
from .nest import Operands
from .rows import Rows, one_row

WORD = 4
"""Bytes of a word."""


def build_copy(
    form: StructuredForm, memory: Operands, emit: Emitter, style: Style, held: Mapping[int, SSAValue], alignment: int
) -> bool:
    """Write a form as one block, where its output, or each row of it, is aligned to so many bytes.

    False where it is no copy of a whole row of bytes, from the caller, to whole words.
    """
    if LOAD_WORD not in style.operations or not is_copy(form) or len(held) != 1 or alignment % WORD:
        return False
    source, target, ((dim, row),) = memory[form.ins[0]], memory[form.target], held.items()
    if not isinstance(source, Rows) or not isinstance(target, SSAValue | Rows) or not keeps_rows(form, dim, source.dim):
        return False
    type = one_row(source.type)
    bytes = prod(type.get_shape())
    if source.arena.type != type or type.element_type != i8 or bytes % WORD:
        return False
    if isinstance(target, Rows):
        arena, place = target.arena, target.start(emit, row)
    else:
        assert isinstance(target.type, MemRefType)
        arena, place = flatten(emit, target, target.type), emit.index(emit.scale(row, bytes))
    words = emit.do(memref.ViewOp(arena, place, [], MemRefType(i32, [bytes // WORD])))
    zero = emit.index(0)
    emit.block.add_op(CopyBlockOp((source.arena, [zero] * type.get_num_dims()), [], words, [bytes // WORD]))
    return True


def is_copy(form: StructuredForm) -> bool:
    """Whether a form moves elements and does nothing else."""
    if not isinstance(form, MapOp) or len(form.ins) != 1 or form.params or form.tables or form.indices:
        return False
    first, body = form.body.block.first_op, form.body.block
    return isinstance(first, YieldOp) and first.operands[0] is body.args[0]


def keeps_rows(form: StructuredForm, dim: int, axis: int) -> bool:
    """Whether each element of whole rows, along an axis that a dimension numbers, keeps its place in one shape."""
    shape = shaped_type(form.target).get_shape()
    if shaped_type(form.ins[0]).get_shape() != shape or form.in_maps[0] != form.out_map:
        return False
    accesses, covered = linear_map(form.out_map), list[int]()
    for index, size in zip(accesses, shape, strict=True):
        dims = [number for number, coefficient in enumerate(index.coefficients) if coefficient]
        if size == 1 and not dims:
            continue
        if len(dims) != 1 or index.offset or index.coefficients[dims[0]] != 1 or form.sizes[dims[0]] != size:
            return False
        covered += dims
    return len(set(covered)) == len(covered) and bool(accesses[axis].coefficients[dim])
