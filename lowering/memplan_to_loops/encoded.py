"""Loops over a constant that is stored under a layout (`dialects/fixed/layout.py`), row by row.

    count = data[at++]
    for each entry:  k += move;  acc = accumulate(acc, element k of the other operands, element);  at += entry

`at`, the position in the bytes, is carried from row to row where the loops take the rows in their order. Else it starts
from a formula, or a table, of where rows begin.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, Signedness, i8, i16
from xdsl.ir import Block, Region, SSAValue

from ...dialects.access import Linear
from ...dialects.fixed.layout import EncodedRows, Encoding
from .emit import Emitter, Index

Carried = list[SSAValue]
Accumulate = Callable[[Index, SSAValue, Carried], Carried]
"""One more product: the index along the reduction, the element there, what the reduction carries."""

RowBlock = Callable[[SSAValue, SSAValue, Carried], Carried]
"""All entries of a row: where they begin, how many they are, what the reduction carries."""

UI8 = IntegerType(8, Signedness.UNSIGNED)


@dataclass(frozen=True)
class Encoded:
    """A constant of `element`s, encoded along an axis, as the bytes `data`.

    `table` writes the memref of a list in flash.
    """

    data: SSAValue
    rows: EncodedRows
    encoding: Encoding
    axis: int
    element: IntegerType
    table: Callable[[NDArray[np.int32]], SSAValue]


@dataclass(frozen=True)
class Order:
    """How a nest takes the rows: from `loop` on its parallel loops count `block` rows, one by one.

    `first` is the number of the first of them.
    """

    loop: int
    block: int
    first: Linear


def order_of(row: Linear, sizes: Sequence[int], parallel: int, held: Collection[int]) -> Order:
    """The longest tail of the parallel loops that counts rows in their order; dimensions in `held` have none."""
    loop, block, counted = parallel, 1, [False] * len(sizes)
    for dim in reversed(range(parallel)):
        is_loop = sizes[dim] > 1 and dim not in held
        if not is_loop and not row.coefficients[dim]:
            continue
        if not is_loop or row.coefficients[dim] != block:
            break
        loop, block, counted[dim] = dim, block * sizes[dim], True
    rest = tuple(0 if counted[d] else c for d, c in enumerate(row.coefficients))
    if any(c % block for c in (*rest, row.offset)):
        return Order(parallel, 1, row)
    return Order(loop, block, Linear(rest, row.offset))


@dataclass(frozen=True)
class RowWriter:
    """Writes the loops over rows of `size` elements."""

    emit: Emitter
    storage: Encoded
    size: int
    accumulate: Accumulate
    block: RowBlock | None = None
    """What sums the entries of a row at once, where machine operations do."""

    def start(self, order: Order, value: Callable[[Linear], Index]) -> SSAValue:
        """Where the first row of a block begins; `value` computes an expression in the loops around."""
        starts = self.storage.rows.starts[:: order.block]
        steps = np.unique(np.diff(starts))
        number = Linear(tuple(c // order.block for c in order.first.coefficients), order.first.offset // order.block)
        if not any(number.coefficients):
            return self.emit.index(int(starts[number.offset]))
        if len(steps) <= 1:
            step = int(steps[0]) if len(steps) else 0
            return self.emit.index(self.emit.scale(value(number), step))
        entry = self.emit.do(memref.LoadOp.get(self.storage.table(starts), [self.emit.index(value(number))]))
        return self.emit.do(arith.IndexCastOp(entry, IndexType()))

    def row(self, at: SSAValue, carried: Carried) -> tuple[Carried, SSAValue]:
        """One row from `at` on: what the reduction carries behind it, and where the next row begins."""
        match self.storage.encoding:
            case Encoding.BITMAP:
                return self._flagged(at, carried)
            case Encoding.PACKED4:
                return self._packed(at, carried)
            case Encoding.DELTA8:
                return self._moving(at, carried, self._delta8)
            case Encoding.DELTA4:
                return self._moving(at, carried, self._delta4)
            case Encoding.NIBBLES:
                return self._moving(at, carried, self._nibbles)

    # Rows with moves: a count, then entries; the loop carries the sums, the index k, and the position.

    def _moving(self, at: SSAValue, carried: Carried, entry: Callable[[Carried], Carried]) -> tuple[Carried, SSAValue]:
        count, at = self._count(at)
        if self.block is not None:
            bytes = 3 if self.storage.encoding is Encoding.DELTA4 else 2
            end = self.emit.sum(at, self.emit.scale(count, bytes))
            return self.block(at, count, carried), self.emit.index(end)
        *sums, _, end = self._loop(
            count, [*carried, self.emit.index(0), at], lambda _, values: entry(values), "entry", ("at", "k", "acc")
        )
        return sums, end

    def _count(self, at: SSAValue) -> tuple[SSAValue, SSAValue]:
        low = self._to_index(self._byte(at, 0), UI8)
        if self.storage.rows.count_bytes == 1:
            return low, self._after(at, 1)
        high = self._to_index(self._byte(at, 1), i8)
        count = self.emit.sum(self.emit.scale(high, 256), low)
        return self.emit.index(count), self._after(at, 2)

    def _delta8(self, values: Carried) -> Carried:
        *sums, k, at = values
        k = self._moved(k, self._byte(at, 0))
        sums = self.accumulate(k, self._element(at, 1), sums)
        return [*sums, k, self._after(at, 1 + self.bytes)]

    def _delta4(self, values: Carried) -> Carried:
        *sums, k, at = values
        moves = self._byte(at, 0)
        k = self._moved(k, self._low(moves))
        sums = self.accumulate(k, self._element(at, 1), sums)
        k = self._moved(k, self._shifted(moves, arith.ShRUIOp))
        sums = self.accumulate(k, self._element(at, 1 + self.bytes), sums)
        return [*sums, k, self._after(at, 1 + 2 * self.bytes)]

    def _nibbles(self, values: Carried) -> Carried:
        *sums, k, at = values
        byte = self._byte(at, 0)
        k = self._moved(k, self._low(byte))
        sums = self.accumulate(k, self._high_element(byte), sums)
        return [*sums, k, self._after(at, 1)]

    # Rows of all elements.

    def _flagged(self, at: SSAValue, carried: Carried) -> tuple[Carried, SSAValue]:
        def group(number: SSAValue, values: Carried) -> Carried:
            """The elements of 8 positions whose flags are one byte."""
            *sums, at = values
            flags = self._byte(at, 0)
            base = self.emit.scale(number, 8)

            def flag(bit: SSAValue, values: Carried) -> Carried:
                *sums, at, flags = values
                k = self.emit.index(self.emit.sum(base, bit))
                first = self.emit.do(arith.AndIOp(flags, self.emit.constant(1, i8)))
                is_set = self.emit.do(arith.CmpiOp(first, self.emit.constant(0, i8), "ne"))
                *sums, at = self._where(is_set, [*sums, at], lambda values: self._flagged_element(k, values))
                return [*sums, at, self.emit.do(arith.ShRUIOp(flags, self.emit.constant(1, i8)))]

            *sums, at, _ = self._loop(8, [*sums, self._after(at, 1), flags], flag, "bit", ("flags", "at", "acc"))
            return [*sums, at]

        *sums, end = self._loop(-(-self.size // 8), [*carried, at], group, "group", ("at", "acc"))
        return sums, end

    def _flagged_element(self, k: Index, values: Carried) -> Carried:
        *sums, at = values
        return [*self.accumulate(k, self._element(at, 0), sums), self._after(at, self.bytes)]

    def _packed(self, at: SSAValue, carried: Carried) -> tuple[Carried, SSAValue]:
        def pair(number: SSAValue, values: Carried) -> Carried:
            *sums, at = values
            byte, k = self._byte(at, 0), self.emit.scale(number, 2)
            sums = self.accumulate(k, self._low_element(byte), sums)
            sums = self.accumulate(self.emit.add(k, 1), self._high_element(byte), sums)
            return [*sums, self._after(at, 1)]

        *sums, end = self._loop(self.size // 2, [*carried, at], pair, "pair", ("at", "acc"))
        if self.size % 2:
            sums = self.accumulate(self.size - 1, self._low_element(self._byte(end, 0)), sums)
            end = self._after(end, 1)
        return sums, end

    # Loops, conditionals, bytes.

    def _loop(
        self,
        count: Index,
        carried: Carried,
        body: Callable[[SSAValue, Carried], Carried],
        name: str,
        hints: Sequence[str],
    ) -> Carried:
        """Write a loop; `hints` name the last of what it carries, backwards."""
        block = Block(arg_types=[IndexType(), *(value.type for value in carried)])
        block.args[0].name_hint = name
        for argument, hint in zip(reversed(block.args[1:]), hints, strict=False):
            argument.name_hint = hint
        emit = self.emit
        loop = scf.ForOp(emit.index(0), emit.index(count), emit.index(1), carried, block)
        emit.block.add_op(loop)
        with emit.inside(block):
            block.add_op(scf.YieldOp(*body(block.args[0], list(block.args[1:]))))
        return list(loop.results)

    def _where(self, condition: SSAValue, carried: Carried, body: Callable[[Carried], Carried]) -> Carried:
        inside = Block()
        with self.emit.inside(inside):
            inside.add_op(scf.YieldOp(*body(carried)))
        keep = Region(Block([scf.YieldOp(*carried)]))
        choice = scf.IfOp(condition, [value.type for value in carried], Region(inside), keep)
        self.emit.block.add_op(choice)
        return list(choice.results)

    @cached_property
    def bytes(self) -> int:
        """The size of an element in bytes."""
        return self.storage.element.width.data // 8

    def _after(self, at: SSAValue, bytes: int) -> SSAValue:
        return self.emit.index(self.emit.add(at, bytes))

    def _byte(self, at: SSAValue, offset: int) -> SSAValue:
        return self.emit.do(memref.LoadOp.get(self.storage.data, [self._after(at, offset)]))

    def _element(self, at: SSAValue, offset: int) -> SSAValue:
        """The element that begins at a byte."""
        first = self._byte(at, offset)
        if self.bytes == 1:
            return first
        low = self.emit.convert(first, UI8, i16)
        high = self.emit.convert(self._byte(at, offset + 1), i8, i16)
        return self.emit.do(arith.OrIOp(low, self.emit.do(arith.ShLIOp(high, self.emit.constant(8, i16)))))

    def _moved(self, k: SSAValue, move: SSAValue) -> SSAValue:
        """`k + move`, the move being a byte without sign."""
        return self.emit.index(self.emit.sum(k, self._to_index(move, UI8)))

    def _to_index(self, byte: SSAValue, type: IntegerType) -> SSAValue:
        wide = self.emit.convert(byte, type, i16)
        return self.emit.do(arith.IndexCastOp(wide, IndexType()))

    def _low(self, byte: SSAValue) -> SSAValue:
        return self.emit.do(arith.AndIOp(byte, self.emit.constant(15, i8)))

    def _shifted(self, byte: SSAValue, op: type[arith.ShRUIOp] | type[arith.ShRSIOp] | type[arith.ShLIOp]) -> SSAValue:
        return self.emit.do(op(byte, self.emit.constant(4, i8)))

    def _low_element(self, byte: SSAValue) -> SSAValue:
        return self._widened(self._low_sign(byte))

    def _low_sign(self, byte: SSAValue) -> SSAValue:
        return self._shifted(self._shifted(byte, arith.ShLIOp), arith.ShRSIOp)

    def _high_element(self, byte: SSAValue) -> SSAValue:
        return self._widened(self._shifted(byte, arith.ShRSIOp))

    def _widened(self, value: SSAValue) -> SSAValue:
        return self.emit.convert(value, i8, self.storage.element)
