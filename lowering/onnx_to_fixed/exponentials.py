"""Exponentials with 30 fractional bits, their sums and the logarithms of these: softmax and its relatives, 64-bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.structured import scalar_type
from ...dialects.fixed.types import QType, Reduction, storage_limits
from . import roots
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import name_of
from .reductions import dropped
from .rows import Rows, accumulator, mapped, reach_of, reduced, yields

EXP_BITS = 30
"""Fractional bits of an exponential: 1 is the greatest."""

SUM_BITS = 40
"""Bits of a difference and a logarithm in one unit: as many are left for the factor to the result's."""


@dataclass(frozen=True)
class Exponentials:
    """`max x`, `exp(x - max x)` and the sum of these, by rows."""

    greatest: SSAValue
    values: SSAValue
    total: SSAValue


def selected(
    builder: FixedBuilder, source: SSAValue, mask: SSAValue, other: int, element: QType | IntegerType, name: str
) -> SSAValue:
    """Elements where a mask of 0 and 1 that stretches to them is 1, else another integer."""

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        value, kept = (body.extend(argument, i32) for argument in arguments)
        chosen = body.choose("eq", kept, 0, body.constant(other, i32), value)
        type = scalar_type(element)
        return chosen if type == i32 else body.saturate(chosen, *storage_limits(type), type)

    return mapped(builder, [source, mask], element, shape_of(source), scalar, name)


def exponentials(
    builder: FixedBuilder, source: SSAValue, x: QType, rows: Rows, name: str, mask: SSAValue | None = None
) -> Exponentials:
    """The product of two tables, of the high and the low byte of `max x - x`; one table for 8-bit elements.

    What a mask of 0 and 1 leaves out is the least element of its row, and its exponential 0.
    """
    if mask is not None:
        source = selected(builder, source, mask, x.limits[0], x, f"{name}_kept")
    greatest = reduced(builder, Reduction.MAX, source, rows, x.storage, x, yields, f"{name}_max")
    steps = np.arange(256)
    factors = (1,) if x.bits <= 8 else (1, 256)
    tables = [
        builder.constant(np.rint(np.exp(-steps * x.scale * f) * 2.0**EXP_BITS).astype(np.int32), i32, f"{name}_exp_{f}")
        for f in factors
    ]

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        element, most, *entries = arguments
        distance = body.sub(body.extend(most, i32), body.extend(element, i32))
        if len(entries) == 1:
            return body.lookup(entries[0], distance, i32)
        low = body.add_op(arith.AndIOp(distance, body.constant(255, i32)))
        high = body.add_op(arith.ShRSIOp(distance, body.constant(8, i32)))
        parts = [body.extend(body.lookup(t, i, i32), i64) for t, i in zip(entries, (low, high), strict=True)]
        product = body.round_shift(body.mul(*parts), EXP_BITS)
        return body.saturate(product, 0, 1 << EXP_BITS, i32)

    values = mapped(builder, [source, greatest], i32, rows.shape, scalar, f"{name}_exp", tables)
    if mask is not None:
        values = selected(builder, values, mask, 0, i32, f"{name}_masked")
    acc = accumulator(rows.count << EXP_BITS, name)
    total = reduced(builder, Reduction.SUM, values, rows, acc, acc, yields, f"{name}_sum")
    return Exponentials(greatest, values, total)


def wide_softmax(
    builder: FixedBuilder, source: SSAValue, x: QType, y: QType, rows: Rows, name: str, mask: SSAValue | None = None
) -> SSAValue:
    """`round(e M / (sum 2^g))` with `M = 2^g / scale`: the product has 61 bits, the divisor 62.

    A row of which the mask leaves nothing becomes 0.

    Raises UserError where g would be negative: a scale of the result below 2^-30 for very long rows.
    """
    guard = min(30 - math.ceil(-math.log2(y.scale)), 31 - rows.count.bit_length())
    if guard < 0:
        raise UserError(f"Softmax '{name}': {rows.count:,} elements are too many for a scale of {y.scale:.3g}")
    multiplier = round(2.0**guard / y.scale)
    parts = exponentials(builder, source, x, rows, name, mask)

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        element, total = (body.extend(a, i64) for a in arguments)
        divisor = body.saturate(total, 1, rows.count << EXP_BITS, i64)
        divisor = body.mul(divisor, body.constant(1 << guard, i64))
        half = body.add_op(arith.ShRSIOp(divisor, body.constant(1, i64)))
        numerator = body.mul(element, body.constant(multiplier, i64))
        return body.to_storage(body.add_op(arith.DivSIOp(body.add(numerator, half), divisor)), y)

    return mapped(builder, [parts.values, parts.total], y, rows.shape, scalar, name)


class LogSum:
    """Integers times a scale, and logarithms of sums of exponentials, in one unit, then in that of a result."""

    def __init__(self, x: QType, y: QType, name: str):
        reach = 1 << x.bits + 1
        self.bits = min(max(SUM_BITS - math.ceil(math.log2(reach * x.scale + 64)), 0), 40)
        self.factor = round(x.scale * 2.0**self.bits)
        self.bound = reach * self.factor + (64 << self.bits)
        self.y = y
        if self.bound.bit_length() > 61 or not self.factor:
            raise UserError(f"'{name}': its operand's scale {x.scale:.3g} is too large or too small; look at its range")

    def logarithm(self, body: Body, total: SSAValue, table: SSAValue) -> SSAValue:
        """ln of a sum of exponentials."""
        total = body.saturate(body.extend(total, i64), 1, (1 << 62) - 1, i64)
        value = body.offset(roots.logarithm(body, total, table), -round(EXP_BITS * math.log(2) * 2.0**roots.LOG_BITS))
        value = body.saturate(value, 0, 32 << roots.LOG_BITS, i64)
        up = self.bits - roots.LOG_BITS
        return body.mul(value, body.constant(1 << up, i64)) if up >= 0 else body.round_shift(value, -up)

    def product(self, body: Body, integer: SSAValue) -> SSAValue:
        """An i32 integer times the operand's scale."""
        return body.mul(body.extend(integer, i64), body.constant(self.factor, i64))

    def result(self, body: Body, value: SSAValue) -> SSAValue:
        """In the result's type."""
        value = body.saturate(value, -self.bound, self.bound, i64)
        return body.to_storage(roots.scaled_to(body, value, 2.0**-self.bits / self.y.scale, self.bound), self.y)


def lower_log_softmax(builder: FixedBuilder, op: onnx.LogSoftmaxOp) -> SSAValue:
    """`(x - max x) sx - ln(sum)`"""
    x, y, name, shape = builder.type_of(op.x), builder.type_of(op.result), name_of(op), shape_of(op.x)
    rows = Rows(shape, (op.axis_index % len(shape),))
    source = builder.value(op.x)
    parts = exponentials(builder, source, x, rows, name)
    unit, table = LogSum(x, y, name), roots.log_table(builder, name)

    def of_row(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        return unit.logarithm(body, *arguments)

    logarithms = mapped(builder, [parts.total], i64, rows.kept_shape, of_row, f"{name}_log", [table])

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        element, most, logarithm = arguments
        below = unit.product(body, body.sub(body.extend(element, i32), body.extend(most, i32)))
        return unit.result(body, body.sub(below, body.saturate(logarithm, 0, 32 << unit.bits, i64)))

    return mapped(builder, [source, parts.greatest, logarithms], y, shape, scalar, name)


def lower_reduce_log_sum_exp(builder: FixedBuilder, op: onnx.ReduceLogSumExpOp) -> SSAValue:
    """`(max x - zx) sx + ln(sum)`"""
    x, y, name = builder.type_of(op.x), builder.type_of(op.result), name_of(op)
    rows = Rows(shape_of(op.x), op.reduced)
    parts = exponentials(builder, builder.value(op.x), x, rows, name)
    unit, table = LogSum(x, y, name), roots.log_table(builder, name)

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        most, total, entries = arguments
        greatest = unit.product(body, body.offset(body.extend(most, i32), -x.zp))
        return unit.result(body, body.add(greatest, unit.logarithm(body, total, entries)))

    assert reach_of(x) < 1 << 17, "16 bits at most"
    result = mapped(builder, [parts.greatest, parts.total], y, rows.kept_shape, scalar, name, [table])
    return dropped(builder, op, result)
