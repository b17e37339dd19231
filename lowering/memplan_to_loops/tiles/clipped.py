"""The kernel `clipped` as loops:

for each pixel: the rows and columns of its window that lie in the data
  for each group of channels: sums = 0; clipped_block(weights, data, rows, columns, sums); store body(sums)

Where rows of the data lie apart the block takes a list of where they begin, which is written for each row of pixels: in
a slice of a stream once.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import memref
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ....dialects.access import Linear
from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.mcu import Address
from ....dialects.mcu.bytes import ClippedBlockOp
from ....passes.memplan.tiling.clipped import Clipped
from ..emit import Emitter, Index
from ..labels import dimension_names
from ..rows import Rows
from .scope import Constant, Operands, Point, Scope, local

SUM = IntegerType(24)
"""What sums are added up in."""


def build_clipped(
    form: StructuredForm, memory: Operands, emit: Emitter, constant: Constant, held: Mapping[int, SSAValue]
) -> None:
    """Write the kernel. Raises OpError where the form is none for it."""
    clipped = Clipped.of(form, held)
    if clipped is None:
        raise OpError(form, "the kernel `clipped` does not fit this form: let memplan-tile choose the tile")
    ClippedNest(clipped, Scope(clipped.roles, memory, emit, constant, from_bias=False), held).build()


class ClippedNest:
    """The state of the kernel while it is written; `apart` are the rows of the data, where they lie apart."""

    def __init__(self, clipped: Clipped, scope: Scope, held: Mapping[int, SSAValue]):
        self.clipped, self.scope, self.emit = clipped, scope, scope.emit
        self.held: dict[int, Index] = dict(held)
        data = scope.memref(scope.form.ins[0])
        self.apart = data if isinstance(data, Rows) else None
        whole, left = clipped.packed()
        self.weights = scope.constant(f"{scope.node}_packed", whole)
        self.left = scope.constant(f"{scope.node}_packed_left", left) if left.size else None

    def build(self) -> None:
        """Write all pixels, row by row."""
        form, clipped = self.scope.form, self.clipped
        names, axis = dimension_names(form), clipped.axis(clipped.rows)
        assert axis is not None, "checked: taps move one index"
        dims = [dim for dim in clipped.pixels if dim not in self.held]
        moving = [number for number, dim in enumerate(dims) if clipped.roles.index[axis].coefficients[dim]]
        outer = max(moving, default=-1) + 1

        def row(at: dict[int, Index]) -> None:
            start: Point = {**self.held, **at}
            rows = self._inside(clipped.rows, start)
            starts = None if self.apart is None else self.scope.starts(self.apart, clipped.rows, rows, start)
            self.scope.loops(dims[outer:], names, lambda point: self._pixel({**start, **point}, rows, starts))

        self.scope.loops(dims[:outer], names, row)

    def _pixel(self, point: Point, rows: tuple[Index, Index], starts: SSAValue | None) -> None:
        clipped = self.clipped
        columns = self._inside(clipped.columns, point)
        whole, left = divmod(clipped.channels, clipped.group)

        def group(number: Index, channels: int) -> None:
            self._group(number, channels, point, rows, columns, starts)

        self.scope.loop(whole, "group", lambda number: group(number, clipped.group))
        if left:
            group(whole, left)

    def _inside(self, tap: int, point: Point) -> tuple[Index, Index]:
        """The first tap of a dimension that lies in the data, and how many do."""
        clipped, emit = self.clipped, self.emit
        axis = clipped.axis(tap)
        assert axis is not None, "checked: taps move one index"
        index, size = clipped.roles.index[axis], self.scope.form.sizes[tap]
        base = Linear(tuple(0 if dim == tap else c for dim, c in enumerate(index.coefficients)), index.offset)
        start = self.scope.index(base, point)
        first = emit.maximum(0, emit.subtract_from(0, start))
        last = emit.minimum(size, emit.subtract_from(clipped.roles.shape[axis], start))
        if isinstance(last, int) and isinstance(first, int):
            return first, last - first
        return first, self._difference(last, first)

    def _difference(self, left: Index, right: Index) -> Index:
        """`left - right`."""
        return self.emit.sum(left, self.emit.subtract_from(0, right))

    def _group(
        self,
        group: Index,
        channels: int,
        point: Point,
        rows: tuple[Index, Index],
        columns: tuple[Index, Index],
        starts: SSAValue | None,
    ) -> None:
        """The sums of a group of channels at a pixel."""
        emit, scope, clipped = self.emit, self.scope, self.clipped
        first = emit.scale(group, clipped.group)
        sums = local(emit, channels, "sums", SUM)
        zero = emit.constant(0, SUM)
        for number in range(channels):
            scope.store(zero, sums, number)
        at: Point = {**point, clipped.channel: first, clipped.columns: columns[0], clipped.rows: rows[0]}
        start = emit.sum(emit.scale(rows[0], clipped.taps), emit.scale(columns[0], clipped.inner_taps))
        offset = emit.index(emit.scale(start, channels))
        if channels < clipped.group:
            assert self.left is not None, "packed where there are channels left over"
            weights = self.left, [offset]
        else:
            weights = self.weights, [emit.index(group), offset]
        data = self._data(at, starts)
        count = emit.index(emit.scale(columns[1], clipped.inner_taps))
        step, pitch = clipped.step if clipped.each else 1, 0 if len(data) > 1 else clipped.pitch
        window = (channels, int(clipped.each), clipped.taps, pitch, step, clipped.offset)
        emit.block.add_op(ClippedBlockOp(weights, data, sums, window, [emit.index(rows[1]), count]))

        def finish(channel: Index) -> None:
            loaded = emit.do(memref.LoadOp.get(sums, [emit.index(channel)]))
            total = emit.convert(loaded, SUM, clipped.roles.form.acc)
            scope.finish(total, {**point, clipped.channel: emit.sum(first, channel)})

        scope.loop(channels, "channel", finish)

    def _data(self, point: Point, starts: SSAValue | None) -> list[Address]:
        """Where the first tap lies, and where rows lie apart the list of their starts behind it."""
        form = self.scope.form
        if self.apart is None or starts is None:
            return [self.scope.place(form.ins[0], form.in_maps[0], point)]
        return [self.scope.in_row(self.apart, point), (starts, [self.emit.index(0)])]
