"""The best few solutions of a multiple-choice knapsack with several bounds, by prices of what is bounded.

`least(p) = sum over items of min(error + p . cost) - p . bounds` is no more than the error of any solution, for any
prices p >= 0 (Lagrangian relaxation; Kellerer, Pferschy and Pisinger, "Knapsack Problems", 2004, chapters 9 and 11).
With the prices that make it greatest, a level is worse than the best one of its item by its *regret*, and the regrets
of a solution's levels add up to no more than its distance from `least`. So lists of states (knapsack.py) only keep
those with regrets of at most a gap, which is doubled until a solution is found that is no further away. Exact unless a
list grows beyond `MOST` states, of which those with the least regrets are kept, and `SPARE` that leave the most to the
items that follow: where bounds are tight these are the ones that fit in the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .knapsack import Item, Reals, undominated

MOST, SPARE = 60, 12

ROUNDS, STEP, SHRINK = 60, 1.0, 0.88
"""Of the subgradient method that looks for prices: its first step, of the widest range of errors, how it shrinks."""

FIRST_GAP = 0.03
"""Of the least sum of errors."""

Found = tuple[float, tuple[int, ...]]


def cheapest(items: Sequence[Item], bounds: Reals) -> list[Found]:
    """The solution with the least sum of errors and a few near it, the best first; none where none is found.

    A level whose error is infinite is not allowed. Each solution is its sum of errors and a level for each item.
    """
    if any(not np.isfinite(item.errors).any() for item in items):
        return []
    errors, costs = padded(items, bounds)
    limits = np.where(bounds > 0, 1.0, 0.0)
    least, prices = priced(errors, costs, limits)
    regrets = errors + costs @ prices
    regrets -= regrets.min(axis=1)[:, None]
    gap = max(1.0, FIRST_GAP * abs(least))
    furthest = float(np.where(np.isfinite(errors), errors, 0).max(axis=1).sum())
    while least <= furthest:
        found = within(gap, errors, costs, regrets, limits)
        if found and found[0][0] <= least + gap:
            return found
        if not found and gap > furthest:
            break
        gap = found[0][0] - least + 1e-6 if found else 2 * gap
    return []


def padded(items: Sequence[Item], bounds: Reals) -> tuple[Reals, Reals]:
    """Errors (items, levels) and costs as shares of the bounds (items, levels, bounds), filled up with inf and 0."""
    levels = max(len(item.errors) for item in items)
    errors = np.full((len(items), levels), np.inf)
    costs = np.zeros((len(items), levels, len(bounds)))
    for row, item in enumerate(items):
        errors[row, : len(item.errors)] = item.errors
        costs[row, : len(item.errors)] = item.costs
    return errors, costs / np.where(bounds > 0, bounds, 1.0)


def priced(errors: Reals, costs: Reals, limits: Reals) -> tuple[float, Reals]:
    """The greatest lower bound that a subgradient method finds, and its prices."""
    rows, finite = np.arange(len(errors)), np.where(np.isfinite(errors), errors, 0)
    step = STEP * max(1.0, float((finite.max(axis=1) - errors.min(axis=1)).max()))
    prices = np.zeros(len(limits))
    best = -np.inf, prices
    for _ in range(ROUNDS):
        with_prices = errors + costs @ prices
        levels = with_prices.argmin(axis=1)
        value = float(with_prices[rows, levels].sum() - prices @ limits)
        if value > best[0]:
            best = value, prices
        over = costs[rows, levels].sum(axis=0) - limits
        length = float(np.linalg.norm(over))
        if length < 1e-12:
            break
        prices = np.maximum(0, prices + step * over / length)
        step *= SHRINK
    return best


def within(gap: float, errors: Reals, costs: Reals, regrets: Reals, limits: Reals) -> list[Found]:
    """The solutions whose regrets add up to no more than a gap, by lists of states, the widest items first."""
    allowed = [np.flatnonzero(row <= gap) for row in regrets]
    order = sorted(range(len(errors)), key=lambda n: -float(np.ptp(costs[n][allowed[n]], axis=0).sum()))
    rest = np.zeros((len(order) + 1, len(limits)))
    for place in range(len(order) - 1, -1, -1):
        rest[place] = rest[place + 1] + costs[order[place]][allowed[order[place]]].min(axis=0)
    states = np.zeros((1, 2 + len(limits)))
    """Of each the sum of errors, of regrets, and of costs."""
    steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    """Of each state the one that it comes from, and its level."""
    numbers = np.zeros(1, np.int64)

    def keep(kept: NDArray[np.int64]) -> None:
        nonlocal states, numbers
        states, numbers = states[kept], numbers[kept]

    for place, item in enumerate(order):
        levels = allowed[item]
        more = np.column_stack([errors[item][levels], regrets[item][levels], costs[item][levels]])
        states = (states[:, None] + more).reshape(-1, states.shape[1])
        numbers = np.arange(len(states))
        fits = (states[:, 2:] + rest[place + 1] <= limits + 1e-9).all(axis=1)
        keep(np.flatnonzero(fits & (states[:, 1] <= gap)))
        if not len(states):
            return []
        if len(states) > 4 * MOST:
            keep(promising(states[:, 1], states[:, 2:] + rest[place + 1], 4 * MOST))
        keep(undominated(states[:, 0], states[:, 2:]))
        if len(states) > MOST:
            keep(promising(states[:, 1], states[:, 2:] + rest[place + 1], MOST))
        steps.append((numbers // len(levels), levels[numbers % len(levels)]))
    chosen = np.empty((len(states), len(order)), np.int64)
    at = np.arange(len(states))
    for item, (before, level) in zip(reversed(order), reversed(steps), strict=True):
        chosen[:, item] = level[at]
        at = before[at]
    best = np.argsort(states[:, 0], kind="stable")
    return [(float(states[n, 0]), tuple(chosen[n].tolist())) for n in best]


def promising(regret: Reals, taken: Reals, most: int) -> NDArray[np.int64]:
    """The states with the least regrets, and a few that take the least of the bound of which they take the most.

    `taken` is of shape (states, bounds): shares of the bounds that are taken at least, in the end.
    """
    kept = np.zeros(len(regret), np.bool_)
    kept[np.argsort(regret, kind="stable")[:most]] = True
    kept[np.argsort(taken.max(axis=1), kind="stable")[:SPARE]] = True
    return np.flatnonzero(kept)
