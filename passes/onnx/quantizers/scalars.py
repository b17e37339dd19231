"""Products and sums with one number, as `factor x + summand`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ..fold_batch_normalization import with_constant
from ..folding.constants import constant_value

WHOLE = 1e-4
"""How far from a whole number a zero point may lie that was computed in float32."""


@dataclass(frozen=True)
class Scaled:
    """A value as `factor x + summand`."""

    x: SSAValue
    factor: float = 1.0
    summand: float = 0.0

    def after(self, inner: Scaled) -> Scaled:
        """This of what another one makes of its operand."""
        return Scaled(inner.x, self.factor * inner.factor, self.of(inner.summand))

    def of(self, number: float) -> float:
        """The value where x is a number."""
        return self.factor * number + self.summand


def scaled(op: object) -> Scaled | None:
    """What an op does to one operand, where the other is one constant number."""
    if not isinstance(op, onnx.MulOp | onnx.AddOp | onnx.SubOp):
        return None
    for x, other, is_right in ((op.lhs, op.rhs, True), (op.rhs, op.lhs, False)):
        constant = constant_value(other)
        if constant is None or constant.size != 1 or shape_of(op.result) != shape_of(x):
            continue
        affine = with_constant(op, x, constant.reshape(-1).astype(np.float64), not is_right)
        return Scaled(x, float(affine.factor[0]), float(affine.summand[0]))
    return None


def whole(number: float) -> int | None:
    """A whole number, where it is one but for the rounding of float32."""
    return round(number) if abs(number) < 1 << 31 and abs(number - round(number)) <= WHOLE else None
