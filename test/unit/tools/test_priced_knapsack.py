"""The knapsack by prices: as good as the best of all combinations, and nothing where none fits."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tinyml_opt.passes.knapsack import Item
from tinyml_opt.passes.priced_knapsack import cheapest, padded, priced


def items_of(seed: int) -> tuple[list[Item], np.ndarray]:
    """Six items with two to five levels and three bounds, some of which hold."""
    random = np.random.default_rng(seed)
    items = []
    for levels in random.integers(2, 6, 6):
        errors = np.sort(random.integers(1, 1000, levels)).astype(float)
        items.append(Item(errors, np.sort(random.integers(0, 50, (levels, 3)), axis=0)[::-1].astype(float)))
    least = sum(item.costs.min(axis=0) for item in items)
    most = sum(item.costs.max(axis=0) for item in items)
    return items, least + random.uniform(0.05, 0.6, 3) * (most - least)


def all_of(items: list[Item], bounds: np.ndarray) -> list[float]:
    """The errors of all combinations that fit."""
    found = []
    for levels in product(*(range(len(item.errors)) for item in items)):
        chosen = list(zip(items, levels, strict=True))
        if (sum(item.costs[n] for item, n in chosen) <= bounds + 1e-9).all():
            found.append(sum(float(item.errors[n]) for item, n in chosen))
    return sorted(found)


@pytest.mark.parametrize("seed", range(20))
def test_the_best_of_all(seed: int):
    """The first is the best; each is what it says, and fits; the bound of the prices is below."""
    items, bounds = items_of(seed)
    found, every = cheapest(items, bounds), all_of(items, bounds)
    assert found[0][0] == every[0]
    for error, levels in found:
        assert error == sum(item.errors[n] for item, n in zip(items, levels, strict=True))
        assert (sum(item.costs[n] for item, n in zip(items, levels, strict=True)) <= bounds + 1e-9).all()
    assert priced(*padded(items, bounds), np.ones(3))[0] <= every[0] + 1e-6


def test_levels_that_are_not_allowed():
    items = [
        Item(np.array([np.inf, 7.0]), np.array([[0.0], [1.0]])),
        Item(np.array([3.0, 1.0]), np.array([[0.0], [1.0]])),
    ]
    assert cheapest(items, np.array([1.0])) == [(10.0, (1, 0))]
    assert cheapest(items, np.array([0.0])) == []
    assert cheapest([Item(np.array([np.inf]), np.array([[0.0]]))], np.array([1.0])) == []


@pytest.mark.parametrize("seed", range(5))
def test_tight_bounds(seed: int):
    """Thirty items and bounds hardly above the one solution that is known to fit: something is found."""
    random = np.random.default_rng(seed)
    items, known = [], np.zeros(4)
    for _ in range(30):
        levels = 12
        errors = 1000 / np.arange(1, levels + 1)
        costs = np.outer(np.arange(1, levels + 1), random.uniform(1, 10, 4)) + random.uniform(0, 20, (levels, 4))
        known += costs[costs.sum(axis=1).argmin()]
        items.append(Item(errors, costs))
    found = cheapest(items, known * 1.02)
    assert found
    for _, chosen in found:
        assert (sum(item.costs[n] for item, n in zip(items, chosen, strict=True)) <= known * 1.02 + 1e-9).all()
