"""Prices from measurements: least squares, none of them negative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SWEEPS = 5000
"""Rounds of the solver over all prices."""

Array = NDArray[np.float64]


def nonnegative(matrix: Array, values: Array, regularization: float) -> Array:
    """x >= 0 that minimizes |matrix x - values|^2 + regularization |x|^2, coordinate by coordinate.

    After Franc, Hlavac and Navara, "Sequential coordinate-wise algorithm for the non-negative least squares problem"
    (CAIP 2005).
    """
    gram = matrix.T @ matrix + regularization * np.eye(matrix.shape[1])
    x, gradient = np.zeros(len(gram)), -matrix.T @ values
    for _ in range(SWEEPS):
        for k in range(len(x)):
            step = max(0.0, x[k] - gradient[k] / gram[k, k]) - x[k]
            x[k] += step
            gradient += step * gram[:, k]
    return x
