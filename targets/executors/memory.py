"""The memory of a run at the level `memplan`: what a memref's bytes are, in one piece or row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType

from ...dialects.access import Linear
from ...dialects.dense import dtype_of
from ...dialects.errors import UserError
from ...dialects.fixed_forms import scalar_type
from ...dialects.memplan import row_bytes, row_dimension, size_in_bytes
from .views import Array, strided

Bytes = NDArray[np.uint8]
Box = Sequence[range]
"""A box of a memref's indices: a non-empty range for each dimension."""


def full_box(type: MemRefType) -> Box:
    """All indices of a memref."""
    return [range(size) for size in type.get_shape()]


@dataclass(frozen=True)
class Window:
    """A memref's bytes, shape (batch, size in bytes): a part of an arena, or memory of its own."""

    data: Bytes
    type: MemRefType

    def elements(self) -> Array:
        """The same memory as typed elements, shape (batch, *shape)."""
        dtype = dtype_of(scalar_type(self.type.element_type))
        return self.data.view(dtype).reshape((len(self.data), *self.type.get_shape()))

    def part(self, offset: int, type: MemRefType) -> Window:
        """The window of a view or an alias at a byte offset."""
        return Window(self.data[:, offset : offset + size_in_bytes(type)], type)

    def read(self, box: Box) -> Array:
        """The elements of a box, shape (batch, *sizes of the box): the memory itself, no copy."""
        return self.elements()[(slice(None), *(slice(r.start, r.stop) for r in box))]

    def targets(self, box: Box, results: Sequence[Linear], sizes: Sequence[int]) -> Iterator[tuple[Array, Box]]:
        """Where a domain of these sizes writes through an access map whose indices count from the start of the box.

        Yields arrays of the memory itself, shape (batch, *sizes), each with the part of the domain that it stands for.
        """
        yield strided(self.read(box), results, sizes, writeable=True), [range(size) for size in sizes]


@dataclass(frozen=True)
class Rows:
    """A memref whose rows lie apart in an arena (batch, size in bytes), row `r` from byte `offsets[r]` on."""

    data: Bytes
    offsets: tuple[int, ...]
    type: MemRefType

    @property
    def dim(self) -> int:
        """The dimension that counts the rows."""
        dim = row_dimension(self.type)
        assert dim is not None, "verified: memplan.rows has rows"
        return dim

    def part(self, offset: int, type: MemRefType) -> Rows:
        """An alias. Raises UserError unless it sees the same rows."""
        dim = row_dimension(type)
        same = (
            dim is not None and type.get_shape()[dim] == len(self.offsets) and row_bytes(type) == row_bytes(self.type)
        )
        if offset or not same:
            raise UserError(f"an alias of {self.type} as {type} at byte {offset}: it must see the same rows")
        return Rows(self.data, self.offsets, type)

    def elements(self) -> Array:
        """All rows as they are now, shape (batch, *shape): a copy."""
        return self.read(full_box(self.type))

    def read(self, box: Box) -> Array:
        """The elements of a box, shape (batch, *sizes of the box): a copy where it has more than one row."""
        rows = [self._row(row, box) for row in box[self.dim]]
        return rows[0] if len(rows) == 1 else np.concatenate(rows, 1 + self.dim)

    def _row(self, row: int, box: Box) -> Array:
        """The elements of a box in one row: the memory itself."""
        shape = [1 if dim == self.dim else size for dim, size in enumerate(self.type.get_shape())]
        type = MemRefType(self.type.element_type, shape)
        part = [range(1) if dim == self.dim else r for dim, r in enumerate(box)]
        return Window(self.data, type).part(self.offsets[row], type).read(part)

    def targets(self, box: Box, results: Sequence[Linear], sizes: Sequence[int]) -> Iterator[tuple[Array, Box]]:
        """As of a window, one array for each value of the dimension along which rows are counted, in this order.

        Raises UserError where more than one dimension of the domain counts rows.
        """
        index = results[self.dim]
        counting = [dim for dim, size in enumerate(sizes) if size > 1 and index.coefficients[dim]]
        if len(counting) > 1:
            raise UserError(f"{len(counting)} dimensions of a form count the rows of {self.type}: only one can")
        counter = counting[0] if counting else None
        within = [Linear((0,) * len(sizes), 0) if d == self.dim else r for d, r in enumerate(results)]
        for value in range(1 if counter is None else sizes[counter]):
            row = index.offset + (0 if counter is None else value * index.coefficients[counter])
            part = [range(value, value + 1) if dim == counter else range(size) for dim, size in enumerate(sizes)]
            memory = self._row(box[self.dim][row], box)
            yield strided(memory, within, [len(r) for r in part], writeable=True), part


Memory = Window | Rows
