"""`fixed.exponent` and `fixed.mantissa` on intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....dialects.fixed.normalize import ExponentOp, MantissaOp
from ....targets.executors.floating import exponents
from .ranges import Range

LARGEST = (1 << 63) - 1


def exponent(op: ExponentOp, operands: Sequence[Range]) -> Range:
    """Monotone."""
    x = operands[0].clipped(0, LARGEST)
    ends = [np.asarray(exponents(end.astype(np.int64), op.step.value.data), object) for end in (x.low, x.high)]
    return Range.of(*ends)


def mantissa(op: MantissaOp, operands: Sequence[Range]) -> Range:
    """At least its highest bits, where x is not 0."""
    x, bits = operands[0], op.bits.value.data
    least = 1 << bits - op.step.value.data
    return Range.of(np.where(x.low > 0, least, 0), np.where(x.high > 0, (1 << bits) - 1, 0))
