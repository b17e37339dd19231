"""Reals that are multiples of one number: weights that were quantized, in all or by channel, and written as reals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 127
"""The greatest integer looked for, of 8 bits."""

SLACK = 2e-4
"""How far from a multiple a number may lie, in steps: products in float32 are that far from exact."""

SAMPLE = 64
"""Numbers of a channel that are looked at before all of them are."""


@dataclass(frozen=True)
class Grid:
    """`integers * scales`; one scale, or one for each index of the axis."""

    integers: NDArray[np.int64]
    scales: NDArray[np.float32]


def grid_of(values: NDArray[Any], axis: int) -> Grid | None:
    """The coarsest grid on which all values lie, one for all if there is one; None without any."""
    if not values.size or not np.isfinite(values).all():
        return None
    rows = np.moveaxis(values.astype(np.float64), axis, 0).reshape(values.shape[axis], -1)
    for channels in (rows.reshape(1, -1), rows):
        integers = on_grids(channels)
        if integers is not None:
            scales = best_scales(channels, integers)
            moved = integers.reshape(values.shape[axis], *np.delete(values.shape, axis))
            return Grid(np.moveaxis(moved, 0, axis), scales.reshape(()) if scales.size == 1 else scales)
    return None


def on_grids(rows: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """The integers of each row (rows, numbers) on the coarsest grid that holds it."""
    greatest = np.abs(rows).max(axis=1)
    unit = rows / np.where(greatest > 0, greatest, 1)[:, None]
    most = np.zeros(len(rows), np.int64)
    sample = unit[:, :: max(1, unit.shape[1] // SAMPLE)]
    for count in range(MOST, 0, -1):
        most[is_whole(sample * count)] = count
    if not most.all():
        return None
    while not (fits := is_whole(unit * most[:, None])).all():
        most[~fits] = [finer(row, count) for row, count in zip(unit[~fits], most[~fits], strict=True)]
        if most.max() > MOST:
            return None
    return np.rint(unit * most[:, None]).astype(np.int64)


def finer(row: NDArray[np.float64], count: int) -> int:
    """The next count at which a row lies on a grid, more than `MOST` where there is none."""
    return next((n for n in range(count + 1, MOST + 1) if is_whole(row * n)), MOST + 1)


def is_whole(numbers: NDArray[np.float64]) -> Any:
    """Whether all numbers are whole, along the last dimension."""
    return (np.abs(numbers - np.rint(numbers)) <= SLACK).all(axis=-1)


def best_scales(rows: NDArray[np.float64], integers: NDArray[np.int64]) -> NDArray[np.float32]:
    """The scales at which the integers of each row are nearest to its numbers; 1 where all are 0."""
    squares = (integers.astype(np.float64) ** 2).sum(axis=1)
    products = (rows * integers).sum(axis=1)
    return np.where(squares > 0, products / np.where(squares > 0, squares, 1), 1).astype(np.float32)
