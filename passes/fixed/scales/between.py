"""Types of values between two steps of one operator: as fine as 16 bits allow, so that only the last step rounds."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import i16

from ....dialects import onnx
from ....dialects.fixed.types import QType
from ....dialects.onnx.weights import weight_reals


def feeds_resize(op: onnx.ResizeOp) -> bool:
    """Whether a step of a Resize is not its last one."""
    users = [use.operation for use in op.result.uses]
    return len(users) == 1 and isinstance(users[0], onnx.ResizeOp)


def between(op: onnx.ResizeOp, x: QType) -> QType:
    """The finest type of 16 bits that holds whatever a step of a Resize makes of x: its scale over a power of two."""
    reach = max(x.limits[1] - x.zp, x.zp - x.limits[0])
    greatest = reach * float(np.abs(weight_reals(op.w)).sum(axis=1).max()) + 1
    return QType(i16, x.scale * 2.0 ** math.ceil(math.log2(greatest / ((1 << 15) - 1))))
