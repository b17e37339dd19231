"""Memrefs as ones of a single dimension."""

from __future__ import annotations

from math import prod

from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType, NoneAttr
from xdsl.ir import Block, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter


class Flat:
    """Memrefs of a function in row-major order, each written once, where it begins."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, SSAValue] = {}

    def of(self, memory: SSAValue) -> SSAValue:
        """A memref as one of a single dimension."""
        type = memory.type
        assert isinstance(type, MemRefType)
        if len(type.get_shape()) == 1:
            return memory
        if memory not in self._known:
            elements = prod(type.get_shape())
            one = MemRefType(type.element_type, [elements], type.layout, type.memory_space)
            op = memref.ReinterpretCastOp.from_dynamic(memory, [0], [elements], [1], one)
            op.results[0].name_hint = memory.name_hint
            owner = memory.owner
            first = owner.first_op if isinstance(owner, Block) else None
            at = InsertPoint.before(first) if first is not None else InsertPoint.after(owner)  # pyright: ignore
            Rewriter.insert_op(op, at)
            self._known[memory] = op.results[0]
        return self._known[memory]


def is_plain(type: MemRefType) -> bool:
    """True for a memref in row-major order, of a size that is known."""
    return all(size >= 0 for size in type.get_shape()) and isinstance(type.layout, NoneAttr)
