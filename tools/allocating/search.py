"""A choice for each form: the least cycles within a device's cells.

Cycles of forms that run beside each other are the longest of many paths through their rows, each a weighted sum of
their steps. `exact` solves the multiple-choice knapsack of such a sum under all cells (passes/priced_knapsack.py) for
weights that are the mean of those of the critical paths of all solutions so far: in the limit these are the paths'
shares in the least cycles of mixed choices (Brown's fictitious play, 1951). No form may take more steps than a bound,
the least that fits and the next ones. Where forms run one after the other, weights are how often each runs, and the
first solution is exact. The best is improved by single changes and exchanges until none helps, then gives back what
gains next to nothing. `greedy` is MAFIA's (Ghanathe et al., 2021): what gains the most cycles per cell gets lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from ...passes.knapsack import Item
from ...passes.priced_knapsack import cheapest
from .neighbours import grown, improved, trimmed
from .problem import LOOK_UP_TABLES, Costs, Problem

STRATEGIES = ("exact", "greedy")

MOST_BOUNDS, MOST_WEIGHTS = 4, 8
"""On the steps of a form that are tried, and weights of steps for each."""

LEAST_WEIGHT = 0.02
"""Of a form's rounds, in the weights of steps: those of a form on no critical path still count."""

TRIED = 6
"""Solutions of a knapsack whose cycles are counted."""

Chosen = tuple[int, ...]


def search(problem: Problem, strategy: str) -> list[int] | None:
    """The number of each form's choice; None where nothing fits."""
    ones = np.ones(len(problem.choices))
    if strategy == "greedy":
        start: Sequence[int] | None = least(problem)
        if not problem.fits(start):
            start = next(fitting(problem, np.inf, ones), None)
        return None if start is None else grown(problem, start)
    best = best_of_knapsacks(problem, ones)
    return None if best is None else trimmed(problem, improved(problem, grown(problem, best)))


def least(problem: Problem) -> list[int]:
    """The cheapest choice of each form."""
    return [min(range(len(c)), key=lambda n: problem.price(f, n)) for f, c in enumerate(problem.choices)]


def fitting(problem: Problem, bound: float, weights: Costs, time: float = 0) -> Iterator[Chosen]:
    """Choices of at most so many steps each that fit, the least weighted sum of steps first.

    `time` is about what an inference takes, of which look-up tables are worth a part.
    """
    tables = LOOK_UP_TABLES * time / max(1.0, problem.budget[0])
    items: list[Item] = []
    forms = zip(problem.choices, problem.rounds, problem.steps, problem.tables, weights, strict=True)
    for choices, rounds, steps, table, weight in forms:
        others = np.array([float(c.timing.behind * rounds) for c in choices]) + tables * table[:, 0]
        items.append(Item(np.where(steps <= bound, weight * steps + others, np.inf), table))
    return (levels for _, levels in cheapest(items, problem.budget) if problem.fits(levels))


def best_of_knapsacks(problem: Problem, ones: Costs) -> Chosen | None:
    """The fastest solution of knapsacks with several bounds on the steps of any form, and weights of steps."""
    best: tuple[float, Chosen] | None = None
    for bound in bounds(problem, ones):
        before, weights, total, last = best, ones, np.zeros(len(ones)), None
        for number in range(1, MOST_WEIGHTS + 1):
            found = list(islice(fitting(problem, bound, weights, best[0] if best else 0), TRIED))
            if not found or found[0] == last:
                break
            best = min([(problem.score(c), c) for c in found] + ([best] if best else []))
            last = found[0]
            total = total + problem.weights(last)
            weights = np.maximum(total / number, LEAST_WEIGHT)
        if before is not None and best == before:
            break
    return None if best is None else best[1]


def bounds(problem: Problem, ones: Costs) -> list[float]:
    """The least bound on the steps of any form with which all fit, and the next ones; none where forms take turns."""
    if not problem.overlaps:
        return [np.inf]
    floor = max(steps.min() for steps in problem.steps)
    all_steps = np.unique(np.concatenate(problem.steps))
    tried = all_steps[all_steps >= floor].tolist()
    low, high = 0, len(tried) - 1
    while low < high:
        middle = (low + high) // 2
        if next(fitting(problem, tried[middle], ones), None) is None:
            low = middle + 1
        else:
            high = middle
    return tried[low : low + MOST_BOUNDS]
