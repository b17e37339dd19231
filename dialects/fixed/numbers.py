"""Real numbers as the integers of a quantized type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dense import dtype_of
from .types import QType


def quantize(real: NDArray[Any], type: QType) -> NDArray[Any]:
    """The stored integers nearest to real numbers (ties to even, as ONNX QuantizeLinear), saturated."""
    scales = np.asarray(type.scales.data, np.float64)
    if type.axis.data >= 0:
        scales = scales.reshape([-1 if axis == type.axis.data else 1 for axis in range(real.ndim)])
    else:
        scales = scales.reshape(())
    low, high = type.limits
    integers = np.rint(real.astype(np.float64) / scales) + type.zp
    return np.asarray(np.clip(integers, low, high), dtype_of(type.storage))
