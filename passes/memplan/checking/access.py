"""What each slice of a form touches, as chunks of bytes with their owners; the plan checker's view of access maps.

Slices are translations of each other where no padding is involved: what one touches is a pattern of rows and bytes in
them, found once, at the rows where the slice is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.access import Linear, full_box, linear_map
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import element_bytes, row_dimension, size_in_bytes
from .footprints import UNTOUCHED, points, runs
from .intervals import Runs, rows_touched, within
from .memory import Place, Unit

Points = NDArray[np.int64]


class When(Enum):
    """When a block reads what it touches: before it writes, at any time, or only what no block before it has read."""

    BEFORE = auto()
    DURING = auto()
    ONCE = auto()


@dataclass
class Pattern:
    """What a domain touches of a box of elements; runs are of bytes, numbers of points per byte, row after row."""

    results: Sequence[Linear]
    sizes: Sequence[int]
    parallel: int
    shape: Sequence[int]
    width: int
    block: int = 1
    """How many points, one after the other, are numbered alike: those of a block of the form's tile."""
    when: When = When.BEFORE

    @property
    def bytes(self) -> int:
        """Bytes of the box."""
        return prod(self.shape) * self.width

    @cached_property
    def runs(self) -> Runs:
        """The bytes that are touched."""
        return runs(self.results, self.sizes, self.shape) * self.width

    @cached_property
    def is_full(self) -> bool:
        """True when every byte is touched."""
        return len(self.runs) == 1 and self.runs[0].tolist() == [0, self.bytes]

    @cached_property
    def first(self) -> Points:
        """Per byte the first point that touches it, UNTOUCHED for none."""
        return self._numbers(False)

    @cached_property
    def last(self) -> Points:
        """Per byte the last point that touches it, UNTOUCHED for none."""
        return self._numbers(True)

    def _numbers(self, last: bool) -> Points:
        numbers = points(self.results, self.sizes, self.parallel, self.shape, last)
        return np.repeat(np.where(numbers < 0, UNTOUCHED, numbers // self.block), self.width)

    def rows(self, count: int) -> Sequence[int]:
        """Which of `count` equal parts are touched."""
        return range(count) if self.is_full else rows_touched(self.runs, self.bytes // count, count)


@dataclass(frozen=True)
class Chunk:
    """Bytes [start, start + size) of a unit's memory, of which a pattern touches some, from its byte `within` on.

    `logical` is the byte of the unit's storage at which it starts, rows counted one after the other.
    """

    unit: Unit
    start: int
    size: int
    logical: int
    pattern: Pattern
    within: int

    def of_pattern(self, per_byte: Points, start: int, end: int) -> Points:
        """The part of an array over the bytes of the pattern that belongs to bytes [start, end) of the memory."""
        return per_byte[self.within + start - self.start : self.within + end - self.start]

    @cached_property
    def runs(self) -> Runs:
        """The bytes of the memory that are touched."""
        return within(self.pattern.runs, self.within, self.within + self.size) + (self.start - self.within)


class Access:
    """What the slices of a form touch of an operand, each at a value of each dimension of its domain in `along`.

    Without any the whole form is the one slice.

    Without an access map every point touches everything: so tables are read, and whatever an opaque step touches.
    """

    def __init__(
        self,
        value: SSAValue,
        place: Place,
        access: AffineMap | None,
        form: StructuredForm | None,
        along: Sequence[int] = (),
        when: When = When.BEFORE,
    ):
        assert isinstance(value.type, MemRefType)
        self.value, self.place = value, place
        self.width, self.bytes = element_bytes(value.type), size_in_bytes(value.type)
        shape = value.type.get_shape()
        row = row_dimension(value.type)
        if access is None:
            shape, row = (prod(shape),), None
            access_results: Sequence[Linear] = [Linear((0,) * len(form.sizes) + (1,) if form else (1,), 0)]
            sizes = (*(form.trips if form else ()), prod(shape))
        else:
            access_results, sizes = linear_map(access), form.trips if form else ()
        self.shape, self.row = shape, row
        self.parallel = len(form.domain.parallel.data) if form else 0
        self.sizes = tuple(1 if d in along else size for d, size in enumerate(sizes))
        self.steps = [[r.coefficients[dim] for dim in along] for r in access_results]
        self.results = [
            Linear(tuple(0 if d in along else c for d, c in enumerate(r.coefficients)), r.offset)
            for r in access_results
        ]
        self.interval = (0, 0) if row is None else self.results[row].interval(full_box(self.sizes))
        self.block, self.when = form.block_points if form else 1, when
        self.patterns: dict[tuple[int, ...], Pattern] = {}

    @property
    def moves(self) -> bool:
        """True where different slices touch different bytes."""
        return any(any(steps) for steps in self.steps)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of the memref; all where it has none."""
        return self.bytes // (1 if self.row is None else self.shape[self.row])

    def at(self, values: Sequence[int]) -> tuple[int, int, Pattern] | None:
        """The first row that a slice touches, how many rows from there on, and what of them; None where nothing."""
        moved = [sum(step * value for step, value in zip(steps, values, strict=True)) for steps in self.steps]
        offsets = [r.offset + by for r, by in zip(self.results, moved, strict=True)]
        first, count, shape = 0, 1, list(self.shape)
        if self.row is not None:
            low, high = (end + moved[self.row] for end in self.interval)
            first = max(low, 0)
            count = min(high + 1, self.shape[self.row]) - first
            if count <= 0:
                return None
            offsets[self.row] -= first
            shape[self.row] = count
        key = (count, *offsets)
        if key not in self.patterns:
            results = [Linear(r.coefficients, offset) for r, offset in zip(self.results, offsets, strict=True)]
            self.patterns[key] = Pattern(results, self.sizes, self.parallel, shape, self.width, self.block, self.when)
        return first, count, self.patterns[key]

    def chunks(self, values: Sequence[int]) -> Iterator[Chunk]:
        """The bytes that a slice touches, one chunk for each unit."""
        found = self.at(values)
        if found is None:
            return
        first, count, pattern = found
        if not self.place.is_split:
            (unit,) = self.place.units
            logical = self.place.offset + first * self.row_bytes
            yield Chunk(unit, unit.start + logical, pattern.bytes, logical, pattern, 0)
            return
        units = self.place.units
        if self.row is None:
            first, count = 0, len(units)
        size = pattern.bytes // count
        for index in pattern.rows(count):
            unit = units[first + index]
            yield Chunk(unit, unit.start, size, (first + index) * size, pattern, index * size)
