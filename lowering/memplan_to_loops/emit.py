"""A small writer of `arith` at the loops level: constants once per function, index arithmetic folded."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, MemRefType, Signedness
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ...dialects.fixed.forms import scalar_type

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


class Emitter:
    """Appends ops to `block`. Constants stand at the top of the function's entry block, each once."""

    def __init__(self, entry: Block):
        self.entry = entry
        self.block = entry
        self._constants: dict[tuple[int, Attribute], SSAValue] = {}
        self._last_constant: Operation | None = None

    @contextmanager
    def inside(self, block: Block) -> Generator[Block]:
        """Append to another block for a while."""
        outer, self.block = self.block, block
        yield block
        self.block = outer

    def do(self, op: Operation, hint: str | None = None) -> SSAValue:
        """Append an op with one result and return the result."""
        self.block.add_op(op)
        op.results[0].name_hint = hint
        return op.results[0]

    def constant(self, value: int, type: IntegerType | IndexType) -> SSAValue:
        """An integer constant of a signless type; of unsigned bits, the signed number with the same bits."""
        if isinstance(type, IntegerType) and type.width.data > 1 and value >> (type.width.data - 1) > 0:
            value -= 1 << type.width.data
        key = (value, type)
        if key not in self._constants:
            op = arith.ConstantOp(IntegerAttr(value, type))
            op.result.name_hint = f"c{value}" if value >= 0 else f"cm{-value}"
            if self._last_constant is not None:
                self.entry.insert_op_after(op, self._last_constant)
            elif self.entry.first_op is not None:
                self.entry.insert_op_before(op, self.entry.first_op)
            else:
                self.entry.add_op(op)
            self._last_constant = op
            self._constants[key] = op.result
        return self._constants[key]

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
