"""Real numbers as the integers of a quantized type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dense import dtype_of
from .types import QType


def scales_of(type: QType, shape: Sequence[int]) -> NDArray[np.float64]:
    """The scales of a type, to be broadcast to numbers of a shape."""
    scales = np.asarray(type.scales.data, np.float64)
    return scales.reshape(
        [-1 if axis == type.axis.data else 1 for axis in range(len(shape))] if scales.size > 1 else ()
    )


def of_rows(type: QType) -> QType:
    """The type of many values of a type, (rows, *shape)."""
    return type if type.axis.data < 0 else QType(type.storage, type.scales.data, type.zp, type.axis.data + 1)


def quantize(real: NDArray[Any], type: QType) -> NDArray[Any]:
    """The stored integers nearest to real numbers (ties to even, as ONNX QuantizeLinear), saturated."""
    scales = scales_of(type, real.shape)
    low, high = type.limits
    integers = np.rint(real.astype(np.float64) / scales) + type.zp
    return np.asarray(np.clip(integers, low, high), dtype_of(type.storage))
