"""What several operators of a random graph draw: other operands, dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .random_graphs import RandomGraph

Made = tuple[list[str], dict[str, Any]]
Recipe = Callable[["RandomGraph", str], Made | None]
"""Of a graph and a value: a node's operands and attributes; `outputs` says how many results it has."""


def other(graph: RandomGraph, value: str) -> str:
    """Another value, or random numbers that broadcast with one, of its type."""
    array = graph.array(value)
    same = [name for name, v in graph.values.items() if v.dtype == array.dtype]
    if graph.int(0, 2):
        return graph.pick(same)
    shape = [n if graph.int(0, 2) else 1 for n in array.shape][graph.int(0, array.ndim) :]
    if array.dtype == np.float32:
        return graph.weight(*shape, low=graph.pick([-1, 0.5]))
    return graph.constant(graph.random.integers(0 if array.dtype.kind in "ub" else -3, 4, shape).astype(array.dtype))


def axis(graph: RandomGraph, value: str) -> int:
    """Any dimension, counted from either side."""
    rank = graph.array(value).ndim
    return graph.int(-rank, rank - 1) if rank else 0


def flag(graph: RandomGraph) -> int:
    """0 or 1."""
    return graph.int(0, 1)


def axes(graph: RandomGraph, value: str) -> list[int]:
    """Some dimensions."""
    rank = graph.array(value).ndim
    return sorted({graph.int(0, rank - 1) for _ in range(graph.int(1, rank))}) if rank else []
