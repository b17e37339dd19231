"""Prices that explain best what functions and programs take."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ..fitting import nonnegative
from .points import Point

REGULARIZATION = 1e-4
"""How much a price is drawn to 0."""

PROGRAM = 6.0
"""The weight of a program whose error is as large as is tolerated, beside that of functions."""

FUNCTION_BYTES, FUNCTION_SHARE = 40, 0.08
"""By how much a function's estimate may be off for a weight of 1: so many bytes and so much of it."""


def fitted(points: Sequence[Point]) -> dict[str, float]:
    """The prices with the least squared errors of functions and of programs, none of them negative."""
    rows = [row for point in points for row in rows_of(point)]
    names = sorted({name for features, *_ in rows for name, count in features.items() if count})
    weights = np.array([weight for *_, weight in rows])
    counts = np.array([[float(features[name]) for name in names] for features, *_ in rows])
    sizes = np.array([float(size) for _, size, _ in rows])
    prices = nonnegative(counts * weights[:, None], sizes * weights, REGULARIZATION)
    return {name: round(price, 1) for name, price in zip(names, prices.tolist(), strict=True)}


def rows_of(point: Point) -> Iterator[tuple[Counter[str], int, float]]:
    """Features, bytes and weight of a program and of its functions."""
    yield point.features, point.code, PROGRAM / point.tolerated
    for features, size in point.functions:
        yield features, size, 1 / (FUNCTION_BYTES + FUNCTION_SHARE * size)


def halves(points: Sequence[Point]) -> Iterator[tuple[list[Point], list[Point]]]:
    """One half of the models and the other, then the other way round; a model is in the same half always."""
    parts: list[list[Point]] = [[], []]
    for point in points:
        parts[zlib.crc32(point.model.encode()) % 2].append(point)
    one, other = parts
    if one and other:
        yield one, other
        yield other, one
