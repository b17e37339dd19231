"""Where a tie must go to the even integer: ONNX's QuantizeLinear rounds so, and scales can make ties common.

A product with a factor m / 2^k of few bits is often half an integer: the mean of four elements, a sum stored in twice
the scale of its addends, power-of-two scales. Any other factor is rounded itself, and its ties are chance. Rounding
to even costs three more operations than rounding up, so that only models that state their types pay for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from ...dialects import onnx
from ...dialects.fixed.types import Rounding
from .bodies import ROUNDING

FRACTION_BITS = 16
"""The bits behind the point of a factor whose products are often half an integer, at most."""

PASSED = (onnx.ReluOp, onnx.ClipOp, onnx.ReshapeOp, onnx.FlattenOp, onnx.TransposeOp, onnx.SqueezeOp, onnx.UnsqueezeOp)
"""Ops that may stand between an op and the QuantizeLinear that rounds its result."""


def rounding_of(op: Operation, factors: NDArray[np.float64]) -> Rounding:
    """How the result of an op rounds that is rescaled by these factors."""
    ties = np.ldexp(factors, FRACTION_BITS)
    return Rounding.HALF_EVEN if is_quantized(op) and (np.rint(ties) == ties).all() else ROUNDING


def is_quantized(op: Operation) -> bool:
    """Whether the model itself quantizes the result of an op."""
    while not isinstance(op, onnx.QuantizeLinearOp):
        users = {use.operation for use in op.results[0].uses}
        if any(isinstance(user, onnx.QuantizeLinearOp) for user in users):
            return True
        if len(users) != 1 or not isinstance(user := users.pop(), PASSED):
            return False
        op = user
    return True
