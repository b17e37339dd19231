"""The kernel `pairs` as loops: those of `columns`, with other words in columns and sums that are shifted at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.machine import halves, pack_halves, signed, unpack_bytes
from ....dialects.mcu.columns import PairBlockOp
from ....passes.memplan.tiling.pairs import INVERTED, SHIFT, Pairs
from ..emit import Emitter
from .columns import ColumnsNest, Words
from .scope import Constant, Operands, Scope

LOW_BYTES = 0x00FF00FF


def build_pairs(
    form: StructuredForm,
    memory: Operands,
    emit: Emitter,
    constant: Constant,
    held: Mapping[int, SSAValue],
    flat: bool = False,
) -> None:
    """Write the kernel, with pixels along one dimension where they can and shall be `flat`.

    Raises OpError where the form is none for it, or has no scratch memory of the right size.
    """
    pairs = Pairs.of(form)
    if pairs is None or form.scratch is None or not set(held) <= set(pairs.columns.roles.pixels):
        raise OpError(form, "the kernel `pairs` does not fit this form: let memplan-tile choose the tile")
    PairsNest(pairs, Scope(pairs.columns.roles, memory, emit, constant, starts=pairs.starts), held, flat).build()


class PairsNest(ColumnsNest):
    """The state of the kernel while it is written."""

    has_halves = False

    def __init__(self, pairs: Pairs, scope: Scope, held: Mapping[int, SSAValue], flat: bool):
        self.pairs = pairs
        super().__init__(pairs.columns, scope, held, flat)

    def packed(self) -> SSAValue:
        """The memref of the weights."""
        return self.scope.constant(f"{self.scope.node}_packed", self.pairs.packed())

    def add_block(self, at: Sequence[SSAValue], sums: SSAValue) -> None:
        """The block of machine operations."""
        window = (self.columns.quads, self.pixels)
        self.emit.block.add_op(PairBlockOp(self.weights_at(at), [self.gathered], sums, window))

    def total(self, sum: SSAValue) -> SSAValue:
        """The sum of the form."""
        return self.emit.do(arith.ShRSIOp(sum, self.scope.word(SHIFT)))

    def zeros(self) -> Words:
        """Four taps of padding."""
        zero = self.scope.zero
        pair = signed((256 * zero + INVERTED - zero & 0xFFFF) * 0x10001, 32)
        return self.scope.word(pair), self.scope.word(halves(zero, zero))

    def words_of(self, word: SSAValue) -> Words:
        """Four bytes as pairs, and the first of each pair."""
        pairs = self.emit.do(arith.XOrIOp(word, self.scope.word(INVERTED * 0x10001)))
        return pairs, self.scope.machine(unpack_bytes, word, immediates=[0])

    def words_from(self, values: Sequence[SSAValue]) -> Words:
        """Four taps, a word each."""
        emit, scope = self.emit, self.scope
        first = scope.machine(pack_halves, values[0], values[2])
        second = scope.machine(pack_halves, values[1], values[3])
        mask = scope.word(LOW_BYTES)
        high = emit.do(arith.ShLIOp(emit.do(arith.AndIOp(second, mask)), scope.word(SHIFT)))
        bytes = emit.do(arith.OrIOp(high, emit.do(arith.AndIOp(first, mask))))
        return emit.do(arith.XOrIOp(bytes, scope.word(INVERTED * 0x10001))), first
