"""The kernel `wide` as loops: those of `lanes`, with rows copied and eight channels computed in vectors."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import memref
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.mcu import Address
from ....dialects.mcu.vectors import CopyBlockOp, WideBlockOp
from ....dialects.mcu.words import AtOp
from ....passes.memplan.tiling.lanes import WIDE_CHANNELS, Lanes
from ..emit import Emitter, Index
from .lanes import LanesNest
from .requantize import WIDE_ORDER, Requantizer, requantized
from .scope import Constant, Operands, Point, Scope, local


def build_wide(
    form: StructuredForm, memory: Operands, emit: Emitter, constant: Constant, held: Mapping[int, SSAValue]
) -> None:
    """Write the kernel. Raises OpError where the form is none for it, or has no scratch memory."""
    lanes = Lanes.of(form)
    if lanes is None or not lanes.is_wide or form.scratch is None or not set(held) <= {lanes.row}:
        raise OpError(form, "the kernel `wide` does not fit this form: let memplan-tile choose the tile")
    scratch = memory[form.scratch]
    assert isinstance(scratch, SSAValue), "only memory of forms' values lies in rows"
    body = requantized(lanes.roles, memory)
    scope = Scope(lanes.roles, memory, emit, constant, with_table=body is None)
    end = None if body is None else Requantizer(body, scope, WIDE_ORDER)
    WideNest(lanes, scope, scratch, end).build(held.get(lanes.row))


class WideNest(LanesNest):
    """The state of the kernel while it is written; without an `end` each sum is finished by itself."""

    def __init__(self, lanes: Lanes, scope: Scope, rows: SSAValue, end: Requantizer | None):
        super().__init__(lanes, scope, rows)
        self.end = end

    def packed(self) -> SSAValue:
        """The memref of the weights."""
        return self.scope.constant(f"{self.scope.node}_packed", self.lanes.packed_wide())

    @property
    def groups(self) -> int:
        """Groups of channels that are computed together."""
        return self.lanes.channels // WIDE_CHANNELS

    def copy_words(self, to: Index, words: int, place: Address) -> None:
        """Copy words into scratch memory from an element of other memory on."""
        target = self.emit.do(AtOp(self.rows, [self.emit.index(to)], words), "to")
        self.emit.block.add_op(CopyBlockOp(place, [], target, [words]))

    def _group(self, row: Index, column: Index, group: Index, pixels: int) -> None:
        """Eight channels at neighbouring pixels."""
        lanes, scope, emit = self.lanes, self.scope, self.emit
        first = emit.scale(group, WIDE_CHANNELS)
        numbers = [emit.add(first, channel) for channel in WIDE_ORDER]
        sums = local(emit, WIDE_CHANNELS * pixels, "sums")
        for place, number in enumerate(numbers):
            start = scope.word(0) if self.end is not None else scope.start({lanes.channel: number})
            for slot in range(pixels):
                scope.store(start, sums, slot * WIDE_CHANNELS + place)
        words = WIDE_CHANNELS // 4
        at = emit.sum(emit.scale(column, lanes.strides[1] * self.pixel_words), emit.scale(group, words))
        window = (*lanes.taps, pixels, lanes.strides[1], lanes.channels, lanes.cells * lanes.channels)
        weights = (self.weights, [emit.index(group), emit.index(0)])
        emit.block.add_op(WideBlockOp(weights, [(self.rows, [emit.index(at)])], sums, window))
        for slot in range(pixels):
            point: Point = {lanes.row: row, lanes.column: emit.add(column, slot)}
            if self.end is not None:
                self.end.store(sums, slot * WIDE_CHANNELS, WIDE_CHANNELS, point, first)
                continue
            for place, number in enumerate(numbers):
                total = emit.do(memref.LoadOp.get(sums, [emit.index(slot * WIDE_CHANNELS + place)]))
                scope.finish(total, {**point, lanes.channel: number})
