"""A body written again, every value in the narrowest width that holds it.

A value is computed in the least of the machine's `Widths` that holds its operands and its result, as `arith` wants one
type for all, and cut to its own width where it is used: two's complement registers make both conversions cheap or free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, Signedness
from xdsl.ir import Attribute, Block, Operation, SSAValue

from ....dialects.fixed.scalar import ExtendOp, SaturateOp
from ....dialects.fixed.types import storage_limits
from ..intervals.ranges import Range


@dataclass(frozen=True)
class Widths:
    """The widths of integers that a machine computes in; `words` those of products and of shifts to the left.

    Where whole bytes are moved for nothing, shifts are split.
    """

    all: Sequence[int]
    words: Sequence[int]
    splits_shifts: bool


BYTES = Widths((8, 16, 24, 32, 64), (8, 16, 32, 64), True)
"""Of an 8-bit core: three bytes gain nothing in products."""

BITS = Widths(range(2, 65), range(2, 65), False)
"""Of hardware."""


def integer(type: Attribute) -> IntegerType:
    """A scalar's type."""
    assert isinstance(type, IntegerType)
    return type


def is_unsigned(type: IntegerType) -> bool:
    """True for `uiN`."""
    return type.signedness.data == Signedness.UNSIGNED


def hull(*ranges: tuple[int, int]) -> tuple[int, int]:
    """The least interval around some."""
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def width_of(ends: tuple[int, int], widths: Sequence[int] = BYTES.all) -> IntegerType:
    """The narrowest signed type of these widths (by default an 8-bit core's) that holds both ends of an interval."""
    bits = Range.of(*ends).bits()
    return IntegerType(next((width for width in widths if bits <= width), 64))


@dataclass
class Value:
    """A value of the old body: its interval, and what stands for it in the new one, by type; its `number` if known."""

    ends: tuple[int, int]
    base: SSAValue | None = None
    number: int | None = None
    variants: dict[IntegerType, SSAValue] = field(default_factory=dict[IntegerType, SSAValue])


class NarrowBody:
    """A new block, and the values of the old one in it."""

    def __init__(self, block: Block, widths: Widths):
        self.block, self.widths = block, widths
        self.values: dict[SSAValue, Value] = {}

    def type_of(self, ends: tuple[int, int], words: bool = False) -> IntegerType:
        """The narrowest type that holds an interval."""
        return width_of(ends, self.widths.words if words else self.widths.all)

    def emit(self, op: Operation) -> SSAValue:
        """Append an op with one result."""
        self.block.add_op(op)
        return op.results[0]

    def define(self, old: SSAValue, new: SSAValue, ends: tuple[int, int]) -> None:
        """`new` stands for `old`, whose interval is given."""
        new.name_hint = old.name_hint
        self.values[old] = Value(ends, new, None, {integer(new.type): new})

    def know(self, old: SSAValue, number: int) -> None:
        """`old` is a constant, written in the types that ask for it."""
        self.values[old] = Value((number, number), None, number)

    def same(self, old: SSAValue, source: SSAValue, ends: tuple[int, int]) -> None:
        """`old` is the number that `source` is."""
        known = self.values[source]
        narrower = max(ends[0], known.ends[0]), min(ends[1], known.ends[1])
        self.values[old] = Value(narrower, known.base, known.number, known.variants)

    def ends(self, old: SSAValue) -> tuple[int, int]:
        """The interval of an old value."""
        return self.values[old].ends

    def narrow(self, old: SSAValue) -> SSAValue:
        """An old value in its own width; unsigned bits that need their highest one stay unsigned."""
        return self.as_type(old, self.type_of(self.ends(old)))

    def as_type(self, old: SSAValue, type: IntegerType) -> SSAValue:
        """An old value in a type that holds it."""
        value = self.values[old]
        if type not in value.variants:
            value.variants[type] = self._converted(value, type)
        return value.variants[type]

    def _converted(self, value: Value, type: IntegerType) -> SSAValue:
        if value.number is not None:
            return self.emit(arith.ConstantOp(IntegerAttr(value.number, type)))
        assert value.base is not None
        source = integer(value.base.type)
        if is_unsigned(type) or type.width.data not in self.widths.all:
            return self.emit(SaturateOp(value.base, *storage_limits(type), type))
        if is_unsigned(source):
            wide = IntegerType(max(type.width.data, 2 * source.width.data))
            widened = self.emit(ExtendOp(value.base, wide))
            return widened if wide == type else self.emit(arith.TruncIOp(widened, type))
        if source.width.data < type.width.data:
            return self.emit(ExtendOp(value.base, type))
        return self.emit(arith.TruncIOp(value.base, type))

    def define_argument(self, old: SSAValue, new: SSAValue, range: Range | None) -> None:
        """An argument of the body, which may have become narrower; a table has no interval."""
        new.name_hint = old.name_hint
        if range is None or not isinstance(new.type, IntegerType):
            self.values[old] = Value((0, 0), new)
            return
        self.define(old, new, (range.least, range.greatest))
