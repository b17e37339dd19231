"""Rows that lie apart in the arena: their addresses come from a table, or where they are evenly spaced a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType
from xdsl.ir import SSAValue

from ...dialects.dense import element_of
from ...dialects.memplan import row_dimension
from .emit import Emitter, Index


@dataclass(frozen=True)
class Rows:
    """A memref whose rows lie apart, inside a function that uses it.

    Row `r` starts `table[r]` bytes into `arena`, or without a table `first + step * r`. In the caller's memory (`arena`
    is then of another type) there is only one row at a time, and the index means nothing. `only` is the memref of a row
    where the function touches no other.
    """

    arena: SSAValue
    type: MemRefType
    table: SSAValue | None = None
    first: int = 0
    step: int = 0
    only: SSAValue | None = None

    @property
    def dim(self) -> int:
        """The dimension that counts the rows."""
        dim = row_dimension(self.type)
        assert dim is not None, "verified: memplan.rows has rows"
        return dim

    def view(self, emit: Emitter, row: Index) -> SSAValue:
        """The memref of a row."""
        if self.only is not None:
            return self.only
        type = one_row(self.type)
        if self.arena.type == type:
            return self.arena
        return emit.do(memref.ViewOp(self.arena, self.start(emit, row), [], type))

    def start(self, emit: Emitter, row: Index) -> SSAValue:
        """How many bytes into the arena a row starts."""
        if self.table is None:
            return emit.index(emit.add(emit.scale(row, self.step), self.first))
        entry = emit.do(memref.LoadOp.get(self.table, [emit.index(row)]))
        return emit.do(arith.IndexCastOp(entry, IndexType()))


def one_row(type: MemRefType) -> MemRefType:
    """The type of one row of a memref."""
    dim = row_dimension(type)
    return MemRefType(type.element_type, [1 if d == dim else size for d, size in enumerate(type.get_shape())])


def spacing(numbers: NDArray[np.int32]) -> int | None:
    """How far neighbours are apart, where it is always as far: 0 for a single one; else None."""
    steps = np.unique(np.diff(numbers))
    return None if len(steps) > 1 else int(steps[0]) if len(steps) else 0


def narrow(values: NDArray[np.int32]) -> NDArray[Any]:
    """The same numbers, none negative, in the narrowest signed integers of 8, 16 or 32 bits."""
    greatest = int(values.max(initial=0))
    dtype = np.int8 if greatest < 1 << 7 else np.int16 if greatest < 1 << 15 else np.int32
    return values.astype(dtype)


def table_type(values: NDArray[Any]) -> IntegerType:
    """The integer type of a table."""
    type = element_of(values.dtype)
    assert isinstance(type, IntegerType)
    return type
