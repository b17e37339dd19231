"""The kernel `bytes` as loops: those of `columns`, with columns of bytes and blocks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.machine import signed
from ....dialects.mcu.columns import ByteBlockOp
from ....dialects.mcu.vectors import CopyBlockOp
from ....dialects.mcu.words import AtOp
from ....passes.memplan.tiling.bytes import Bytes
from ....passes.memplan.tiling.columns import Columns
from ..emit import Emitter, Index
from .columns import ColumnsNest, Words
from .finish import Finisher
from .requantize import Requantizer, requantized
from .scope import Constant, Operands, Point, Scope

COPIED = 4
"""Words of a run that a vector holds: shorter ones are copied one by one."""


def build_bytes(
    form: StructuredForm, memory: Operands, emit: Emitter, constant: Constant, held: Mapping[int, SSAValue]
) -> None:
    """Write the kernel. Raises OpError where the form is none for it, or has no scratch memory of the right size."""
    vectors = form.tile is not None and form.tile.kernel.data.has_vectors
    bytes = Bytes.of(Columns.of(form), vectors)
    if bytes is None or form.scratch is None or not set(held) <= set(bytes.columns.roles.pixels):
        raise OpError(form, "the kernel `bytes` does not fit this form: let memplan-tile choose the tile")
    roles = bytes.columns.roles
    body = requantized(roles, memory) if vectors else None
    scope = Scope(roles, memory, emit, constant, shift=bytes.shift, with_table=body is None)
    BytesNest(bytes, scope, held, None if body is None else Requantizer(body, scope)).build()


class BytesNest(ColumnsNest):
    """The state of the kernel while it is written; without an `end` each sum is finished by itself."""

    has_halves = False

    def __init__(self, bytes: Bytes, scope: Scope, held: Mapping[int, SSAValue], end: Requantizer | None):
        self.bytes, self.end = bytes, end
        super().__init__(bytes.columns, scope, held)
        self.channels = bytes.channels
        if bytes.lanes == 1:  # cores that load a word byte by byte
            self.most_written_out = 0

    def finishing(self) -> Finisher | None:
        """Sums of vectors have an end of their own."""
        return None

    def packed(self) -> SSAValue:
        """The memref of the weights."""
        return self.scope.constant(f"{self.scope.node}_packed", self.bytes.packed())

    def add_block(self, at: Sequence[SSAValue], sums: SSAValue) -> None:
        """The block of machine operations."""
        bytes = self.bytes
        window = (bytes.channels, self.pixels, bytes.taps, bytes.lanes, bytes.piece)
        self.emit.block.add_op(ByteBlockOp((self.weights, at), [self.gathered], sums, window))

    def start(self, point: Point) -> SSAValue:
        """What a sum begins with."""
        return super().start(point) if self.end is None else self.scope.word(0)

    def finish(self, sums: SSAValue, channels: int, first: Index, points: Sequence[Point], along: int | None) -> None:
        """Store the results of some channels of all pixels."""
        if self.end is None:
            super().finish(sums, channels, first, points, along)
            return
        for slot, point in enumerate(points):
            self.end.store(sums, slot * self.channels, channels, point, first)

    def run_words(self, slot: Index, first: Index, point: Point) -> None:
        """The words of a run, which vectors copy."""
        if self.bytes.lanes == 1 or self.columns.words < COPIED:
            super().run_words(slot, first, point)
            return
        form, at = self.scope.form, self.emit.sum(first, self.emit.scale(slot, self.bytes.taps // 4))
        target = self.emit.do(AtOp(self.column, [self.emit.index(at)], self.columns.words), "to")
        place = self.scope.place(form.ins[0], form.in_maps[0], point)
        self.emit.block.add_op(CopyBlockOp(place, [], target, [self.columns.words]))

    def zeros(self) -> Words:
        """Four taps of padding."""
        byte = self.scope.zero + self.bytes.shift & 0xFF
        return (self.scope.word(signed(byte * 0x01010101, 32)),)

    def words_of(self, word: SSAValue) -> Words:
        """Four bytes as they are in a column."""
        if not self.bytes.shift:
            return (word,)
        return (self.emit.do(arith.XOrIOp(word, self.scope.word(signed(self.bytes.shift * 0x01010101, 32)))),)

    def words_from(self, values: Sequence[SSAValue]) -> Words:
        """Four taps, a word each, as they are in a column."""
        emit, mask = self.emit, self.scope.word(0xFF)
        total: SSAValue | None = None
        for number, value in enumerate(values):
            byte = emit.do(arith.AndIOp(value, mask)) if number < 3 else value
            moved = emit.do(arith.ShLIOp(byte, self.scope.word(8 * number))) if number else byte
            total = moved if total is None else emit.do(arith.OrIOp(total, moved))
        assert total is not None
        return self.words_of(total)

    def put(self, slot: Index, quad: Index, words: Words) -> None:
        """Store the word of a quad of a pixel."""
        at = self.emit.sum(quad, self.emit.scale(slot, self.bytes.taps // 4))
        if self.bytes.piece == 4:
            at = self.emit.sum(self.emit.scale(quad, self.pixels), slot)
        self.scope.store(words[0], self.column, at)
