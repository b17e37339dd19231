"""Softmax (reference/softmax.h): exponentials of 31 bits, their sum of 19, its inverse by Newton's method.

What depends on the distance to the maximum alone is a table of 256 numbers, computed here as gemmlowp does
(fixedpoint.h); the sum's inverse is computed at run time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i32, i64
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.fixed.normalize import ExponentOp, MantissaOp
from ....dialects.fixed.types import Reduction
from ..bodies import Body
from ..builder import FixedBuilder, shape_of
from ..elementwise import name_of
from ..requantize import NotInArithmetic
from ..rows import Rows, mapped, reduced, yields
from .gemmlowp import exponential, high, rounded_shift
from .multipliers import high_product, multipliers_of

DIFFERENCE_BITS, SUM_BITS = 5, 12
"""Bits before the point of a scaled distance, and of the sum."""

LONGEST = 512
"""Rows of so many elements and more abort in TFLite: their sum may leave its type."""

NEAR = 1e-3
"""How far, in parts of it, a scale may be from the one that the kernel takes for granted."""

GREATEST = (1 << 31) - 1

NEWTON = (1515870810, -1010580540)
"""48/17 and -32/17 with 29 fractional bits: the first guess of an inverse."""


def lower_softmax(builder: FixedBuilder, op: onnx.SoftmaxOp) -> SSAValue:
    """`e[i] = exp(x[i] - max x)`, `y[i] = e[i] / sum e`, in steps of 2^-8 or 2^-16."""
    x, y, name, shape = builder.type_of(op.x), builder.type_of(op.result), name_of(op), shape_of(op.x)
    rows = Rows(shape, (op.axis_index % len(shape),))
    if x.bits != 8 or y.bits not in (8, 16) or abs(y.scale * 2.0**y.bits - 1) > NEAR or y.zp != y.limits[0]:
        raise NotInArithmetic("TFLite's softmax is of 8 bits, in steps of 1/256 from 0 on; use --arithmetic exact")
    if rows.count >= LONGEST:
        raise NotInArithmetic(f"TFLite's softmax takes fewer than {LONGEST} elements; use --arithmetic exact")
    source = builder.value(op.x)
    fine = exponentials(x.scale)
    tables = [
        builder.constant(numbers.astype(np.int32), i32, f"{name}_{what}")
        for numbers, what in ((fine, "exp"), (rounded_shift(fine, SUM_BITS), "terms"))
    ]
    greatest = reduced(builder, Reduction.MAX, source, rows, x.storage, x, yields, f"{name}_max")

    def term(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        element, most, entries = arguments
        return body.lookup(entries, body.sub(body.extend(most, i32), body.extend(element, i32)), i32)

    def share(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
        element, most, total, inverse, entries = arguments
        product = high_product(body, inverse, term(body, (element, most, entries)))
        amount = body.offset(body.add_op(ExponentOp(total, 1, i32)), 31 - y.bits - 20)
        halves = body.shift_right_by(product, body.offset(amount, -1))
        rounded = body.shift_right(body.offset(halves, 1), 1)
        return body.saturate(body.offset(rounded, y.zp), *y.limits, y.storage)

    terms = mapped(builder, [source, greatest], i32, shape, term, f"{name}_terms", [tables[1]])
    total = reduced(builder, Reduction.SUM, terms, rows, i32, i32, yields, f"{name}_sum")
    inverse = mapped(builder, [total], i32, rows.kept_shape, inverted, f"{name}_inverse")
    return mapped(builder, [source, greatest, total, inverse], y, shape, share, name, [tables[0]])


def exponentials(scale: float) -> NDArray[np.int64]:
    """exp(-d scale) with 31 fractional bits for d from 0 to 255; 0 where it is too small to matter."""
    limit = 2.0**31 - 1
    factor = multipliers_of(np.asarray(min(scale * 2.0 ** (31 - DIFFERENCE_BITS), limit)))
    multiplier, left = int(factor.multipliers), int(factor.shifts)
    if left < 0:
        raise NotInArithmetic(f"TFLite's softmax takes no steps of {scale:.3g}; use --arithmetic exact")
    farthest = int(np.floor(((1 << DIFFERENCE_BITS) - 1) * 2.0 ** (31 - DIFFERENCE_BITS) / 2.0**left))
    distance = np.arange(256, dtype=np.int64)
    scaled = high(-np.minimum(distance, farthest) << left, multiplier)
    return np.where(distance <= farthest, exponential(scaled, DIFFERENCE_BITS), 0)


def inverted(body: Body, arguments: Sequence[SSAValue]) -> SSAValue:
    """2^31 / m of the sum's mantissa m in [2^30, 2^31), less 2^31 where that is the limit: three steps of Newton's.

    With 29 fractional bits `x <- x + x (1 - m x)`; every sum saturates where it would leave 32 bits.
    """
    mantissa = body.add_op(MantissaOp(arguments[0], 31, 1, i32))
    guess, slope = NEWTON
    x = added(body, body.constant(guess, i32), high_product(body, mantissa, body.constant(slope, i32)))
    for _ in range(3):
        rest = added(body, body.constant(1 << 29, i32), body.negated(high_product(body, mantissa, x)))
        x = added(body, x, times(body, high_product(body, x, rest), 4))
    return times(body, x, 2)


def added(body: Body, left: SSAValue, right: SSAValue) -> SSAValue:
    """left + right, saturated to 32 bits."""
    return body.saturate(body.add(body.extend(left, i64), body.extend(right, i64)), -GREATEST, GREATEST, i32)


def times(body: Body, value: SSAValue, factor: int) -> SSAValue:
    """value * factor, saturated to 32 bits."""
    return body.saturate(body.mul(body.extend(value, i64), body.constant(factor, i64)), -GREATEST, GREATEST, i32)
