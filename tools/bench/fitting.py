"""Prices from measurements: least squares, none of them negative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SWEEPS, ENOUGH = 5000, 1e-3
"""Rounds of the solver over all prices, at most; a round that moves none by more than this is the last."""

Array = NDArray[np.float64]


def nonnegative(matrix: Array, values: Array, regularization: float) -> Array:
    """x >= 0 that minimizes |matrix x - values|^2 + regularization |x|^2, coordinate by coordinate.

    After Franc, Hlavac and Navara, "Sequential coordinate-wise algorithm for the non-negative least squares problem"
    (CAIP 2005).
    """
    gram = matrix.T @ matrix + regularization * np.eye(matrix.shape[1])
    x, gradient = np.zeros(len(gram)), -matrix.T @ values
    for _ in range(SWEEPS):
        before = x.copy()
        for k in range(len(x)):
            step = max(0.0, x[k] - gradient[k] / gram[k, k]) - x[k]
            if step:
                x[k] += step
                gradient += step * gram[:, k]
        if np.abs(x - before).max() < ENOUGH:
            break
    return x
