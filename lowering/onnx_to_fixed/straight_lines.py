"""Functions of straight lines as arithmetic: each piece has a multiplier and a summand, chosen by comparing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i32, i64
from xdsl.ir import Operation, SSAValue

from ...dialects.fixed.types import QType
from ...dialects.onnx.functions import Pieces
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import elementwise, name_of
from .requantize import GREATEST_FACTOR, MAX_SHIFT, ScaleError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """Reals as integers with `shift` fractional bits; their sums of products are computed in `type`."""

    factors: Array
    summands: Array
    shift: int
    type: IntegerType


def numbers(factors: Array, summands: Array, reach: int) -> Numbers:
    """Integers for `x * factor + summand`, for x of magnitude up to `reach`: as many fractional bits as fit.

    32 bits where the products then lose nothing that matters (x of 8 bits), else 64. What is saturated to 16 bits
    anyway is made smaller. Raises ScaleError for what is no number.
    """
    if np.isnan(factors).any() or np.isnan(summands).any():
        raise ScaleError("its scales are so far apart that their ratio is no number")
    factors = np.clip(factors, -GREATEST_FACTOR, GREATEST_FACTOR)
    limit = GREATEST_FACTOR * reach
    summands = np.clip(summands, -limit, limit)
    for type in (i32, i64) if reach <= 512 else (i64,):
        top = (1 << type.width.data - 1) - 1
        for shift in range(min(type.width.data - 2, MAX_SHIFT), 0, -1):
            scaled = [np.floor(v * 2.0**shift + 0.5) for v in (factors, summands)]
            if np.abs(scaled[0]).max() * reach + np.abs(scaled[1]).max() + 2.0 ** (shift - 1) < top:
                return Numbers(scaled[0], scaled[1], shift, type)
    raise ScaleError("its numbers are too large for its scales")


def reach_of(type: QType) -> int:
    """The greatest magnitude of a type's integers."""
    return max(abs(limit) for limit in type.limits)


def begins(pieces: Pieces, x: QType) -> list[tuple[int, int]]:
    """Which pieces there are on the integers of a type, with the integer from which on each holds."""
    low, high = x.limits
    reals = (np.arange(low, high + 1) - x.zp) * x.scale
    starts = [low, *(low + int((~piece.holds(reals)).sum()) for piece in pieces[1:])]
    return [
        (index, start)
        for index, start in enumerate(starts)
        if start <= high and all(start < later for later in starts[index + 1 :])
    ]


def straight_lines(builder: FixedBuilder, op: Operation, pieces: Pieces) -> SSAValue:
    """`round((x m + b) / 2^shift) + zy`, saturated, with m and b of the piece in which x lies."""
    source = op.operands[0]
    x, y = builder.type_of(source), builder.type_of(op.results[0])
    present = begins(pieces, x)
    factors = np.array([pieces[index].slope for index, _ in present]) * x.scale / y.scale
    summands = np.array([pieces[index].offset for index, _ in present]) / y.scale - factors * x.zp
    chosen = numbers(factors, summands, reach_of(x))
    body = Body([x.storage])
    element = body.extend(body.arguments[0], chosen.type)
    starts = [start for _, start in present]
    factor = by_place(body, element, starts, chosen.factors.tolist())
    total = body.mul(element, factor)
    if chosen.summands.any():
        total = body.add(total, by_place(body, element, starts, chosen.summands.tolist()))
    value = body.to_storage(body.round_shift(total, chosen.shift), y)
    return elementwise(builder, [builder.value(source)], y, shape_of(op.results[0]), body, value, name_of(op))


def by_place(body: Body, element: SSAValue, starts: Sequence[int], values: Sequence[float]) -> SSAValue:
    """The last of the values whose start is not beyond the element."""
    assert isinstance(element.type, IntegerType)
    result = body.constant(int(values[0]), element.type)
    for start, before, value in zip(starts[1:], values, values[1:], strict=False):
        if value != before:
            result = body.choose("sge", element, start, body.constant(int(value), element.type), result)
    return result
