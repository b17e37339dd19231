"""The kernel `planes` as loops:

    for each row of the output:
      for each row of data that no row before has needed: take it apart by channels, into its slot
      for each channel: for some columns: sums = bias; plane_block(weights, three rows, sums); store body(sums)

Slots of rows go round: there are three texts, for the places where the first row lies; where weights are bytes one, in
which the weights go round. A slice of a stream is one row of the output: it reads all of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Block, SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.fixed.tile import WIDE
from ....dialects.machine import halves, pack_halves, pack_high_halves, unpack_bytes
from ....dialects.mcu import Address
from ....dialects.mcu.vectors import CopyBlockOp
from ....dialects.mcu.windows import PlaneBlockOp
from ....dialects.mcu.words import LoadWordOp
from ....passes.memplan.tiling.lanes import CHANNELS
from ....passes.memplan.tiling.planes import TAPS, Planes
from ....passes.memplan.tiling.requantized import Requantized
from ..emit import Emitter, Index
from .finish import Finisher
from .scope import Constant, Operands, Point, Scope, local


def build_planes(
    form: StructuredForm, memory: Operands, emit: Emitter, constant: Constant, held: Mapping[int, SSAValue]
) -> None:
    """Write the kernel. Raises OpError where the form is none for it, or has no scratch memory."""
    planes = Planes.of(form)
    if planes is None or form.scratch is None or form.tile is None or not set(held) <= {planes.lanes.row}:
        raise OpError(form, "the kernel `planes` does not fit this form: let memplan-tile choose the tile")
    scratch = memory[form.scratch]
    assert isinstance(scratch, SSAValue), "only memory of forms' values lies in rows"
    PlanesNest(
        planes, Scope(planes.lanes.roles, memory, emit, constant, lifts=form.tile.bits.data == WIDE), scratch
    ).build(held.get(planes.lanes.row))


HALF = 16
"""Bits of a half."""


class PlanesNest:
    """The state of the kernel while it is written; `rows` is the scratch memory, in words."""

    def __init__(self, planes: Planes, scope: Scope, rows: SSAValue):
        self.planes, self.lanes, self.scope, self.emit, self.rows = planes, planes.lanes, scope, scope.emit, rows
        self.weights = scope.constant(f"{scope.node}_packed", planes.packed(scope.bits, scope.amounts))
        self.plane_words = TAPS * planes.row_words
        self.padding = scope.word(halves(scope.zero, scope.zero))
        tile = scope.form.tile
        assert tile is not None, "checked by the caller"
        self.held_at = planes.scratch_words if tile.holds_weights else None
        self.has_bytes = tile.bits.data < WIDE
        """Whether weights are bytes, as flash is short: then so is the code, one text for all turns of slots."""
        self.taps: SSAValue | None = None
        """The words of halves that were made of a channel's bytes."""
        self.finisher = None if self.has_bytes else Finisher.of(scope, Requantized.of(planes.lanes.roles, scope.lift))

    def build(self, held: Index | None) -> None:
        """Write all rows of the output, or the one of a slice."""
        self._hold()
        if held is not None:
            self._row(held, keep=False)
        else:
            self.scope.loop(self.lanes.size[0], "oh", lambda row: self._row(row, keep=True))

    def _hold(self) -> None:
        """Copy the weights, and the table of channels, into scratch memory, where they are held there."""
        if self.held_at is not None:
            words = self.planes.held_words
            target = self.scope.at(self.rows, [self.emit.index(self.held_at)], words)
            self.emit.block.add_op(CopyBlockOp((self.weights, [self.emit.index(0)]), [], target, [words]))
            self.scope.hold_channels(self.rows, self.held_at + words)

    def _halves(self, channel: Index) -> SSAValue:
        """The weights of a channel that are bytes as words of halves, in the order of the slots."""
        scope, emit = self.scope, self.emit
        words, first = local(emit, 2 * TAPS, "taps"), emit.scale(channel, TAPS * TAPS)
        for slot, row in enumerate(self.turned):
            place = emit.index(emit.sum(first, row))
            bytes = emit.do(LoadWordOp(self.weights, [place]), "word")
            even, odd = (scope.machine(unpack_bytes, bytes, immediates=[n]) for n in (0, 1))
            last = emit.do(arith.ShRSIOp(even, scope.word(HALF)))
            scope.store(scope.machine(pack_halves, even, odd), words, 2 * slot)
            scope.store(scope.machine(pack_halves, odd, last), words, 2 * slot + 1)
        return words

    def _weights_at(self, channel: Index) -> Address:
        """Where the weights of a channel lie."""
        if self.has_bytes:
            assert self.taps is not None, "made for each channel"
            return self.taps, [self.emit.index(0)]
        if self.held_at is None:
            return self.weights, [self.emit.index(self.emit.scale(channel, TAPS * 4))]
        return self.rows, [self.emit.index(self.emit.sum(self.emit.scale(channel, TAPS * 2), self.held_at))]

    def _row(self, row: Index, keep: bool) -> None:
        lanes, scope, emit = self.lanes, self.scope, self.emit
        first = emit.scale(row, lanes.strides[0]) if keep else 0
        self._new_rows(row, first, keep and lanes.strides[0] < TAPS)
        words = self.planes.row_words
        orders = [[(slot + tap) % TAPS * words for tap in range(TAPS)] for slot in range(TAPS)]
        slot = scope.remainder(first, TAPS)
        if self.has_bytes:
            ahead = [emit.sum(emit.scale(slot, TAPS - 1), tap) for tap in range(TAPS)]
            self.turned = [emit.scale(scope.remainder(rows, TAPS), TAPS) for rows in ahead]
            self._channels(row, orders[0])
            return
        if isinstance(slot, int):
            self._channels(row, orders[slot])
            return
        at = [emit.do(arith.CmpiOp(slot, emit.index(number), "eq")) for number in range(2)]
        scope.choose(
            at[0],
            lambda: self._channels(row, orders[0]),
            lambda: scope.choose(at[1], lambda: self._channels(row, orders[1]), lambda: self._channels(row, orders[2])),
        )

    def _channels(self, row: Index, starts: list[int]) -> None:
        """A row of the output; its rows of data begin so many words behind the start of each channel."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        blocks, left = divmod(lanes.size[1], self.planes.outputs)
        if not left and self._at_once(row, blocks, starts):
            return

        def channel(number: Index) -> None:
            if self.has_bytes:
                self.taps = self._halves(number)
            base = emit.scale(number, self.plane_words)
            begin = scope.start({lanes.channel: number})
            point: Point = {lanes.row: row, lanes.channel: number}
            outputs = self.planes.outputs
            scope.loop(blocks, "block", lambda block: self._outputs(point, block, base, starts, begin, outputs))
            if left:
                self._outputs(point, blocks, base, starts, begin, left)

        scope.loop(lanes.channels, "ch", channel)

    def _at_once(self, row: Index, blocks: int, starts: list[int]) -> bool:
        """The row as one block, where bodies and results allow it."""
        if self.finisher is None:
            return False
        lanes, zero = self.lanes, self.emit.index(0)
        window = (lanes.channels, blocks, self.planes.outputs, lanes.strides[1], *starts, self.plane_words)
        point: Point = {lanes.row: row}
        return self.finisher.row(self._weights_at(0), (self.rows, [zero]), window, point, lanes.column)

    def _new_rows(self, row: Index, first: Index, keep: bool) -> None:
        """Take the rows of data apart that are not in scratch memory yet."""
        emit = self.emit
        lower: Index = 0
        if keep and not isinstance(row, int):
            is_first = emit.do(arith.CmpiOp(row, emit.index(0), "eq"))
            some = emit.index(TAPS - self.lanes.strides[0])
            lower = emit.do(arith.SelectOp(is_first, emit.index(0), some))
        block = Block(arg_types=[IndexType()])
        block.args[0].name_hint = "kh"
        emit.block.add_op(scf.ForOp(emit.index(lower), emit.index(TAPS), emit.index(1), [], block))
        with emit.inside(block):
            tap = block.args[0]
            slot = self.scope.remainder(emit.sum(first, tap), TAPS)
            self._take(row, tap, emit.scale(slot, self.planes.row_words))
            block.add_op(scf.YieldOp())

    def _take(self, row: Index, tap: Index, start: Index) -> None:
        """One row of data, or padding where there is none."""
        lanes, scope = self.lanes, self.scope
        point: Point = {lanes.row: row, lanes.roles.taps[0]: tap}

        def groups(inside: bool) -> None:
            scope.loop(lanes.channels // CHANNELS, "group", lambda group: self._group(point, group, start, inside))

        condition = scope.inside(scope.guards([lanes.row, lanes.roles.taps[0]]), point)
        scope.choose(condition, lambda: groups(True), lambda: groups(False))

    def _group(self, point: Point, group: Index, start: Index, inside: bool) -> None:
        """A row of four channels, two cells at a time: those beside the data first, then those within, in a loop."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        base = emit.sum(emit.scale(group, CHANNELS * self.plane_words), start)
        left, width = lanes.padding[1], lanes.data[1] if inside else 0
        within = [n for n in range(self.planes.row_words) if 0 <= 2 * n - left and 2 * n + 1 - left < width]

        def pixel(column: Index) -> tuple[SSAValue, SSAValue]:
            at: Point = {**point, lanes.channel: emit.scale(group, CHANNELS), lanes.roles.taps[1]: column}
            word = scope.load_word(at)
            first, second = (scope.machine(unpack_bytes, word, immediates=[n]) for n in (0, 1))
            return first, second

        def cells(number: Index, pair: list[tuple[SSAValue, SSAValue]]) -> None:
            (a, b), (c, d) = pair
            at = emit.sum(base, number)
            packs = ((0, pack_halves, a, c), (1, pack_halves, b, d), (2, pack_high_halves, a, c))
            for channel, pack, low, high in (*packs, (3, pack_high_halves, b, d)):
                word = low if low is high else scope.machine(pack, low, high)
                scope.store(word, self.rows, emit.add(at, channel * self.plane_words))

        def edge(number: int) -> None:
            columns = [2 * number - left, 2 * number + 1 - left]
            known = [pixel(c + left) if 0 <= c < width else (self.padding, self.padding) for c in columns]
            cells(number, known)

        if not inside:
            scope.loop(self.planes.row_words, "cell", lambda n: cells(n, [(self.padding, self.padding)] * 2))
            return
        for number in sorted(set(range(self.planes.row_words)) - set(within)):
            edge(number)

        def middle(number: Index) -> None:
            at = emit.add(number, within[0])
            cells(at, [pixel(emit.add(emit.scale(at, 2), cell)) for cell in range(2)])

        if within:
            scope.loop(len(within), "cell", middle)

    def _outputs(
        self, point: Point, block: Index, base: Index, starts: list[int], begin: SSAValue, outputs: int
    ) -> None:
        """Some neighbours of a row of the output."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        sums = local(emit, outputs, "sums")
        for output in range(outputs):
            scope.store(begin, sums, output)
        first = emit.scale(block, self.planes.outputs)
        moved = emit.scale(block, self.planes.outputs * lanes.strides[1] // 2)
        at = emit.index(emit.sum(base, moved))
        stride = lanes.strides[1]
        window = (outputs, stride, *starts)
        emit.block.add_op(PlaneBlockOp(self._weights_at(point[lanes.channel]), [(self.rows, [at])], sums, window))
        near = scope.output_at({**point, lanes.column: first}, {lanes.column: outputs})
        for output in range(outputs):
            total = emit.do(memref.LoadOp.get(sums, [emit.index(output)]))
            place = None if near is None else (near[0], output * near[1][lanes.column])
            scope.finish(total, {**point, lanes.column: emit.add(first, output)}, place)
