"""Changes of scale as TFLite's kernels make them (tensorflow/lite/kernels/internal/common.cc, quantization_util.cc).

A real factor is `m 2^(s - 31)`, with m of 31 bits that is 0 or at least 2^30. TFLite rounds a product with it twice:
gemmlowp's doubling high product (ties up), then a rounding shift (ties away from zero). The products of matrices
round once, those of 16-bit convolutions have a multiplier of 16 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, i8, i32, i64
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.fixed.scalar import RescaleOp
from ....dialects.fixed.types import QType, Rounding
from ..bodies import Body
from ..builder import FixedBuilder
from ..requantize import NotInArithmetic

MULTIPLIER_BITS, WORD = 31, 32

LEAST_SHIFT, GREATEST_SHIFT = -31, 30
"""A factor that would be shifted further right is 0; one further left leaves 32 bits."""

LARGEST_REDUCED = 0x7FFF0000
"""A multiplier from here on has 16 bits that are all 1."""


@dataclass(frozen=True)
class Multipliers:
    """`factor = multipliers 2^(shifts - 31)`, one or one per channel."""

    multipliers: NDArray[np.int64]
    shifts: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.int64]:
        """How far a product is shifted right."""
        return np.maximum(-self.shifts, 0)

    @property
    def left(self) -> NDArray[np.int64]:
        """How far a value is shifted left before it is multiplied."""
        return np.maximum(self.shifts, 0)


def multipliers_of(factors: NDArray[np.float64]) -> Multipliers:
    """The integers of positive factors. Raises NotInArithmetic for one that is no number or leaves 32 bits."""
    if not np.isfinite(factors).all():
        raise NotInArithmetic(
            "the scales of its operands and of its result are so far apart that their ratio is no number"
        )
    parts, shifts = np.frexp(factors)
    numbers = np.floor(parts * 2.0**MULTIPLIER_BITS + 0.5).astype(np.int64)
    whole = numbers == 1 << MULTIPLIER_BITS
    numbers, shifts = np.where(whole, numbers // 2, numbers), np.where(whole, shifts + 1, shifts).astype(np.int64)
    if (shifts > GREATEST_SHIFT).any():
        raise NotInArithmetic(f"a change of scale by {float(factors.max()):.3g} leaves 32 bits in TFLite's arithmetic")
    tiny = shifts < LEAST_SHIFT
    return Multipliers(np.where(tiny, 0, numbers), np.where(tiny, 0, shifts))


def high_product(body: Body, left: SSAValue, right: SSAValue, shift: int = 0) -> SSAValue:
    """`left right / 2^31`, ties up, then by 2^shift, ties away from zero; in 32 bits."""
    return body.add_op(RescaleOp(left, MULTIPLIER_BITS + shift, Rounding.TFLITE, i64, i32, right))


def floor_product(body: Body, left: SSAValue, right: SSAValue) -> SSAValue:
    """`floor(left right / 2^32)`: what a machine has one instruction for."""
    return body.add_op(RescaleOp(left, WORD, Rounding.FLOOR, i64, i32, right))


def multiplied(body: Body, value: SSAValue, bound: int, factor: float) -> SSAValue:
    """A value of magnitude up to `bound` times one factor, rounded twice, in 32 bits."""
    found = multipliers_of(np.asarray(factor, np.float64))
    left, right, multiplier = int(found.left), int(found.right), body.constant(int(found.multipliers), i32)
    require_room(bound, left)
    if bound << left + 2 >= 1 << 31:
        value = body.mul(value, body.constant(1 << left, i32)) if left else value
        return high_product(body, value, multiplier, right)
    scaled = body.mul(value, body.constant(1 << left + 2, i32))
    high = floor_product(body, scaled, multiplier)
    if right == 0:
        return body.shift_right(body.offset(high, 1), 1)
    addend = body.sub(body.constant((1 << right) + 1, i32), below_zero(body, scaled, body.constant(2, i32)))
    return body.shift_right(body.add(high, addend), right + 1)


def below_zero(body: Body, value: SSAValue, amount: SSAValue) -> SSAValue:
    """The amount where a value is negative, else 0."""
    return body.add_op(arith.AndIOp(body.shift_right(value, 31), amount))


def require_room(bound: int, left: int) -> None:
    """Raise NotInArithmetic for a value that a shift to the left takes out of 32 bits: TFLite's result is undefined."""
    if bound << left >= 1 << 31:
        raise NotInArithmetic("its sums leave 32 bits in TFLite's arithmetic; use --arithmetic exact")


class DoubleRounding:
    """A change of scale inside a form, as `builder.Requantizer` is one: factors of one or of each channel.

    With v the doubling high product of x, `v / 2^e` with ties away from zero is, for e from 1 on,
    `(x m + 2^30 + 2^(e + 30) - n 2^31) >> (31 + e)`, n = 1 where x is negative: floors of floors are floors of the
    whole. Times 2^k, `k = E - e` with one E for all channels, this is the high word of `(x 2^k) m` plus one number, and
    a shift by E - 1. Where results below the zero point are cut off n may be 0: such an x then still gives 0 or less.

    A sum that leaves 32 bits has no result in TFLite: it is saturated.
    """

    def __init__(
        self,
        builder: FixedBuilder,
        factors: NDArray[np.float64],
        bounds: NDArray[np.int64] | int,
        y: QType,
        access: AffineMap | None = None,
    ):
        self.builder, self.access, self.y = builder, access, y
        self.params, self.maps = list[SSAValue](), list[AffineMap]()
        self.found = multipliers_of(np.asarray(factors, np.float64))
        bounds = np.broadcast_to(np.asarray(bounds, np.int64), self.found.shifts.shape)
        room = int(((1 << 31) - 1 >> self.found.left).min())
        self.most = room if (bounds > room).any() else None
        bounds = np.minimum(bounds, room)
        right = self.found.right
        self.end = int(right.max()) + 2
        up = self.end - right
        greatest = 2.0 ** (self.end - 1) * (max(abs(n) for n in (y.zp, *y.limits)) + 2)
        self.fast = bool((right >= 1).all() and (bounds << up < 1 << 31).all() and greatest < 1 << 30)
        self.signed = y.zp != y.limits[0]
        self.multiplier = self.number(self.found.multipliers, i32)
        if self.fast:
            half = 1 << up - 2
            addend = (1 << self.end - 2) + (y.zp << self.end - 1) + half
            self.up, self.addend = self.number(up, i8), self.number(addend, i32)
            self.less = self.number(2 * half, i32) if self.signed else 0
        else:
            self.left, self.up = self.number(self.found.left, i8), self.number(right.max() - right, i8)
            room = 2.0 ** int(right.max()) * float((bounds * np.asarray(factors)).max() + 1)
            self.type = i32 if room < 1 << 30 else i64

    def number(self, numbers: NDArray[np.int64], type: IntegerType) -> int | None:
        """The number that all channels have; None where it becomes an operand of the form."""
        if len(np.unique(numbers)) == 1:
            return int(numbers.flat[0])
        if self.access is None:
            raise NotInArithmetic("several factors where one is needed")
        self.params.append(self.builder.constant(numbers.astype(np.int8 if type == i8 else np.int32), type))
        self.maps.append(self.access)
        return None

    def stored(self, body: Body, value: SSAValue, y: QType, *params: SSAValue) -> SSAValue:
        """The value in the new scale, with its zero point, saturated to its storage."""
        rest = list(params)

        def operand(number: int | None) -> SSAValue:
            return body.constant(number, i32) if number is not None else body.extend(rest.pop(0), i32)

        multiplier = operand(self.multiplier)
        if self.most is not None:
            value = body.saturate(value, -self.most, self.most, i32)
        if self.fast:
            scaled, addend = body.shift_left(value, operand(self.up)), operand(self.addend)
            if self.signed:
                addend = body.sub(addend, below_zero(body, scaled, operand(self.less)))
            total = body.add(floor_product(body, scaled, multiplier), addend)
            return body.saturate(body.shift_right(total, self.end - 1), *y.limits, y.storage)
        left = operand(self.left)
        value = body.shift_left(value, left) if self.found.left.any() else value
        product = body.extend(high_product(body, value, multiplier), self.type)
        product = body.shift_left(product, body.extend(operand(self.up), self.type))
        product = body.round_shift(product, int(self.found.right.max()), Rounding.HALF_AWAY)
        return body.to_storage(product, y)


@dataclass
class SingleRounding:
    """A change of scale by one rounding, ties up: `(x m + 2^(30 - s)) >> (31 - s)`, of one factor or several.

    TFLite's shifts are those of the channels; here one shift serves all, and multipliers of greater channels have more
    bits, as long as these are 0 in all the others: a factor's own shift decides where it rounds.
    """

    builder: FixedBuilder
    factors: NDArray[np.float64]
    bound: int
    access: AffineMap | None
    bits: int = MULTIPLIER_BITS
    params: list[SSAValue] = field(default_factory=list[SSAValue])
    maps: list[AffineMap] = field(default_factory=list[AffineMap])

    def __post_init__(self) -> None:
        found = multipliers_of(np.asarray(self.factors, np.float64))
        numbers = found.multipliers
        if self.bits < MULTIPLIER_BITS:
            dropped = MULTIPLIER_BITS - self.bits
            most = (1 << self.bits) - 1
            numbers = np.where(numbers < LARGEST_REDUCED, (numbers + (1 << dropped - 1)) >> dropped, most)
        self.shift = int(self.bits - found.shifts.min())
        self.numbers = numbers << (found.shifts - found.shifts.min())
        greatest = int(self.numbers.max())
        if self.shift > 62 or greatest * self.bound + (1 << self.shift - 1) >= 1 << 63:
            raise NotInArithmetic("the scales of its channels are too far apart for TFLite's arithmetic in 64 bits")
        self.type = i32 if greatest < 1 << 31 else i64
        self.result_type = i32 if self.bound * float(np.max(self.factors)) < (1 << 31) - (1 << 16) else i64
        if len(np.unique(self.numbers)) > 1:
            if self.access is None:
                raise NotInArithmetic("several factors where one is needed")
            dtype = np.int32 if self.type == i32 else np.int64
            self.params = [self.builder.constant(self.numbers.astype(dtype), self.type)]
            self.maps = [self.access]

    def apply(self, body: Body, value: SSAValue, *params: SSAValue) -> SSAValue:
        """The value in the new scale."""
        multiplier = params[0] if params else body.constant(int(self.numbers.flat[0]), self.type)
        return body.add_op(RescaleOp(value, self.shift, Rounding.HALF_UP, i64, self.result_type, multiplier))

    def stored(self, body: Body, value: SSAValue, y: QType, *params: SSAValue) -> SSAValue:
        """The value in the new scale, with its zero point, saturated to its storage."""
        return body.to_storage(self.apply(body, value, *params), y)
