"""`hls-rings`: memories that keep the last elements only."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.dataflow import RING, ring_of
from .nests.lanes import SAME_MEMORY, Access, root_of


@dataclass(frozen=True)
class RingsPass(ModulePass):
    """Make memory of a function with `hls.ring` as small as that: an element lies at the lowest bits of its number.

    Passes that look for the elements of lanes run before: addresses are linear there. Accesses have one index.
    """

    name = "hls-rings"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, func.FuncOp) and not function.is_declaration:
                wrap(function)


def wrap(function: func.FuncOp) -> None:
    """Let all accesses of the rings of a function wrap around."""
    rings: dict[SSAValue, memref.AllocaOp] = {
        op.memref: op for op in function.body.walk() if isinstance(op, memref.AllocaOp) and RING in op.attributes
    }
    if not rings:
        return
    small: dict[SSAValue, Ring] = {memory: smaller(op) for memory, op in rings.items()}
    for op in list(function.body.walk()):
        if isinstance(op, Access) and (ring := small.get(root_of(op.memref))) is not None:
            (index,), memory = op.indices, ring.memory
            mask = insert(op, arith.ConstantOp(IntegerAttr(ring.elements - 1, IndexType())))
            place = insert(op, arith.AndIOp(index, mask))
            if isinstance(op, memref.StoreOp):
                Rewriter.replace_op(op, memref.StoreOp.get(op.value, memory, [place]))
            else:
                new = memref.LoadOp.get(memory, [place])
                new.res.name_hint = op.res.name_hint
                Rewriter.replace_op(op, new)
    for old, new in small.items():
        for use in list(old.uses):
            if isinstance(use.operation, SAME_MEMORY):
                drop(use.operation)
            else:
                use.operation.operands[use.index] = new.memory
        Rewriter.erase_op(rings[old])


@dataclass(frozen=True)
class Ring:
    """A memory of so many elements."""

    memory: SSAValue
    elements: int


def smaller(op: memref.AllocaOp) -> Ring:
    """The memory of a ring, in place of that of all elements."""
    type, elements = op.memref.type, ring_of(op)
    assert isinstance(type, MemRefType) and elements is not None
    new = memref.AllocaOp.get(type.element_type, None, [elements])
    new.memref.name_hint = op.memref.name_hint
    Rewriter.insert_op(new, InsertPoint.before(op))
    return Ring(new.memref, elements)


def drop(view: Operation) -> None:
    """Erase another shape of a memory, and those of it: nothing is accessed through them any more."""
    for use in list(view.results[0].uses):
        drop(use.operation)
    Rewriter.erase_op(view)


def insert(op: Operation, new: Operation) -> SSAValue:
    """Write an op before another."""
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new.results[0]
