"""Sine and cosine over many periods: first the place in the turn, in 2^-16ths of it, then the function of that."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import IntegerType, Signedness, i64
from xdsl.ir import Operation, SSAValue

from ...dialects.fixed.types import QType
from .bodies import Body
from .builder import FixedBuilder, shape_of
from .elementwise import elementwise, name_of

TURN_BITS = 16
"""A turn has 2^16 steps, as unsigned integers of 16 bits have."""

TURN = QType(IntegerType(TURN_BITS, Signedness.UNSIGNED), 2 * math.pi / (1 << TURN_BITS))

MULTIPLIER_BITS = 31
"""Of the factor from an integer to a place in the turn: its product with 17 bits fits 64."""

MOST_TURNS = 2.0
"""Over fewer turns the function is tabulated as any other."""


def is_long(x: QType) -> bool:
    """Whether the integers of a type are many turns."""
    low, high = x.limits
    return (high - low) * x.scale > MOST_TURNS * 2 * math.pi


def place_in_turn(builder: FixedBuilder, op: Operation, x: SSAValue) -> SSAValue:
    """`round((x - zx) * sx / 2 pi * 2^16) mod 2^16`, a value of the type `TURN` that stands for itself."""
    type = builder.type_of(x)
    factor = type.scale / TURN.scale
    shift = max(1, min(MULTIPLIER_BITS - 1 - math.ceil(math.log2(factor)), 40))
    body = Body([type.storage])
    centred = body.offset(body.extend(body.arguments[0], i64), -type.zp)
    product = body.mul(centred, body.constant(int(np.rint(factor * 2.0**shift)), i64))
    place = body.masked(body.round_shift(product, shift), TURN_BITS)
    value = body.saturate(place, *TURN.limits, TURN.storage)
    name = f"{name_of(op)}_turn"
    result = elementwise(builder, [builder.value(x)], TURN, shape_of(op.results[0]), body, value, name)
    builder.values[result] = result
    return result
