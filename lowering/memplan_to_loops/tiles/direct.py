"""The kernel `direct` as loops:

    for each block of pixels:
      for each group of channels: sums = 0; direct_block(weights, data, sums); store body(sums)

Two pixels are neighbours in a row where rows have an even number of them, else in the row-major order of all; a last
one that is alone is computed twice, into the same place. Where rows of the data lie apart, blocks of several take a
list of where these begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from xdsl.dialects import memref
from xdsl.dialects.builtin import IntegerType, i32
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.mcu import Address
from ....dialects.mcu.bytes import DirectBlockOp
from ....passes.memplan.tiling.direct import Direct
from ..emit import Emitter, Index
from ..labels import dimension_names
from ..rows import Rows
from .scope import Constant, Operands, Point, Scope, local

NARROW_SUM = IntegerType(24)
"""What sums of at most so many bits are added up in."""


def build_direct(
    form: StructuredForm, memory: Operands, emit: Emitter, constant: Constant, held: Mapping[int, SSAValue]
) -> None:
    """Write the kernel. Raises OpError where the form is none for it."""
    direct = Direct.of(form, held)
    if direct is None or form.tile is None:
        raise OpError(form, "the kernel `direct` does not fit this form: let memplan-tile choose the tile")
    DirectNest(direct, Scope(direct.roles, memory, emit, constant, from_bias=False), held).build()


class DirectNest:
    """The state of the kernel while it is written; `sum` is the type of the sums."""

    def __init__(self, direct: Direct, scope: Scope, held: Mapping[int, SSAValue]):
        self.direct, self.scope, self.emit = direct, scope, scope.emit
        assert scope.form.tile is not None, "checked by the caller"
        self.pixels = scope.form.tile.pixels.data
        self.size = direct.group(self.pixels)
        self.held: dict[int, Index] = dict(held)
        self.dims = [dim for dim in direct.pixels if dim not in self.held]
        self.names = dimension_names(scope.form)
        self.sum = NARROW_SUM if direct.roles.form.acc.width.data <= NARROW_SUM.width.data else i32
        data = scope.memref(scope.form.ins[0])
        self.apart = data if isinstance(data, Rows) and direct.row_count > 1 else None
        self.starts: SSAValue | None = None
        """Where the rows of a block begin, where these lie apart and are the same for all blocks."""
        whole, left = direct.packed(self.pixels)
        self.weights = scope.constant(f"{scope.node}_packed", whole)
        self.left = scope.constant(f"{scope.node}_packed_left", left) if left.size else None

    def build(self) -> None:
        """Write the blocks."""
        scope, sizes = self.scope, self.scope.form.sizes
        self._find_rows()
        if self.pixels == 1:
            scope.loops(self.dims, self.names, lambda point: self._block([{**self.held, **point}]))
            return
        outer, last = self.dims[:-1], self.dims[-1:]
        if not last or sizes[last[0]] % 2:
            outer, last = [], self.dims
        total = self.direct.roles.size(tuple(last))

        def pair(point: Point, block: Index) -> None:
            pixels = [self.emit.add(self.emit.scale(block, 2), slot) for slot in range(2)]
            if total % 2:
                pixels[1] = self.emit.minimum(pixels[1], total - 1)
            self._block([{**self.held, **point, **scope.split(pixel, last)} for pixel in pixels])

        scope.loops(outer, self.names, lambda point: scope.loop(ceil(total / 2), "pair", lambda at: pair(point, at)))

    def _find_rows(self) -> None:
        """Write where the rows of all blocks begin, where they lie apart, a call has one row of pixels, and the block
        takes such a list.
        """
        rows, data = self.direct.rows, self.apart
        if data is not None and rows is not None and self.sum == NARROW_SUM:
            index = self.direct.roles.index[data.dim]
            moving = {dim for dim, c in enumerate(index.coefficients) if c and self.scope.form.sizes[dim] > 1}
            if rows in moving and moving <= {rows, *self.held}:
                self.starts = self.scope.starts(data, rows, (0, self.direct.row_count), self.held)

    def _block(self, points: Sequence[Point]) -> None:
        """All channels at some pixels."""
        whole, left = divmod(self.direct.channels, self.size)
        self.scope.loop(whole, "group", lambda group: self._group(group, self.size, points))
        if left:
            self._group(whole, left, points)

    def _group(self, group: Index, channels: int, points: Sequence[Point]) -> None:
        """The sums of a group of channels at all pixels of a block."""
        emit, scope = self.emit, self.scope
        (dim,) = self.direct.roles.channels
        first = emit.scale(group, self.size)
        sums = local(emit, channels * len(points), "sums", self.sum)
        zero = emit.constant(0, self.sum)
        for number in range(channels * len(points)):
            scope.store(zero, sums, number)
        outer = (*self.direct.outer, *([self.direct.rows] if self._splits and self.direct.rows is not None else []))
        scope.loops(outer, self.names, lambda taps: self._sum(group, channels, points, taps, sums))

        def finish(channel: Index) -> None:
            for slot, point in enumerate(points):
                loaded = emit.do(memref.LoadOp.get(sums, [emit.index(emit.add(channel, slot * channels))]))
                total = emit.convert(loaded, self.sum, self.direct.roles.form.acc)
                scope.finish(total, {**point, dim: emit.sum(first, channel)})

        if self.pixels == 1:
            scope.loop(channels, "channel", finish)
        else:
            for channel in range(channels):
                finish(channel)

    @property
    def _splits(self) -> bool:
        """Whether each run is a block of its own: they lie in rows apart, and no list says where."""
        return self.apart is not None and self.starts is None

    def _sum(self, group: Index, channels: int, points: Sequence[Point], taps: Point, sums: SSAValue) -> None:
        """One block of machine operations."""
        emit, direct = self.emit, self.direct
        rows = 1 if self._splits else direct.row_count
        number: Index = 0
        for dim, at in taps.items():
            number = emit.sum(emit.scale(number, self.scope.form.sizes[dim]), at)
        first = emit.index(emit.scale(number, rows * direct.length * channels))
        if channels < self.size:
            assert self.left is not None, "packed where there are channels left over"
            weights, at = self.left, [first]
        else:
            weights, at = self.weights, [emit.index(group), first]
        places = [self._place({**point, **taps}) for point in points]
        pitch = direct.length if rows == 1 else direct.pitch
        if self.starts is not None:
            places, pitch = [*places, (self.starts, [emit.index(0)])], 0
        window = (channels, len(points), rows, direct.length, pitch)
        emit.block.add_op(DirectBlockOp((weights, at), places, sums, window))

    def _place(self, point: Point) -> Address:
        """Where the data of a pixel lie."""
        if self.apart is not None and self.starts is not None:
            return self.scope.in_row(self.apart, point)
        return self.scope.place(self.scope.form.ins[0], self.scope.form.in_maps[0], point)
