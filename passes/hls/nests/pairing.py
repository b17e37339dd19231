"""Two products with a common factor in one multiplier.

`(b * 2^s + a) * c = b * c * 2^s + a * c` is exact where the multiplier takes the sum and `a * c` has at most `s` bits
with its sign: the low `s` bits are `a * c`, and the rest is `b * c`, less one where `a * c` is negative (Xilinx WP486).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IntegerType, MemRefType, i1
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.hls import ArrayPartitionOp, BindOpOp, UnrollOp
from ...loops.indices.advance import constant_of, trips_of
from ...loops.indices.affine import loops_around
from .lanes import is_unrolled
from .values import Range, Values, signed_bits
from .writer import Writer


@dataclass(frozen=True)
class Pairs:
    """A product of each lane of a loop: one factor is the lane's own, the other one is common to all."""

    product: arith.MuliOp
    loop: scf.ForOp
    own: SSAValue
    common: SSAValue
    inside: tuple[scf.ForOp | scf.IfOp, ...]
    """What stands between the loop and the product, outermost first."""


@dataclass(frozen=True)
class Widths:
    """The distance of two products in one, bits of two factors packed, and of the common one."""

    shift: int
    packed: int
    common: int


def pair_products(function: func.FuncOp, product: arith.MuliOp, values: Values, multiplier: int, wide: int) -> None:
    """Compute the products of two lanes at once, before the loop of lanes, where that is exact."""
    pairs = pairs_of(product)
    if pairs is None:
        return
    widths = widths_of(values.of(pairs.own), values.of(pairs.common), multiplier, wide)
    if widths is not None:
        Pairing(function, pairs, widths).run()


def pairs_of(product: arith.MuliOp) -> Pairs | None:
    """The lanes that share a factor; None where none do, or what is around them is not plain."""
    for loop in [loop for loop in loops_around(product) if is_unrolled(loop)]:
        if (trips_of(loop) or 1) % 2 or constant_of(loop.lb) != 0 or constant_of(loop.step) != 1:
            continue
        moved = [depends(value, loop.body.block.args[0]) for value in product.operands]
        inside = between(loop, product)
        if sum(moved) != 1 or inside is None or any(value in carried(loop, inside) for value in product.operands):
            continue
        conditions = [op.cond for op in inside if isinstance(op, scf.IfOp)]
        if not any(depends(value, loop.body.block.args[0]) for value in conditions):
            own = moved.index(True)
            return Pairs(product, loop, product.operands[own], product.operands[1 - own], inside)
    return None


def between(loop: scf.ForOp, op: Operation) -> tuple[scf.ForOp | scf.IfOp, ...] | None:
    """The loops and conditions around an op in a loop; None where they are not unrolled, or not `then`."""
    found: list[scf.ForOp | scf.IfOp] = []
    at = op
    while (parent := at.parent_op()) is not loop:
        if isinstance(parent, scf.ForOp) and is_unrolled(parent) and constant_of(parent.lb) == 0:
            found.insert(0, parent)
        elif isinstance(parent, scf.IfOp) and at.parent is parent.true_region.block:
            found.insert(0, parent)
        else:
            return None
        at = parent
    return tuple(found)


def carried(loop: scf.ForOp, inside: Sequence[Operation]) -> list[SSAValue]:
    """What the loops hand from one iteration to the next."""
    return [a for op in (loop, *inside) if isinstance(op, scf.ForOp) for a in op.body.block.args[1:]]


def depends(value: SSAValue, on: SSAValue) -> bool:
    """Whether a value is computed from another one, also from a place in memory."""
    if value is on:
        return True
    owner = value.owner
    return isinstance(owner, Operation) and any(depends(operand, on) for operand in owner.operands)


def widths_of(own: Range, common: Range, multiplier: int, wide: int) -> Widths | None:
    """How two products lie in one; None where the multiplier is too narrow."""
    products = [a * b for a in own for b in common]
    shift = signed_bits(min(products), max(products))
    packed = signed_bits((own[0] << shift) + own[0], (own[1] << shift) + own[1])
    other = signed_bits(*common)
    return Widths(shift, packed, other) if packed <= wide and other <= multiplier else None


class Pairing:
    """The loops that compute products by pairs, and the loads that take them."""

    def __init__(self, function: func.FuncOp, pairs: Pairs, widths: Widths):
        self.pairs, self.widths = pairs, widths
        self.block = Block()
        self.writer = Writer(function, self.block)
        inner = [op for op in pairs.inside if isinstance(op, scf.ForOp)]
        self.inner = {op.body.block.args[0]: trips_of(op) or 1 for op in inner}
        lanes = (trips_of(pairs.loop) or 1) * prod(self.inner.values())
        type = pairs.product.result.type
        assert isinstance(type, IntegerType)
        self.products = self.writer.local(MemRefType(type, [lanes]), "products")
        Rewriter.insert_op(
            ArrayPartitionOp(self.products, "complete"),
            InsertPoint.after(self.products.owner),  # pyright: ignore
        )

    def run(self) -> None:
        """Write loops over pairs, and replace the product."""
        loop, product, writer = self.pairs.loop, self.pairs.product, self.writer
        half = (trips_of(loop) or 1) // 2

        def body(number: SSAValue, _: list[SSAValue]) -> list[SSAValue]:
            first = writer.do(arith.MuliOp(number, writer.number(2)))
            second = writer.do(arith.AddiOp(first, writer.number(1)))
            self._inside(0, first, second, {})
            return []

        writer.loop((0, half, 1), [], body, "pair", unroll=True)
        for op in list(self.block.ops):
            op.detach()
            Rewriter.insert_op(op, InsertPoint.before(loop))
        with writer.inside(Block()) as block:
            place = self._place(loop.body.block.args[0], {v: v for v in self.inner})
            load = writer.do(memref.LoadOp.get(self.products, [place]), "product")
        for op in list(block.ops):
            op.detach()
            Rewriter.insert_op(op, InsertPoint.before(product))
        product.result.replace_all_uses_with(load)
        erase_dead(loop)

    def _inside(self, depth: int, first: SSAValue, second: SSAValue, known: dict[SSAValue, SSAValue]) -> None:
        """The loops and conditions around the product, from a depth on."""
        writer, inside = self.writer, self.pairs.inside
        if depth == len(inside):
            self._multiply(first, second, known)
            return
        op = inside[depth]
        if isinstance(op, scf.IfOp):
            condition = self._copy(op.cond, known)
            writer.only_if(condition, lambda: self._inside(depth + 1, first, second, dict(known)))
            return
        variable = op.body.block.args[0]

        def body(number: SSAValue, _: list[SSAValue]) -> list[SSAValue]:
            self._inside(depth + 1, first, second, {**known, variable: number})
            return []

        step = constant_of(op.step) or 1
        writer.loop((0, (trips_of(op) or 1) * step, step), [], body, variable.name_hint, unroll=True)

    def _multiply(self, first: SSAValue, second: SSAValue, known: Mapping[SSAValue, SSAValue]) -> None:
        """Two products, stored at their lanes."""
        writer, widths, lane = self.writer, self.widths, self.pairs.loop.body.block.args[0]
        packed, whole = IntegerType(widths.packed), IntegerType(widths.packed + widths.common)
        result = self.pairs.product.result.type
        assert isinstance(result, IntegerType)
        factor = self._as(self._copy(self.pairs.common, dict(known)), IntegerType(widths.common))
        low, high = (self._copy(self.pairs.own, {**known, lane: at}) for at in (first, second))
        up = writer.do(arith.ShLIOp(self._as(high, packed), writer.constant(widths.shift, packed)))
        word = writer.do(arith.AddiOp(up, self._as(low, packed)), "packed")
        both = writer.do(arith.MuliOp(self._as(word, whole), self._as(factor, whole)), "both")
        writer.block.add_op(BindOpOp(both, "mul", "dsp"))
        below = writer.do(arith.TruncIOp(both, IntegerType(widths.shift)))
        sign = writer.do(arith.ShRUIOp(both, writer.constant(widths.shift - 1, whole)))
        negative = writer.do(arith.ExtUIOp(writer.do(arith.TruncIOp(sign, i1)), whole))
        above = writer.do(arith.ShRSIOp(both, writer.constant(widths.shift, whole)))
        for at, value in ((first, below), (second, writer.do(arith.AddiOp(above, negative)))):
            place = self._place(at, known)
            writer.block.add_op(memref.StoreOp.get(self._as(value, result), self.products, [place]))

    def _place(self, lane: SSAValue, known: Mapping[SSAValue, SSAValue]) -> SSAValue:
        """The number of a lane's product."""
        place = lane
        for variable, trips in self.inner.items():
            place = self.writer.do(arith.MuliOp(place, self.writer.number(trips)))
            place = self.writer.do(arith.AddiOp(place, known[variable]))
        return place

    def _as(self, value: SSAValue, type: IntegerType) -> SSAValue:
        """A signed number in another width, of its own where it is extended already."""
        while isinstance(value.owner, arith.ExtSIOp):
            value = value.owner.input
        assert isinstance(value.type, IntegerType)
        before, after = value.type.width.data, type.width.data
        if before == after:
            return value
        return self.writer.do((arith.ExtSIOp if before < after else arith.TruncIOp)(value, type))

    def _copy(self, value: SSAValue, known: dict[SSAValue, SSAValue]) -> SSAValue:
        """A value computed anew; what is known, or stands outside of the loop of lanes, stays."""
        if value in known:
            return known[value]
        owner = value.owner
        if not isinstance(owner, Operation) or not is_in(owner, self.pairs.loop):
            return value
        operands = {operand: self._copy(operand, known) for operand in owner.operands}
        new = owner.clone(operands)
        self.writer.block.add_op(new)
        known[value] = new.results[0]
        return known[value]


def is_in(op: Operation, loop: scf.ForOp) -> bool:
    """Whether an op stands in a loop."""
    at = op.parent_op()
    while at is not None and at is not loop:
        at = at.parent_op()
    return at is loop


def erase_dead(loop: scf.ForOp) -> None:
    """Erase what nothing uses any more."""
    for op in reversed(list(loop.body.walk())):
        is_pure = isinstance(op, memref.LoadOp) or op.dialect_name() == arith.Arith.name
        if is_pure and not isinstance(op, UnrollOp) and not any(result.uses for result in op.results):
            Rewriter.erase_op(op)
