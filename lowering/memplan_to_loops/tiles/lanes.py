"""The kernel `lanes` as loops:

    for each row of the output:
      for each row of taps: copy the row of data into scratch memory, or from where the row before has left it there
      for each two columns: for each four channels: sums = bias; lanes_block(weights, rows, sums); store body(sums)

A slice of a stream is one row of the output: it copies all of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects import arith, memref
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import WIDE
from ....dialects.machine import signed
from ....dialects.mcu import Address
from ....dialects.mcu.windows import LanesBlockOp
from ....dialects.mcu.words import LoadWordOp
from ....passes.memplan.tiling.lanes import CHANNELS, Lanes
from ..emit import Emitter, Index
from .scope import Constant, Operands, Point, Scope, local


def build_lanes(
    form: StructuredForm, memory: Operands, emit: Emitter, constant: Constant, held: Mapping[int, SSAValue]
) -> None:
    """Write the kernel. Raises OpError where the form is none for it, or has no scratch memory."""
    lanes = Lanes.of(form)
    if lanes is None or form.scratch is None or form.tile is None or not set(held) <= {lanes.row}:
        raise OpError(form, "the kernel `lanes` does not fit this form: let memplan-tile choose the tile")
    scratch = memory[form.scratch]
    assert isinstance(scratch, SSAValue), "only memory of forms' values lies in rows"
    LanesNest(lanes, Scope(lanes.roles, memory, emit, constant, lifts=form.tile.bits.data == WIDE), scratch).build(
        held.get(lanes.row)
    )


class LanesNest:
    """The state of the kernel while it is written; `rows` is the scratch memory, in words."""

    def __init__(self, lanes: Lanes, scope: Scope, rows: SSAValue):
        self.lanes, self.scope, self.emit, self.rows = lanes, scope, scope.emit, rows
        self.weights = self.packed()
        self.pixel_words = lanes.channels // CHANNELS
        self.row_words = lanes.cells * self.pixel_words
        byte = scope.zero & 0xFF
        self.padding = scope.word(signed(byte * 0x01010101, 32))

    def packed(self) -> SSAValue:
        """The memref of the weights."""
        return self.scope.constant(f"{self.scope.node}_packed", self.lanes.packed(self.scope.bits, self.scope.amounts))

    @property
    def groups(self) -> int:
        """Groups of channels that are computed together."""
        return self.pixel_words

    def copy_words(self, to: Index, words: int, place: Address) -> None:
        """Copy words into scratch memory from an element of other memory on."""
        memory, indices = place
        of_words = memory is self.rows

        def word(at: Index) -> None:
            moved = [
                *indices[:-1],
                self.emit.index(self.emit.sum(indices[-1], at if of_words else self.emit.scale(at, 4))),
            ]
            load = memref.LoadOp.get(memory, moved) if of_words else LoadWordOp(memory, moved)
            self.scope.store(self.emit.do(load, "word"), self.rows, self.emit.sum(to, at))

        self._each(words, word)

    def build(self, held: Index | None) -> None:
        """Write all rows of the output, or the one of a slice."""
        if held is not None:
            self._row(held, keep=False)
        else:
            self.scope.loop(self.lanes.size[0], "oh", lambda row: self._row(row, keep=True))

    def _row(self, row: Index, keep: bool) -> None:
        lanes, scope = self.lanes, self.scope
        scope.loop(lanes.taps[0], "kh", lambda tap: self._fetch(row, tap, keep and lanes.size[0] > 1))
        pairs, left = divmod(lanes.size[1], lanes.pixels)
        last = lanes.size[1] - lanes.pixels
        overlaps = left > 0 and last >= 0 and scope.bits < WIDE
        """Whether what is left is computed with what comes before it, once more: less code, as weights are bytes."""

        def columns(number: Index, pixels: int) -> None:
            first = self.emit.scale(number, lanes.pixels)
            first = self.emit.minimum(first, last) if overlaps else first
            scope.loop(self.groups, "group", lambda group: self._group(row, first, group, pixels))

        scope.loop(pairs + overlaps, "pair", lambda number: columns(number, lanes.pixels))
        if left and not overlaps:
            columns(pairs, left)

    def _fetch(self, row: Index, tap: Index, keep: bool) -> None:
        """One row of scratch memory, from the data, or from further down where the row before has it."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        stride, high = lanes.strides[0], lanes.taps[0]
        if not keep or stride >= high:
            self._copy(row, tap)
            return
        is_first = emit.do(arith.CmpiOp(emit.index(row), emit.index(0), "eq"))
        is_new = emit.do(arith.CmpiOp(emit.index(tap), emit.index(high - stride), "sge"))
        scope.choose(emit.do(arith.OrIOp(is_first, is_new)), lambda: self._copy(row, tap), lambda: self._shift(tap))

    def _shift(self, tap: Index) -> None:
        """A row that the row of the output before has read already."""
        to = self.emit.scale(tap, self.row_words)
        source = self.emit.add(to, self.lanes.strides[0] * self.row_words)
        self.copy_words(to, self.row_words, (self.rows, [self.emit.index(source)]))

    def _copy(self, row: Index, tap: Index) -> None:
        """A row of the data with its padding; padding alone where there is none."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        to = emit.scale(tap, self.row_words)
        point: Point = {lanes.row: row, lanes.roles.taps[0]: tap}
        left = lanes.padding[1]
        inside = min(lanes.cells - left, lanes.data[1])
        right = lanes.cells - left - inside
        data = self.pixel_words * inside

        def fill(first: int, cells: int) -> None:
            base = emit.add(to, first * self.pixel_words)
            self._each(cells * self.pixel_words, lambda at: scope.store(self.padding, self.rows, emit.sum(base, at)))

        def copy() -> None:
            fill(0, left)
            start: Point = {**point, lanes.roles.taps[1]: left}
            base = emit.add(to, left * self.pixel_words)
            self.copy_words(base, data, scope.place(scope.form.ins[0], scope.form.in_maps[0], start))
            fill(left + inside, right)

        condition = scope.inside(scope.guards([lanes.row, lanes.roles.taps[0]]), point)
        scope.choose(condition, copy, lambda: fill(0, lanes.cells))

    def _each(self, words: int, write: Callable[[Index], None]) -> None:
        """Write some words one after the other, a few in each turn."""
        unroll = next(n for n in (4, 3, 2, 1) if words % n == 0)

        def turn(at: Index) -> None:
            for offset in range(unroll):
                write(self.emit.add(at, offset))

        if words:
            self.scope.loop(words, "at", turn, unroll)

    def _group(self, row: Index, column: Index, group: Index, pixels: int) -> None:
        """Four channels at neighbouring pixels."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        first = emit.scale(group, CHANNELS)
        numbers = [emit.add(first, channel) for channel in range(CHANNELS)]
        sums = local(emit, CHANNELS * pixels, "sums")
        for channel, number in enumerate(numbers):
            start = scope.start({lanes.channel: number})
            for slot in range(pixels):
                scope.store(start, sums, slot * CHANNELS + channel)
        at = emit.sum(emit.scale(column, lanes.strides[1] * self.pixel_words), group)
        block = LanesBlockOp(
            (self.weights, [emit.index(group), emit.index(0)]),
            [(self.rows, [emit.index(at)])],
            sums,
            (*lanes.taps, pixels, lanes.strides[1], lanes.channels, lanes.cells * lanes.channels),
        )
        emit.block.add_op(block)
        for channel, number in enumerate(numbers):
            for slot in range(pixels):
                total = emit.do(memref.LoadOp.get(sums, [emit.index(slot * CHANNELS + channel)]))
                point: Point = {lanes.row: row, lanes.column: emit.add(column, slot), lanes.channel: number}
                scope.finish(total, point)
