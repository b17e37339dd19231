"""The memory of a run at the level `memplan`: what a memref's bytes are, in one piece or row by row.

Every byte knows who wrote it last, so that what dies takes nothing with it that another has written in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType

from ...dialects.access import Linear
from ...dialects.dense import dtype_of
from ...dialects.errors import UserError
from ...dialects.fixed.structured import scalar_type
from ...dialects.memplan import row_bytes, row_dimension, size_in_bytes
from .views import Array, strided

Bytes = NDArray[np.uint8]
Writers = NDArray[np.int32]
Box = Sequence[range]
"""A box of a memref's indices: a non-empty range for each dimension."""


def full_box(type: MemRefType) -> Box:
    """All indices of a memref."""
    return [range(size) for size in type.get_shape()]


@dataclass(frozen=True)
class Window:
    """A memref's bytes, shape (batch, size in bytes): a part of an arena, or memory of its own.

    `writers` holds for each byte the number of the memref that was the last to write it, and `number` is this one's; an
    alias has the number of its source.
    """

    data: Bytes
    type: MemRefType
    writers: Writers
    number: int

    @cached_property
    def elements(self) -> Array:
        """The same memory as typed elements, shape (batch, *shape)."""
        dtype = dtype_of(scalar_type(self.type.element_type))
        return self.data.view(dtype).reshape((len(self.data), *self.type.get_shape()))

    def part(self, offset: int, type: MemRefType) -> Window:
        """The window of an alias at a byte offset."""
        return self.view(offset, type, self.number)

    def view(self, offset: int, type: MemRefType, number: int) -> Window:
        """The window of another memref in these bytes."""
        place = slice(offset, offset + size_in_bytes(type))
        return Window(self.data[:, place], type, self.writers[place], number)

    def kill(self, poison: int) -> None:
        """Fill all bytes that nobody else has written since."""
        self.data[:, self.writers == self.number] = poison

    def read(self, box: Box) -> Array:
        """The elements of a box, shape (batch, *sizes of the box): the memory itself, no copy."""
        return self.elements[(slice(None), *(slice(r.start, r.stop) for r in box))]

    def targets(self, box: Box, results: Sequence[Linear], sizes: Sequence[int]) -> Iterator[tuple[Array, Box]]:
        """Where a domain of these sizes writes through an access map whose indices count from the start of the box.

        Yields arrays of the memory itself, shape (batch, *sizes), each with the part of the domain that it stands for.
        From then on the bytes are this memref's.
        """
        self.writers[:] = self.number
        yield strided(self.read(box), results, sizes, writeable=True), [range(size) for size in sizes]


@dataclass(frozen=True)
class Rows:
    """A memref whose rows lie apart, each a window of its own: the memref's shape with 1 in dimension `dim`."""

    rows: Sequence[Window]
    type: MemRefType
    dim: int

    @staticmethod
    def at(offsets: Sequence[int], arena: Window, type: MemRefType, number: int) -> Rows:
        """Row `r` from byte `offsets[r]` of an arena on."""
        dim, row = one_row(type)
        return Rows([arena.view(offset, row, number) for offset in offsets], type, dim)

    def part(self, offset: int, type: MemRefType) -> Rows:
        """An alias. Raises UserError unless it sees the same rows."""
        if offset or row_dimension(type) is None or row_bytes(type) != row_bytes(self.type):
            raise UserError(f"an alias of {self.type} as {type} at byte {offset}: it must see the same rows")
        dim, row = one_row(type)
        return Rows([window.part(0, row) for window in self.rows], type, dim)

    @property
    def elements(self) -> Array:
        """All rows as they are now, shape (batch, *shape): a copy."""
        return self.read(full_box(self.type))

    def read(self, box: Box) -> Array:
        """The elements of a box, shape (batch, *sizes of the box): a copy where it has more than one row."""
        part = self._within(box)
        rows = [self.rows[row].read(part) for row in box[self.dim]]
        return rows[0] if len(rows) == 1 else np.concatenate(rows, 1 + self.dim)

    def _within(self, box: Box) -> Box:
        """The part of a row that belongs to a box."""
        return [range(1) if dim == self.dim else r for dim, r in enumerate(box)]

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
            ((places, _),) = self.rows[box[self.dim][row]].targets(self._within(box), within, [len(r) for r in part])
            yield places, part


def one_row(type: MemRefType) -> tuple[int, MemRefType]:
    """The dimension that counts the rows of a memref, and the type of one row."""
    dim = row_dimension(type)
    assert dim is not None, "verified: memplan.rows has rows"
    return dim, MemRefType(type.element_type, [1 if d == dim else size for d, size in enumerate(type.get_shape())])


Memory = Window | Rows
