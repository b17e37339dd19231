"""What the sign of a value's reals says about its integers: sums of products with it are half as great."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType

PASSING = (
    onnx.AveragePoolOp,
    onnx.ConcatOp,
    onnx.FlattenOp,
    onnx.GlobalAveragePoolOp,
    onnx.IdentityOp,
    onnx.MaxPoolOp,
    onnx.ReduceMeanOp,
    onnx.ReshapeOp,
    onnx.SliceOp,
    onnx.SqueezeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops whose result is not negative where no operand is."""


def never_negative(value: SSAValue) -> bool:
    """Whether no integer of a value is below its zero point, by the clamps and pools that made it."""
    pending = [value]
    while pending:
        op = pending.pop().owner
        if isinstance(op, PASSING):
            pending += op.operands
        elif not isinstance(op, onnx.ReluOp) and not (isinstance(op, onnx.ClipOp) and op.low_value >= 0):
            return False
    return True


def reaches(value: SSAValue, type: QType) -> tuple[int, int]:
    """How far the integers of a value reach below its zero point and above it."""
    low, high = type.limits
    return (0 if never_negative(value) else type.zp - low), high - type.zp


def greatest_sums(weights: NDArray[np.floating] | NDArray[np.int64], below: int, above: int) -> NDArray[np.float64]:
    """The greatest magnitude of a sum of products, for each row of weights (o, n) and inputs in [-below, above]."""
    positive = np.maximum(weights, 0).sum(axis=1, dtype=np.float64)
    negative = -np.minimum(weights, 0).sum(axis=1, dtype=np.float64)
    return np.maximum(positive * above + negative * below, positive * below + negative * above)
