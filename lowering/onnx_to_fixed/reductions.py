"""Reductions of whole dimensions: extremes, sums, sums of magnitudes and squares, roots and logarithms of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, Signedness, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.fixed.types import QType, Reduction
from ...dialects.onnx.reductions import ReductionOp
from . import roots
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import name_of
from .rows import Rows, accumulator, change_of_scale, mapped, reach_of, reduced, sum_of_squares
from .shapes import reshaped


def rows_of(op: ReductionOp) -> Rows:
    """The rows that an op reduces."""
    return Rows(shape_of(op.x), op.reduced)


def dropped(builder: FixedBuilder, op: ReductionOp, value: SSAValue) -> SSAValue:
    """A result in the op's shape."""
    return reshaped(builder, value, shape_of(op.result), f"{name_of(op)}_dropped")


def lower_reduce_max(builder: FixedBuilder, op: onnx.ReduceMaxOp) -> SSAValue:
    """The greatest stored integer of each row."""
    return extreme(builder, op, Reduction.MAX)


def lower_reduce_min(builder: FixedBuilder, op: onnx.ReduceMinOp) -> SSAValue:
    """The least stored integer of each row."""
    return extreme(builder, op, Reduction.MIN)


def extreme(builder: FixedBuilder, op: ReductionOp, kind: Reduction) -> SSAValue:
    """An extreme of each row, rescaled where its type is another."""
    x, y = builder.type_of(op.x), builder.type_of(op.result)
    requantized = change_of_scale(builder, x.scale / y.scale, reach_of(x))

    def finish(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        if x == y:
            return value
        centred = body.offset(body.extend(value, i32), -x.zp)
        return body.to_storage(requantized(body, centred), y)

    result = reduced(builder, kind, builder.value(op.x), rows_of(op), x.storage, y, finish, name_of(op))
    return dropped(builder, op, result)


def lower_reduce_sum(builder: FixedBuilder, op: onnx.ReduceSumOp) -> SSAValue:
    """`round(M sum(x - zx)) + zy`"""
    x, y, rows = builder.type_of(op.x), builder.type_of(op.result), rows_of(op)
    bound = reach_of(x) * rows.count
    requantized = change_of_scale(builder, x.scale / y.scale, bound)

    def finish(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        return body.to_storage(requantized(body, value), y)

    acc = accumulator(bound, name_of(op))
    result = reduced(builder, Reduction.SUM, builder.value(op.x), rows, acc, y, finish, name_of(op), x.zp)
    return dropped(builder, op, result)


def lower_reduce_sum_square(builder: FixedBuilder, op: onnx.ReduceSumSquareOp) -> SSAValue:
    """`round(M sum (x - zx)^2) + zy`"""
    x, y, rows = builder.type_of(op.x), builder.type_of(op.result), rows_of(op)
    requantized = change_of_scale(builder, x.scale**2 / y.scale, reach_of(x) ** 2 * rows.count)

    def finish(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        return body.to_storage(requantized(body, value), y)

    return dropped(builder, op, sum_of_squares(builder, builder.value(op.x), x, rows, y, finish, name_of(op)))


def magnitudes(builder: FixedBuilder, source: SSAValue, x: QType, name: str) -> SSAValue:
    """|x - zx| of each element, as uiN: twice as wide only where the zero point is not in the middle."""
    bits = x.bits if reach_of(x) < 1 << x.bits else 2 * x.bits
    wide = i32 if bits < 32 else i64

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        centred = body.offset(body.extend(arguments[0], wide), -x.zp)
        negated = body.sub(body.constant(0, wide), centred)
        storage = IntegerType(bits, Signedness.UNSIGNED)
        return body.saturate(body.add_op(arith.MaxSIOp(centred, negated)), 0, (1 << bits) - 1, storage)

    return mapped(builder, [source], IntegerType(bits, Signedness.UNSIGNED), shape_of(source), scalar, name)


def lower_reduce_l1(builder: FixedBuilder, op: onnx.ReduceL1Op) -> SSAValue:
    """`round(M sum |x - zx|) + zy`"""
    x, y, rows, name = builder.type_of(op.x), builder.type_of(op.result), rows_of(op), name_of(op)
    bound = reach_of(x) * rows.count
    requantized = change_of_scale(builder, x.scale / y.scale, bound)

    def finish(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        return body.to_storage(requantized(body, value), y)

    source = magnitudes(builder, builder.value(op.x), x, f"{name}_magnitudes")
    result = reduced(builder, Reduction.SUM, source, rows, accumulator(bound, name), y, finish, name)
    return dropped(builder, op, result)


def lower_reduce_l2(builder: FixedBuilder, op: onnx.ReduceL2Op) -> SSAValue:
    """`round(M sqrt(sum (x - zx)^2)) + zy`: mantissas of root and factor are multiplied, their exponents shift."""
    x, y, rows, name = builder.type_of(op.x), builder.type_of(op.result), rows_of(op), name_of(op)
    table = roots.root_table(builder, name)
    fraction, power = np.frexp(x.scale / y.scale)

    def finish(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        value = body.saturate(body.extend(value, i64), 0, (1 << 62) - 1, i64)
        m, e = roots.mantissa(body, value, 2), roots.exponent(body, value, 2)
        product = body.mul(roots.root(body, m, rest[0]), body.constant(round(float(fraction) * 2.0**30), i64))
        amount = body.sub(body.constant(60 - int(power), i64), roots.half(body, e))
        return body.to_storage(roots.round_by(body, product, roots.shift_amount(body, amount)), y)

    source = builder.value(op.x)
    return dropped(builder, op, sum_of_squares(builder, source, x, rows, y, finish, name, tables=[table]))


def lower_reduce_log_sum(builder: FixedBuilder, op: onnx.ReduceLogSumOp) -> SSAValue:
    """`round((ln sum(x - zx) + ln sx) / sy) + zy`; a sum below one step counts as one step."""
    x, y, rows, name = builder.type_of(op.x), builder.type_of(op.result), rows_of(op), name_of(op)
    acc = accumulator(reach_of(x) * rows.count, name)
    sums = reduced(builder, Reduction.SUM, builder.value(op.x), rows, acc, acc, lambda b, v, r: v, f"{name}_sum", x.zp)
    result = logarithms(builder, sums, y, float(np.log(x.scale)), name)
    return dropped(builder, op, result)


def logarithms(builder: FixedBuilder, sums: SSAValue, y: QType, summand: float, name: str) -> SSAValue:
    """`ln(sum) + summand` as y."""
    table = roots.log_table(builder, name)
    constant = round(summand * 2.0**roots.LOG_BITS)

    def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        value = body.saturate(body.extend(arguments[0], i64), 1, (1 << 62) - 1, i64)
        total = body.offset(roots.logarithm(body, value, arguments[1]), constant)
        bound = (64 << roots.LOG_BITS) + abs(constant)
        return body.to_storage(roots.scaled_to(body, total, 2.0**-roots.LOG_BITS / y.scale, bound), y)

    return mapped(builder, [sums], y, shape_of(sums), scalar, name, [table])
