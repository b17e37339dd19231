"""What evaluations of `onnx` ops share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i1
from xdsl.ir import Attribute

from ....dialects.dense import dtype_of

Array = NDArray[Any]

Evaluate = Callable[[Any, Sequence[Array]], Array]
"""An op and its operands, (B, *shape) or (1, *shape), to its result."""

Real = type[np.float32] | type[np.float64]
"""The type in which reals are computed."""


def numpy_type(element: Attribute, real: Real) -> np.dtype[Any]:
    """In what a tensor of the model is computed: reals in `real`, truth values (i1) as bool, integers in their type."""
    if not isinstance(element, IntegerType):
        return np.dtype(real)
    return np.dtype(np.bool_) if element == i1 else dtype_of(element)
