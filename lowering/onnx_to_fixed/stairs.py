"""Functions that jump at every whole number, of more than 8 bits: Floor, Ceil, Round."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i32, i64
from xdsl.ir import Operation, SSAValue

from ...dialects.fixed.scalar import RescaleOp
from ...dialects.fixed.types import QType, Rounding
from .bodies import Body
from .builder import FixedBuilder, Requantizer, shape_of
from .elementwise import elementwise, name_of

STAIRS: dict[str, tuple[Callable[[NDArray[Any]], NDArray[Any]], int, Rounding]] = {
    "onnx.Ceil": (np.ceil, -1, Rounding.FLOOR),
    "onnx.Floor": (np.floor, 1, Rounding.FLOOR),
    "onnx.Round": (np.rint, 1, Rounding.HALF_EVEN),
}
"""Whole numbers as numpy makes them, and as `s * rounded(s * x)` with a sign s."""

FRACTION = 44
"""Fractional bits of the multiplier: a product with 17 bits has 62."""

LEAST_FRACTION = 16
"""What lies within 2^-16 times a step below a whole number is that number, as far as reals of 53 bits tell."""


def staircase(builder: FixedBuilder, op: Operation, x: SSAValue) -> SSAValue:
    """`round(n * M) + zy`, with n the whole number of x, exact in 64 bits but where x ties."""
    type, y = builder.type_of(x), builder.type_of(op.results[0])
    function, sign, rounding = STAIRS[op.name]
    shift = FRACTION - max(0, ceil(np.log2(type.scale)))
    multiplier, summand = exact_multiplier(function, sign, rounding, type, shift)
    bound = ceil(max(abs(limit - type.zp) for limit in type.limits) * type.scale) + 1
    requantizer = Requantizer(builder, np.asarray(1.0 / y.scale), bound)
    body = Body([type.storage])
    centred = body.offset(body.extend(body.arguments[0], i64), -type.zp)
    scaled = body.offset(body.mul(centred, body.constant(sign * multiplier, i64)), summand)
    whole = body.add_op(RescaleOp(scaled, shift, rounding, i64, i32))
    whole = body.negated(whole) if sign < 0 else whole
    value = body.to_storage(requantizer.apply(body, whole), y)
    return elementwise(builder, [builder.value(x)], y, shape_of(op.results[0]), body, value, name_of(op))


def exact_multiplier(
    function: Callable[[NDArray[Any]], NDArray[Any]], sign: int, rounding: Rounding, x: QType, shift: int
) -> tuple[int, int]:
    """The scale as an integer, and a summand, with which the most whole numbers are those of the real function.

    A scale that is no multiple of 2^-shift may put what is a whole number just below it.
    """
    centred = np.arange(x.limits[0], x.limits[1] + 1, dtype=np.int64) - x.zp
    wanted = function(centred * x.scale)
    half = 1 << shift >> 1

    def misses(candidate: tuple[int, int]) -> int:
        scaled = sign * centred * candidate[0] + candidate[1]
        whole = scaled >> shift
        if rounding is Rounding.HALF_EVEN:
            whole = scaled + (half - 1) + (whole & 1) >> shift
        return int((sign * whole != wanted).sum())

    exact = x.scale * 2.0**shift
    multipliers = sorted({floor(exact), ceil(exact)})
    summands = (0,) if rounding is Rounding.HALF_EVEN else (0, 1 << max(0, shift - LEAST_FRACTION - 8))
    return min(product(multipliers, summands), key=misses)
