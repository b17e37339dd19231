"""One address for each access, in place of an index for each dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from .indices.advance import constant_of
from .indices.flat import Flat, is_plain


@dataclass(frozen=True)
class LinearIndicesPass(ModulePass):
    """Number the elements of each memref in row-major order, and compute the number of an element where it is accessed.

    Other than `loops-running-indices` this leaves loops without carried addresses: a perfect nest stays one.
    """

    name = "loops-linear-indices"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and not function.is_declaration:
                linearize(function)


def linearize(function: func.FuncOp) -> None:
    """Give all accesses of a function one index."""
    flat = Flat()
    for op in list(function.walk()):
        if not isinstance(op, memref.LoadOp | memref.StoreOp):
            continue
        type = op.memref.type
        assert isinstance(type, MemRefType)
        if len(op.indices) == 1 or not is_plain(type):
            continue
        address = horner(op, op.indices, type.get_shape())
        if isinstance(op, memref.LoadOp):
            new = memref.LoadOp.get(flat.of(op.memref), [address])
            new.res.name_hint = op.res.name_hint
            Rewriter.replace_op(op, new)
        else:
            Rewriter.replace_op(op, memref.StoreOp.get(op.value, flat.of(op.memref), [address]))


def horner(op: Operation, indices: Sequence[SSAValue], shape: Sequence[int]) -> SSAValue:
    """`(i * 28 + j) * 8 + k`, written before an op."""
    total: SSAValue | None = None
    for index, size in zip(indices, shape, strict=True):
        if size == 1:
            continue
        if total is not None and constant_of(total) != 0:
            total = insert(op, arith.MuliOp(total, constant(op, size)))
            total = total if constant_of(index) == 0 else insert(op, arith.AddiOp(total, index))
        else:
            total = index
    return constant(op, 0) if total is None else total


def constant(op: Operation, number: int) -> SSAValue:
    """A number before an op."""
    return insert(op, arith.ConstantOp(IntegerAttr(number, IndexType())))


def insert(op: Operation, new: Operation) -> SSAValue:
    """Write an op before another."""
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new.results[0]
