"""A small writer of `arith` at the loops level: widths, index arithmetic folded."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, Signedness
from xdsl.ir import SSAValue

from ...dialects.fixed.structured import scalar_type
from ...passes.loops.writing import BlockWriter

Index = int | SSAValue
"""An index that is known now, or a value of type `index`."""


def signless(storage: IntegerType) -> IntegerType:
    """The type that carries the bits of `storage` at this level: `ui8` becomes `i8`."""
    return IntegerType(storage.width)


def is_unsigned(storage: IntegerType) -> bool:
    """True for `uiN` alone: `iN` counts as signed in the fixed dialect."""
    return storage.signedness.data == Signedness.UNSIGNED


def signless_memref(type: MemRefType) -> MemRefType[IntegerType]:
    """The same memory with signless integers: quantized types are gone at this level."""
    element = signless(scalar_type(type.element_type))
    return MemRefType(element, type.get_shape(), type.layout, type.memory_space)


class Emitter(BlockWriter):
    """Writes numbers in any width, and indices."""

    def convert(self, value: SSAValue, source: IntegerType, target: IntegerType) -> SSAValue:
        """The same number in another width; `source` tells whether the bits of `value` are unsigned."""
        before, after = source.width.data, target.width.data
        if before == after:
            return value
        if before > after:
            return self.do(arith.TruncIOp(value, signless(target)))
        extend = arith.ExtUIOp if is_unsigned(source) else arith.ExtSIOp
        return self.do(extend(value, signless(target)))

    # Index arithmetic: x + 0 -> x, x * 1 -> x, constants are computed here.

    def index(self, value: Index) -> SSAValue:
        """An index as a value."""
        return self.constant(value, IndexType()) if isinstance(value, int) else value

    def add(self, left: Index, right: int) -> Index:
        """`left + right`, written as a subtraction where `right` is negative."""
        if isinstance(left, int):
            return left + right
        if right == 0:
            return left
        op = arith.AddiOp if right > 0 else arith.SubiOp
        return self.do(op(left, self.index(abs(right))))

    def sum(self, left: Index, right: Index) -> Index:
        """`left + right`."""
        if isinstance(right, int):
            return self.add(left, right)
        return self.add(right, left) if isinstance(left, int) else self.do(arith.AddiOp(left, right))

    def subtract_from(self, left: int, right: Index) -> Index:
        """`left - right`."""
        if isinstance(right, int):
            return left - right
        return self.do(arith.SubiOp(self.index(left), right))

    def scale(self, left: Index, factor: int) -> Index:
        """`left * factor`."""
        if isinstance(left, int):
            return left * factor
        return left if factor == 1 else self.do(arith.MuliOp(left, self.index(factor)))

    def divide(self, left: Index, divisor: int) -> Index:
        """`left / divisor`; like C's division, the value rounds a negative dividend up, the constant down."""
        if isinstance(left, int):
            return left // divisor
        return left if divisor == 1 else self.do(arith.DivSIOp(left, self.index(divisor)))

    def maximum(self, left: Index, right: Index) -> Index:
        """`max(left, right)`."""
        if isinstance(left, int) and isinstance(right, int):
            return max(left, right)
        return self.do(arith.MaxSIOp(self.index(left), self.index(right)))

    def minimum(self, left: Index, right: Index) -> Index:
        """`min(left, right)`."""
        if isinstance(left, int) and isinstance(right, int):
            return min(left, right)
        return self.do(arith.MinSIOp(self.index(left), self.index(right)))
