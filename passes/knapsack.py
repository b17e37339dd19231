"""One level for each variable: the least sum of errors within bounds on sums of costs, by dynamic programming.

The multiple-choice knapsack problem (Kellerer, Pferschy and Pisinger, "Knapsack Problems", 2004, chapter 11), solved by
lists of states of which none is better than another in error and all costs. Exact for errors that add up, unless a list
grows beyond `MOST_STATES`, or what a caller says: then it is thinned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

MOST_STATES = 600

BLOCK = 128
"""States that are compared with others at once."""

LATER = np.triu(np.ones((BLOCK, BLOCK), np.bool_), 1)
"""Whether a state of a block, by column, comes behind another one, by row."""


@dataclass(frozen=True)
class Item:
    """A variable: the error of each level, (levels,), and what each costs, (levels, bounds)."""

    errors: Reals
    costs: Reals


@dataclass(frozen=True)
class Solution:
    """A level per item; `limited` where lists were thinned: there may be better ones."""

    levels: tuple[int, ...]
    error: float
    costs: Reals
    limited: bool


def solutions(items: Sequence[Item], bounds: Reals, most: int = MOST_STATES) -> list[Solution]:
    """All that are not worse than another one in error and every cost, the least error first; none where none fits."""
    dims = len(bounds)
    least = np.zeros((len(items) + 1, dims))
    for index in range(len(items) - 1, -1, -1):
        least[index] = least[index + 1] + items[index].costs.min(axis=0)
    errors, costs = np.zeros(1), np.zeros((1, dims))
    chosen, limited = np.zeros((1, 0), np.int16), False
    for index, item in enumerate(items):
        levels = len(item.errors)
        errors = (errors[:, None] + item.errors).reshape(-1)
        costs = (costs[:, None] + item.costs).reshape(-1, dims)
        last = np.tile(np.arange(levels, dtype=np.int16), len(chosen))
        chosen = np.column_stack([np.repeat(chosen, levels, axis=0), last])
        fits = (costs + least[index + 1] <= bounds + 1e-9).all(axis=1)
        errors, costs, chosen = errors[fits], costs[fits], chosen[fits]
        kept = undominated(errors, costs)
        if len(kept) > most:
            kept = kept[np.unique(np.linspace(0, len(kept) - 1, most).astype(int))]
            limited = True
        errors, costs, chosen = errors[kept], costs[kept], chosen[kept]
    return [Solution(tuple(map(int, c)), float(e), k, limited) for c, e, k in zip(chosen, errors, costs, strict=True)]


def undominated(errors: Reals, costs: Reals) -> NDArray[np.int64]:
    """The states than which none has less error and no greater cost, by ascending error."""
    order = np.argsort(errors, kind="stable")
    if (errors[order[1:]] == errors[order[:-1]]).any():
        order = np.lexsort((*costs.T[::-1], errors))
    if costs.shape[1] == 1:
        sorted_costs = costs[order, 0]
        before = np.concatenate([[np.inf], np.minimum.accumulate(sorted_costs)[:-1]])
        return order[sorted_costs < before]
    by_bound = np.ascontiguousarray(costs[order].T)
    kept = np.zeros(0, np.int64)
    for begin in range(0, len(order), BLOCK):
        block = np.arange(begin, min(begin + BLOCK, len(order)))
        if len(kept):
            block = block[~no_dearer(by_bound[:, kept], by_bound[:, block]).any(axis=0)]
        own = by_bound[:, block]
        among = no_dearer(own, own) & LATER[: len(block), : len(block)]
        kept = np.concatenate([kept, block[~among.any(axis=0)]])
    return order[kept]


def no_dearer(some: Reals, others: Reals) -> NDArray[np.bool_]:
    """Whether each of some states costs no more of anything than each of others, (some, others); costs by bound."""
    found = np.ones((some.shape[1], others.shape[1]), np.bool_)
    for mine, theirs in zip(some, others, strict=True):
        found &= mine[:, None] <= theirs
    return found
