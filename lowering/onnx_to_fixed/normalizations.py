"""Normalizations: exact sums and sums of squares of each row, an inverse root of 26 bits, one rounding at the end.

With `u = x - zero point`, n elements in a row, `S = sum u` and `Q = sum u^2`, the scale of x cancels but for epsilon:

    (x - mean) / sqrt(var + eps)  =  (n u - S) / sqrt(n Q - S^2 + eps n^2 / scale^2)
    x / sqrt(mean(x^2) + eps)     =  sqrt(n) u / sqrt(Q + eps n / scale^2)
    x / sum |x|                   =  u / sum |u|
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i8, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.types import QType, Reduction
from ...dialects.onnx.normalization import NormalizationOp
from ...dialects.onnx.weights import weight_reals
from . import roots
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import name_of
from .reductions import magnitudes
from .rows import WIDEST, Rows, accumulator, mapped, reach_of, reduced, sum_of_squares, yields

UNIT_BITS = 24
"""Fractional bits of what is normalized, before scale and bias."""

GUARD_BITS = 16
"""Fractional bits, at most and an even number, of what a root is taken of: epsilon is below 1 where steps are long."""


Numerator = Callable[..., SSAValue]
"""From a body, an element without its zero point and what other inputs have to the numerator."""


def itself(body: Body, element: SSAValue) -> SSAValue:
    """The element."""
    return element


@dataclass(frozen=True)
class Divisors:
    """What an integer is divided by in each row: `value * mantissa / 2^shift` has UNIT_BITS fractional bits."""

    mantissas: SSAValue
    shifts: SSAValue


def lower_layer_normalization(builder: FixedBuilder, op: onnx.LayerNormalizationOp) -> SSAValue:
    """`(n u - S) / sqrt(n Q - S^2 + eps n^2 / scale^2) * scale + bias`"""
    x, source, name, rows = operand(builder, op)
    acc = accumulator(reach_of(x) * rows.count, name)
    sums = reduced(builder, Reduction.SUM, source, rows, acc, acc, yields, f"{name}_sum", x.zp)
    count, reach = rows.count, reach_of(x)
    measure = Measure((count * reach) ** 2, op.epsilon_value * count**2 / x.scale**2, name)

    def variance(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        squares = body.mul(body.extend(value, i64), body.constant(count, i64))
        total = body.extend(rest[0], i64)
        return measure.finish(body, body.sub(squares, body.mul(total, total)))

    spread = sum_of_squares(builder, source, x, rows, i64, variance, f"{name}_variance", [sums])
    divisors = inverse_roots(builder, spread, measure.guard, name)

    def numerator(body: Body, element: SSAValue, total: SSAValue) -> SSAValue:
        centred = body.mul(element, body.constant(count, i64))
        return body.sub(centred, body.extend(total, i64))

    scaling = Scaling(builder, op, math.sqrt(count), 1.0)
    return scaling.emit([source, sums], divisors, numerator, 2 * count * reach)


def lower_rms_normalization(builder: FixedBuilder, op: onnx.RMSNormalizationOp) -> SSAValue:
    """`sqrt(n) u / sqrt(Q + eps n / scale^2) * scale + bias`"""
    x, source, name, rows = operand(builder, op)
    measure = Measure(rows.count * reach_of(x) ** 2, op.epsilon_value * rows.count / x.scale**2, name)

    def square(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
        return measure.finish(body, body.extend(value, i64))

    spread = sum_of_squares(builder, source, x, rows, i64, square, f"{name}_squares")
    divisors = inverse_roots(builder, spread, measure.guard, name)
    scaling = Scaling(builder, op, 1.0, math.sqrt(rows.count))
    return scaling.emit([source], divisors, itself, reach_of(x))


def lower_lp_normalization(builder: FixedBuilder, op: onnx.LpNormalizationOp) -> SSAValue:
    """`u / sum |u| * scale + bias`"""
    x, source, name, rows = operand(builder, op)
    acc = accumulator(reach_of(x) * rows.count, name)
    sizes = magnitudes(builder, source, x, f"{name}_magnitudes")
    sums = reduced(builder, Reduction.SUM, sizes, rows, acc, acc, yields, f"{name}_sum")

    def positive(body: Body, value: SSAValue) -> SSAValue:
        return body.saturate(body.extend(value, i64), 1, WIDEST, i64)

    def mantissa(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        found = roots.inverse(body, roots.mantissa(body, positive(body, arguments[0]), 1))
        return body.saturate(found, 1 << roots.ROOT_BITS, 1 << roots.ROOT_BITS + 1, i32)

    def shift(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        e = roots.exponent(body, positive(body, arguments[0]), 1)
        return roots.shift_amount(body, body.offset(e, roots.ROOT_BITS - UNIT_BITS))

    divisors = Divisors(
        mapped(builder, [sums], i32, rows.kept_shape, mantissa, f"{name}_inverse"),
        mapped(builder, [sums], i8, rows.kept_shape, shift, f"{name}_shift"),
    )
    return Scaling(builder, op, 1.0, 1.0).emit([source], divisors, itself, reach_of(x))


def operand(builder: FixedBuilder, op: NormalizationOp) -> tuple[QType, SSAValue, str, Rows]:
    """The type and the value of x, the node's name, the rows."""
    return builder.type_of(op.x), builder.value(op.x), name_of(op), Rows(shape_of(op.x), op.reduced)


class Measure:
    """A sum of squares up to `bound`, and an epsilon, as one positive i64 with an even number of fractional bits."""

    def __init__(self, bound: int, epsilon: float, name: str):
        if not math.isfinite(epsilon) or bound + epsilon > WIDEST // 2:
            raise UserError(f"'{name}': its sums need more than 63 bits; use --bits 8, or fewer elements at once")
        room = WIDEST.bit_length() - 2 - math.ceil(math.log2(bound + epsilon + 1))
        self.guard = max(0, min(GUARD_BITS, room - room % 2))
        self.bound = bound
        self.epsilon = round(epsilon * 2.0**self.guard)

    def finish(self, body: Body, value: SSAValue) -> SSAValue:
        """The measure: at least 1."""
        value = body.saturate(value, 0, self.bound, i64)
        total = body.offset(body.mul(value, body.constant(1 << self.guard, i64)), self.epsilon)
        return body.saturate(total, 1, WIDEST, i64)


def inverse_roots(builder: FixedBuilder, measures: SSAValue, guard: int, name: str) -> Divisors:
    """Of the root of each measure, which has `guard` fractional bits."""
    shape, table = shape_of(measures), roots.root_table(builder, name)

    def mantissa(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        value = body.saturate(arguments[0], 1, WIDEST, i64)
        found = roots.inverse_root(body, roots.mantissa(body, value, 2), arguments[1])
        return body.saturate(found, 1 << roots.ROOT_BITS, 1 << roots.ROOT_BITS + 1, i32)

    def shift(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        e = roots.exponent(body, body.saturate(arguments[0], 1, WIDEST, i64), 2)
        constant = roots.ROOT_BITS - UNIT_BITS - guard // 2
        return roots.shift_amount(body, body.offset(roots.half(body, e), constant))

    return Divisors(
        mapped(builder, [measures], i32, shape, mantissa, f"{name}_root", [table]),
        mapped(builder, [measures], i8, shape, shift, f"{name}_shift"),
    )


class Scaling:
    """The last step of a normalization: the division, which gives at most `limit`, `factor * scale`, the bias."""

    def __init__(self, builder: FixedBuilder, op: NormalizationOp, limit: float, factor: float):
        self.builder, self.op, self.name = builder, op, name_of(op)
        self.y = builder.type_of(op.result)
        self.limit = math.ceil(limit * 2.0**UNIT_BITS) + 1
        scales = factor / self.y.scale * parameter(op.scale, 1.0)
        biases = parameter(op.bias, 0.0) / self.y.scale
        greatest = float(np.abs(scales).max())
        total = greatest * limit + float(np.abs(biases).max())
        if not math.isfinite(total) or total >= 2.0**36:
            raise UserError(f"'{self.name}': its scale or bias is too large for its result's scale {self.y.scale:.3g}")
        place = min(30 - math.ceil(math.log2(max(greatest, 2.0**-8))), 60 - UNIT_BITS - math.ceil(math.log2(total + 1)))
        self.shift = UNIT_BITS + place
        self.scales = self.numbers(scales * 2.0**place, "scale")
        self.biases = self.numbers(biases * 2.0**self.shift, "bias")

    def numbers(self, values: NDArray[np.float64], what: str) -> int | SSAValue:
        """One integer, or a constant of them."""
        integers = np.rint(values).astype(np.int64)
        if integers.size == 1:
            return int(integers.reshape(()))
        if what == "scale":
            return self.builder.constant(integers.astype(np.int32), i32, f"{self.name}_{what}s")
        return self.builder.constant(integers, i64, f"{self.name}_{what}es")

    def emit(self, inputs: list[SSAValue], divisors: Divisors, numerator: Numerator, bound: int) -> SSAValue:
        """Emit the map over all elements; `numerator` takes an element without its zero point and other inputs'."""
        if bound << roots.ROOT_BITS + 1 > WIDEST:
            raise UserError(f"'{self.name}': too many elements at once for 64 bits; use --bits 8")
        x = self.builder.type_of(self.op.x)
        count = len(inputs)
        tensors = [v for v in (self.scales, self.biases) if isinstance(v, SSAValue)]

        def scalar(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
            element = body.offset(body.extend(arguments[0], i64), -x.zp)
            value = numerator(body, element, *arguments[1:count])
            value = body.saturate(value, -bound, bound, i64)
            mantissa, shift, *rest = arguments[count:]
            mantissa = body.saturate(mantissa, 0, 1 << roots.ROOT_BITS + 1, i64)
            unit = roots.round_by(body, body.mul(value, mantissa), shift)
            unit = body.saturate(unit, -self.limit, self.limit, i64)
            return body.to_storage(self.finish(body, unit, rest), self.y)

        operands = [*inputs, divisors.mantissas, divisors.shifts, *tensors]
        return mapped(self.builder, operands, self.y, shape_of(self.op.x), scalar, self.name)

    def finish(self, body: Body, unit: SSAValue, rest: list[SSAValue]) -> SSAValue:
        """`round((unit * scale + bias) / 2^shift)`"""
        factors = [
            body.extend(rest.pop(0), i64) if isinstance(v, SSAValue) else body.constant(v, i64)
            for v in (self.scales, self.biases)
        ]
        return body.round_shift(body.add(body.mul(unit, factors[0]), factors[1]), self.shift)


def parameter(value: SSAValue | None, default: float) -> NDArray[np.float64]:
    """The reals of a scale or a bias, or the number that stands for one left out."""
    return np.asarray(default, np.float64) if value is None else weight_reals(value)
