"""What evaluations of `onnx` ops share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

Evaluate = Callable[[Any, Sequence[Array]], Array]
"""An op and its operands, (B, *shape) or (1, *shape), to its result."""

Real = type[np.float32] | type[np.float64]
"""The type in which reals are computed."""
