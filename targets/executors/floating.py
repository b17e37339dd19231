"""`fixed.exponent` and `fixed.mantissa` on numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from ...dialects.fixed.normalize import ExponentOp, MantissaOp
from .values import IntegerOverflow, Operands, Values


def bit_lengths(x: NDArray[Any]) -> NDArray[np.int64]:
    """How many bits each integer from 0 to 2^63 - 1 has: exact, as each half of it has its exponent in float64."""
    wide = np.asarray(x, np.int64)
    high, low = wide >> 32, wide & ((1 << 32) - 1)
    return np.where(high > 0, 32 + np.frexp(high.astype(np.float64))[1], np.frexp(low.astype(np.float64))[1]).astype(
        np.int64
    )


def exponents(x: NDArray[Any], step: int) -> NDArray[np.int64]:
    """The least multiple of `step` that is no less than the number of bits."""
    return -(-bit_lengths(x) // step) * step


def not_negative(op: Operation, x: Values) -> NDArray[np.int64]:
    """The operand. Raises IntegerOverflow where one is negative or has more than 63 bits."""
    if not x.within(0, (1 << 63) - 1):
        raise IntegerOverflow(f"{op.name}: an operand outside [0, 2^63)")
    return np.asarray(x.array, np.int64)


def exponent(op: ExponentOp, operands: Operands) -> Values:
    """How many bits x has, rounded up to a multiple of the step."""
    (x,) = operands
    step = op.step.value.data
    bounds = [int(exponents(np.asarray(max(end, 0)), step)) for end in (min(x.low, x.high), min(x.high, (1 << 63) - 1))]
    return Values(exponents(not_negative(op, x), step), *bounds)


def mantissa(op: MantissaOp, operands: Operands) -> Values:
    """floor(x * 2^(bits - exponent))"""
    (x,) = operands
    step, bits = op.step.value.data, op.bits.value.data
    array = not_negative(op, x)
    shift = bits - exponents(array, step)
    shifted = (array >> np.maximum(-shift, 0)) << np.maximum(shift, 0)
    return Values(shifted, 1 << bits - step if x.low > 0 else 0, (1 << bits) - 1)
