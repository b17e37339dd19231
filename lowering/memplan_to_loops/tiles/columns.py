"""The kernel `columns` as loops:

    for each block of pixels:
      for each pixel of it: gather its column into scratch memory
      for each group of four channels: sums = bias; dot_block(weights, columns, sums); store body(sums)

Weights that are held are copied behind the columns first, once. A last block that has fewer pixels computes the last
pixel again, into the same place; of few pixels, as in the rows of a stream, it computes one by itself.

Pixels that lie one after the other, as those of pointwise layers do, are one dimension where they shall be flat, as
flash is short, and every address is a number: functions of such layers differ in numbers alone, which can be passed
(passes/loops/share_sizes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from xdsl.dialects import memref
from xdsl.ir import SSAValue

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm, shaped_type
from ....dialects.fixed.tile import WIDE
from ....dialects.machine import halves, pack_halves, unpack_bytes
from ....dialects.mcu import Address
from ....dialects.mcu.columns import DotBlockOp, GatherBlockOp
from ....dialects.mcu.vectors import CopyBlockOp
from ....dialects.mcu.words import AtOp
from ....passes.memplan.tiling.columns import CHANNELS, Columns, cuts_last
from ....passes.memplan.tiling.requantized import Requantized
from ..emit import Emitter, Index
from ..labels import dimension_names
from ..rows import Rows
from .finish import Finisher
from .scope import Constant, Operands, Point, Scope, flat_index, local

MOST_WRITTEN_OUT = 16
"""Words of a column that are copied without a loop over runs, at most."""

GATHERED_OFTEN = 3
"""Groups of channels up to which gathering is much of the work, and is written out for each pixel."""

Words = tuple[SSAValue, ...]
"""The words of four taps in a column."""


def build_columns(
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
    columns = Columns.of(form)
    if columns is None or form.scratch is None or form.tile is None or not set(held) <= set(columns.roles.pixels):
        raise OpError(form, "the kernel `columns` does not fit this form: let memplan-tile choose the tile")
    scope = Scope(columns.roles, memory, emit, constant, lifts=form.tile.bits.data == WIDE)
    ColumnsNest(columns, scope, held, flat).build()


class ColumnsNest:
    """The state of the kernel while it is written."""

    has_halves = True
    """Whether columns hold halves, as `unpack_bytes` makes them."""

    def __init__(self, columns: Columns, scope: Scope, held: Mapping[int, SSAValue], flat: bool = False):
        self.columns, self.scope, self.emit = columns, scope, scope.emit
        form = scope.form
        assert form.tile is not None and form.scratch is not None
        self.pixels = form.tile.pixels.data
        scratch = scope.memory[form.scratch]
        assert isinstance(scratch, SSAValue), "only memory of forms' values lies in rows"
        self.column = scratch
        self.held: dict[int, Index] = dict(held)
        self.dims = [dim for dim in columns.roles.pixels if dim not in self.held]
        self.names = dimension_names(form)
        self.channels, self.most_written_out = CHANNELS, MOST_WRITTEN_OUT
        is_short = form.tile.bits.data < WIDE
        self.flat = flat and is_short and self._lies_in_a_row()
        """Whether pixels are numbered along one dimension."""
        self.short = is_short and (self.flat or columns.groups > GATHERED_OFTEN)
        """Weights are bytes where flash is short: so is the code, in which a column is gathered once for all pixels."""
        self.weights = self.packed()
        if self.flat:
            self.scope.flatten()
            self.weights = self.scope.flat_view(self.weights)
        self.held_at = columns.scratch_words(self.pixels) if form.tile.holds_weights else None
        """Where weights lie in scratch memory, if they do."""
        self.finisher = self.finishing()

    def _lies_in_a_row(self) -> bool:
        """Whether the pixels of a form without windows follow each other in the data and in the output."""
        form, roles, dims = self.scope.form, self.columns.roles, self.dims
        if not dims or self.columns.runs > 1 or self.columns.left or self.scope.guards((*dims, *roles.taps)):
            return False
        if any(isinstance(self.scope.memref(operand), Rows) for operand in (form.ins[0], form.target)):
            return False
        for operand, access in ((form.ins[0], form.in_maps[0]), (form.target, form.out_map)):
            steps = flat_index(access, shaped_type(operand).get_shape()).coefficients
            if any(steps[dim] != steps[next] * form.sizes[next] for dim, next in pairwise(dims)):
                return False
        return True

    def finishing(self) -> Finisher | None:
        """How four sums end at once. Where flash is short layers share functions, in which shifts are no constants."""
        tile = self.scope.form.tile
        assert tile is not None, "checked by the caller"
        if tile.bits.data < WIDE:
            return None
        return Finisher.of(self.scope, Requantized.of(self.columns.roles, self.scope.lift))

    def packed(self) -> SSAValue:
        """The memref of the weights."""
        assert self.scope.form.tile is not None, "checked by the caller"
        bits = self.scope.form.tile.bits.data
        return self.scope.constant(f"{self.scope.node}_packed", self.columns.packed(bits, self.scope.amounts))

    def add_block(self, at: Sequence[SSAValue], sums: SSAValue) -> None:
        """The block of machine operations."""
        window = (self.columns.quads, self.pixels)
        self.emit.block.add_op(DotBlockOp(self.weights_at(at), [self.gathered], sums, window))

    def weights_at(self, at: Sequence[SSAValue]) -> Address:
        """Where the weights of a group lie from an element on."""
        group, element = at
        if self.flat:
            return self.weights, [self.emit.index(self.emit.scale(group, self.columns.quads * 4 * CHANNELS))]
        if self.held_at is None:
            return self.weights, [group, element]
        first = self.emit.scale(group, self.columns.held_words // self.columns.groups)
        return self.column, [self.emit.index(self.emit.sum(first, self.held_at))]

    def hold(self) -> None:
        """Copy the weights, and the table of channels, into scratch memory, where they are held there."""
        if self.held_at is not None:
            words, zero = self.columns.held_words, self.emit.index(0)
            target = self.emit.do(AtOp(self.column, [self.emit.index(self.held_at)], words), "held")
            self.emit.block.add_op(CopyBlockOp((self.weights, [zero, zero]), [], target, [words]))
            self.scope.hold_channels(self.column, self.held_at + words)

    @property
    def gathered(self) -> Address:
        """Where the columns begin."""
        return self.column, [self.emit.index(0)]

    def zeros(self) -> Words:
        """Four taps of padding."""
        zero = self.scope.word(halves(self.scope.zero, self.scope.zero))
        return zero, zero

    def build(self) -> None:
        """Write the blocks; where a row of pixels consists of whole ones, row by row."""
        self.hold()
        if self.flat:
            self._flat()
            return
        if self.pixels == 2 and self.dims and self.scope.form.sizes[self.dims[-1]] % 2 == 0:
            self._rows()
            return
        total, tile = self.columns.roles.size(tuple(self.dims)), self.scope.form.tile
        assert tile is not None, "checked by the caller"
        whole, left = divmod(total, self.pixels)
        cut = cuts_last(total, self.pixels, tile.bits.data)
        self.scope.loop(whole + (left > 0) - cut, "block", lambda block: self._block(block, total))
        if cut:
            self.pixels = 1
            self._block(total - 1, total)

    def _flat(self) -> None:
        """Blocks of the pixels as one dimension; a second one behind the last is the last."""
        total, last = self.columns.roles.size(tuple(self.dims)), self.dims[-1]

        def block(first: Index) -> None:
            def point(slot: Index) -> dict[int, Index]:
                pixel = self.emit.sum(first, slot)
                return {**self.held, last: pixel if slot == 0 else self.emit.minimum(pixel, total - 1)}

            self._points(point, None)

        self.scope.loop_to(total, "pixel", block, self.pixels)

    def _rows(self) -> None:
        """Blocks of two neighbours."""
        *outer, last = self.dims
        scope, emit = self.scope, self.emit

        def row(at: dict[int, Index]) -> None:
            def pair(block: Index) -> None:
                first = emit.scale(block, 2)
                self._points(lambda slot: {**self.held, **at, last: emit.sum(first, slot)}, last)

            scope.loop(scope.form.sizes[last] // 2, "block", pair)

        scope.loops(outer, self.names, row)

    def _block(self, block: Index, total: int) -> None:
        def point(slot: Index) -> dict[int, Index]:
            pixel = self.emit.sum(self.emit.scale(block, self.pixels), slot)
            if not isinstance(slot, int) or slot >= (total - 1) % self.pixels + 1:
                pixel = self.emit.minimum(pixel, total - 1) if total % self.pixels else pixel
            return {**self.held, **self.scope.split(pixel, self.dims)}

        self._points(point, None)

    def _points(self, point: Callable[[Index], Point], along: int | None) -> None:
        """A block of pixels, by their numbers; they are neighbours along a dimension, where there is one."""
        points = [point(slot) for slot in range(self.pixels)]
        if self.short:
            self.scope.loop(self.pixels, "slot", lambda slot: self._gather(slot, point(slot)))
        else:
            for slot in range(self.pixels):
                self._gather(slot, points[slot])
        whole, left = divmod(self.columns.channels, self.channels)
        if whole and not self._groups(whole, points, along):
            self.scope.loop(whole, "group", lambda group: self._group(group, self.channels, points, along))
        if left:
            self._group(whole, left, points, along)

    def _groups(self, groups: int, points: Sequence[Point], along: int | None) -> bool:
        """All groups as one block, where bodies and results allow it."""
        if self.finisher is None:
            return False
        zero, size = self.emit.index(0), (groups, self.columns.quads)
        return self.finisher.groups(self.weights_at([zero, zero]), self.gathered, size, points, along)

    def _group(self, group: Index, channels: int, points: Sequence[Point], along: int | None) -> None:
        """The sums of a group of channels at all pixels of a block."""
        (dim,) = self.columns.roles.channels
        first = self.emit.scale(group, self.channels)
        numbers = [self.emit.add(first, channel) for channel in range(channels)]
        sums = local(self.emit, self.channels * self.pixels, "sums")
        for channel in range(self.channels):
            start = self.scope.word(0)
            if channel < channels:
                start = self.start({dim: numbers[channel]})
            for slot in range(self.pixels):
                self.scope.store(start, sums, slot * self.channels + channel)
        at = [self.emit.index(group), self.emit.index(0)]
        self.add_block(at, sums)
        self.finish(sums, channels, first, points, along)

    def start(self, point: Point) -> SSAValue:
        """What a sum begins with."""
        return self.scope.start(point)

    def total(self, sum: SSAValue) -> SSAValue:
        """The sum of the form, of what a block has added up."""
        return sum

    def finish(self, sums: SSAValue, channels: int, first: Index, points: Sequence[Point], along: int | None) -> None:
        """Apply the body to the sums of some channels of all pixels, and store the results."""
        (dim,) = self.columns.roles.channels
        if self.finisher is not None and channels == CHANNELS and self.finisher.store(sums, first, points, along):
            return
        numbers = [self.emit.add(first, channel) for channel in range(channels)]
        corner: Point = {**points[0], dim: first}
        near = None if along is None else self.scope.output_at(corner, {along: 2, dim: channels})
        for channel, number in enumerate(numbers):
            for slot, point in enumerate(points):
                place = self.emit.index(slot * self.channels + channel)
                total = self.total(self.emit.do(memref.LoadOp.get(sums, [place])))
                where = None if near is None else (near[0], slot * near[1][along or 0] + channel * near[1][dim])
                self.scope.finish(total, {**point, dim: number}, where)

    def _gather(self, slot: Index, pixel: Point) -> None:
        """Fill the column of a pixel: the words of all runs, then what is left over."""
        taps = self.columns.roles.taps
        last = {dim: self.scope.form.sizes[dim] - 1 for dim in taps}
        ends = [{**pixel, **dict.fromkeys(taps, 0)}, {**pixel, **last}]
        self.scope.choose(
            self.scope.inside_between(self.scope.guards(taps), ends, taps),
            lambda: self._column(slot, pixel, known=True),
            lambda: self._column(slot, pixel, known=False),
        )

    def _column(self, slot: Index, pixel: Point, known: bool) -> None:
        """The column of a pixel, of which nothing is padding where that is `known`."""
        columns, scope = self.columns, self.scope
        if known and self._runs_at_once(slot, pixel):
            self._rest(slot, pixel, known)
            return
        if known and 0 < columns.runs * columns.words <= self.most_written_out:
            for number in np.ndindex(*(scope.form.sizes[dim] for dim in columns.outer)):
                self._run(slot, {**pixel, **dict(zip(columns.outer, number, strict=True))}, known)
        elif columns.words:
            scope.loops(columns.outer, self.names, lambda outer: self._run(slot, {**pixel, **outer}, known))
        self._rest(slot, pixel, known)

    def _run(self, slot: Index, point: Point, known: bool) -> None:
        """The words of one run."""
        columns, scope = self.columns, self.scope
        first: Index = 0
        for dim in columns.outer:
            first = self.emit.sum(self.emit.scale(first, scope.form.sizes[dim]), point[dim])
        first = self.emit.scale(first, columns.words)
        if known:
            self.run_words(slot, first, point)
            return
        outer = scope.inside(scope.guards(columns.outer), point)
        zeros = self.zeros()
        scope.choose(
            outer,
            lambda: self._inner(slot, first, point),
            lambda: self._words(slot, first, lambda _: zeros),
        )

    def _runs_at_once(self, slot: Index, pixel: Point) -> bool:
        """All runs of a pixel as one block, where they are as far apart; nothing is padding."""
        columns, dims = self.columns, [dim for dim in self.columns.outer if self.scope.form.sizes[dim] > 1]
        if not columns.words or len(dims) > 1:
            return False
        apart = columns.roles.step(dims[0]) if dims else 0
        return apart >= 0 and self.gather_runs(slot, 0, pixel, (columns.runs, apart))

    def gather_runs(self, slot: Index, first: Index, point: Point, runs: tuple[int, int]) -> bool:
        """So many runs, so many bytes apart, as one block from a quad of the column on. False where none does it."""
        scope, emit, columns = self.scope, self.emit, self.columns
        apart = isinstance(scope.memref(scope.form.ins[0]), Rows)
        if not self.has_halves or self.flat or (apart and (runs[0] > 1 or columns.words == 1)):
            return False
        place, indices = scope.place(scope.form.ins[0], scope.form.in_maps[0], {**point, columns.run[-1]: 0})
        number = emit.index(emit.sum(emit.scale(first, 2 * self.pixels), slot))
        words = 2 * self.pixels * runs[0] * columns.words - self.pixels + 1
        window = (*runs, columns.words, self.pixels)
        emit.block.add_op(GatherBlockOp((place, indices), [], scope.at(self.column, [number], words), window))
        return True

    def run_words(self, slot: Index, first: Index, point: Point) -> None:
        """The words of a run that is inside."""
        if self.gather_runs(slot, first, point, (1, 0)):
            return
        self._words(slot, first, lambda word: self.words_of(self._tap(point, word)))

    def _inner(self, slot: Index, first: Index, point: Point) -> None:
        """The words of a run whose outer indices are inside: at once where the run is, else each tap is asked."""
        columns, scope = self.columns, self.scope
        if columns.whole:
            self.run_words(slot, first, point)
            return
        padded = columns.run[0]
        ends = [{**point, padded: 0}, {**point, padded: scope.form.sizes[padded] - 1}]
        scope.choose(
            scope.inside_between(scope.guards([padded]), ends, [padded]),
            lambda: self.run_words(slot, first, point),
            lambda: self._asked(slot, first, point),
        )

    def _asked(self, slot: Index, first: Index, point: Point) -> None:
        """The words of a run that is padded in part, tap by tap."""
        for word in range(self.columns.words):
            values = [self._element(point, tap, True) for tap in range(4 * word, 4 * word + 4)]
            self.put(slot, self.emit.add(first, word), self.words_from(values))

    def _rest(self, slot: Index, pixel: Point, known: bool) -> None:
        """The quads of the taps that fill no word, each asked for unless all are known to be there."""
        columns, scope = self.columns, self.scope
        if not columns.left:
            return
        taps: list[tuple[Point, int]] = []
        for number in np.ndindex(*(scope.form.sizes[dim] for dim in columns.outer)):
            outer = dict(zip(columns.outer, number, strict=True))
            taps += [({**pixel, **outer}, tap) for tap in range(columns.words * 4, columns.length)]
        base = columns.runs * columns.words
        for start in range(0, len(taps), 4):
            four = taps[start : start + 4]
            values = [self._loaded(point, tap) if known else self._element(point, tap, False) for point, tap in four]
            values += [scope.word(0)] * (4 - len(values))
            self.put(slot, base + start // 4, self.words_from(values))

    def _words(self, slot: Index, first: Index, word: Callable[[Index], Words]) -> None:
        """The words of a run one after the other."""
        unroll = next(n for n in ((2, 1) if self.flat else (4, 3, 2, 1)) if self.columns.words % n == 0)

        def body(number: Index) -> None:
            for offset in range(unroll):
                at = self.emit.add(number, offset)
                self.put(slot, self.emit.sum(first, at), word(at))

        (self.scope.loop_to if self.flat else self.scope.loop)(self.columns.words, "word", body, unroll)

    def _tap(self, point: Point, word: Index) -> SSAValue:
        """Four bytes of a run."""
        return self.scope.load_word({**point, self.columns.run[-1]: self.emit.scale(word, 4)})

    def words_of(self, word: SSAValue) -> Words:
        """Four bytes as two words of halves."""
        first, second = (self.scope.machine(unpack_bytes, word, immediates=[start]) for start in (0, 1))
        return first, second

    def _loaded(self, point: Point, tap: int) -> SSAValue:
        """A tap that is there."""
        return self.scope.load_input({**point, **self.scope.split(tap, self.columns.run)})

    def _element(self, point: Point, tap: int, outer_known: bool) -> SSAValue:
        """A tap; the zero point where it is padding."""
        columns, scope = self.columns, self.scope
        at = {**point, **scope.split(tap, columns.run)}
        dims = columns.run[:1] if outer_known else (*columns.outer, columns.run[0])
        condition = scope.inside(scope.guards(dims), at)
        return scope.value_or(scope.zero, condition, lambda: scope.load_input(at))

    def words_from(self, values: Sequence[SSAValue]) -> Words:
        """Four taps as the words of (0, 2) and of (1, 3)."""
        first = self.scope.machine(pack_halves, values[0], values[2])
        return first, self.scope.machine(pack_halves, values[1], values[3])

    def put(self, slot: Index, quad: Index, words: Words) -> None:
        """Store the two words of a quad of a pixel."""
        base = self.emit.sum(self.emit.scale(quad, 2 * self.pixels), slot)
        for half, word in enumerate(words):
            self.scope.store(word, self.column, self.emit.add(base, half * self.pixels))
