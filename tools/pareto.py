"""Fronts: what nothing else is as good as in every cost, and better in one (Pareto)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

Costs = tuple[float, ...]
"""Numbers of which less is better, in an order that all share; a gain is a negative cost."""


def dominates(one: Costs, other: Costs) -> bool:
    """Whether one is nowhere worse and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def pareto(items: Iterable[T], costs: Callable[[T], Costs]) -> list[T]:
    """The items that none dominates, least first cost first; of those with equal costs, the first."""
    first: dict[Costs, T] = {}
    for item in items:
        first.setdefault(costs(item), item)
    kept: list[Costs] = []
    for point in sorted(first):  # whoever dominates a point stands before it
        if not any(dominates(other, point) for other in kept):
            kept.append(point)
    return [first[point] for point in kept]
