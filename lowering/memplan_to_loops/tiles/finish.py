"""Sums of four channels as results of 8 bits in one block: what `columns` ends with, where bodies only requantize."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import SSAValue

from ....dialects.access import linear_map
from ....dialects.fixed.structured import shaped_type
from ....dialects.mcu import Address
from ....dialects.mcu.columns import FURTHEST, FinishBlockOp
from ....dialects.mcu.groups import GroupsBlockOp
from ....dialects.mcu.windows import PlanesBlockOp
from ....passes.memplan.tiling.requantized import Requantized
from ..emit import Index
from ..rows import Rows
from .scope import Point, Scope

CHANNELS = 4

BYTE = (-128, 127)
"""What saturation leaves: other bounds are the body's own."""


@dataclass(frozen=True)
class Finisher:
    """Writes the ends of sums that began with all that is added to them."""

    scope: Scope
    body: Requantized
    number: int
    """Where multipliers stand in the table of channels."""

    @staticmethod
    def of(scope: Scope, body: Requantized | None) -> Finisher | None:
        """The end of a form; None where the body does more."""
        if body is None or scope.channels is None or body.multiplier not in scope.packed or body.bias != scope.bias:
            return None
        if not body.shift or (body.low, body.high) != BYTE:
            return None
        return Finisher(scope, body, 1 + scope.packed.index(body.multiplier))

    def store(self, sums: SSAValue, first: Index, points: Sequence[Point], along: int | None) -> bool:
        """Store the results of four channels of all pixels, neighbours along a dimension, where there is one.

        False where they are too far apart, or lie backwards: nothing is written then.
        """
        found = self._results(first, 1, points, along)
        if found is None:
            return False
        out, (apart, channel), counts = found
        window = (len(points), apart, channel, self.scope.channel_words, self.body.shift, self.body.addend)
        table = self.scope.of_channel(first, self.number)
        self.scope.emit.block.add_op(FinishBlockOp(table, [(sums, [self.scope.emit.index(0)])], out, window, counts))
        return True

    def groups(
        self, weights: Address, column: Address, size: tuple[int, int], points: Sequence[Point], along: int | None
    ) -> bool:
        """Compute so many groups, of so many quads, at two pixels. False where `store` would not do."""
        groups, quads = size
        found = self._results(0, groups, points, along) if len(points) == 2 else None
        if found is None:
            return False
        out, (apart, channel), counts = found
        row = self.scope.channel_words
        window = (groups, quads, apart, channel, row, self.number, self.body.shift, self.body.addend)
        data = [column, self.scope.of_channel(0, 0)]
        self.scope.emit.block.add_op(GroupsBlockOp(weights, data, out, window, counts))
        return True

    def row(self, weights: Address, rows: Address, window: Sequence[int], point: Point, column: int) -> bool:
        """Compute a row of the output from a point on, the window of a block of planes from channels to planes given.

        False where its columns are too far apart, lie backwards, or in rows of their own: nothing is written then.
        """
        scope, emit, steps = self.scope, self.scope.emit, self.steps()
        apart, step, outputs = steps[column], steps[scope.channel], window[1] * window[2]
        if apart < 1 or step < 1 or outputs * apart > FURTHEST - step or not self.in_one_row([column, scope.channel]):
            return False
        place, indices = scope.place(scope.form.target, scope.form.out_map, point)
        out = scope.at(place, indices, (window[0] - 1) * step + (outputs - 1) * apart + 1)
        end = (apart, step, scope.channel_words, self.number, self.body.shift, self.body.addend)
        emit.block.add_op(PlanesBlockOp(weights, [rows, scope.of_channel(0, 0)], out, (*window, *end)))
        return True

    def _results(
        self, first: Index, groups: int, points: Sequence[Point], along: int | None
    ) -> tuple[SSAValue, tuple[int, int], list[SSAValue]] | None:
        """Where the results of some groups lie from a channel on, how far apart pixels and channels are, and what is
        known of that at run time only; None where they are too far apart, lie backwards, or in rows of their own.
        """
        scope, emit, steps = self.scope, self.scope.emit, self.steps()
        channel, apart = steps[scope.channel], 0
        if not self.in_one_row([scope.channel, *self.moving(points)]):
            return None
        if len(points) == 2 and along is not None:
            apart = steps[along]
        reach = (CHANNELS * groups - 1) * channel + apart
        far = (CHANNELS - 1) * channel + apart >= FURTHEST - CHANNELS * channel
        if channel < 1 or apart < 0 or far or (along is not None and len(points) == 2 and not apart):
            return None
        corner: Point = {**points[0], scope.channel: first}
        place, indices = scope.place(scope.form.target, scope.form.out_map, corner)
        counts = [emit.index(self.distance(points))] if len(points) == 2 and not apart else []
        return scope.at(place, indices, reach + 1), (apart, channel), counts

    def steps(self) -> list[int]:
        """How far the output of the next point lies, along each dimension."""
        form, sizes = self.scope.form, shaped_type(self.scope.form.target).get_shape()
        steps = [0] * len(form.sizes)
        for axis, index in enumerate(linear_map(form.out_map)):
            for dim, coefficient in enumerate(index.coefficients):
                steps[dim] += coefficient * prod(sizes[axis + 1 :])
        return steps

    def in_one_row(self, dims: Sequence[int]) -> bool:
        """Whether outputs that differ in these dimensions lie in one row, where rows lie apart."""
        storage = self.scope.memref(self.scope.form.target)
        if not isinstance(storage, Rows):
            return True
        row = linear_map(self.scope.form.out_map)[storage.dim]
        return not any(row.coefficients[dim] for dim in dims)

    def moving(self, points: Sequence[Point]) -> list[int]:
        """The dimensions in which points differ; those of the first are those of all."""
        return [dim for dim, at in points[0].items() if any(point[dim] != at for point in points[1:])]

    def distance(self, points: Sequence[Point]) -> Index:
        """How far the output of the second pixel lies behind that of the first."""
        total: Index = 0
        moving, steps = self.moving(points), self.steps()
        for dim in moving:
            for point, sign in zip(points, (-1, 1), strict=True):
                if (step := steps[dim]) and dim != self.scope.channel:
                    total = self.scope.emit.sum(total, self.scope.emit.scale(point[dim], sign * step))
        return total
