"""A choice for each form: the least cycles within a device's cells.

`exact` solves, for several bounds on the steps of any form, the multiple-choice knapsack of all steps under all cells
(passes/knapsack.py): it is exact where forms run one after the other. Where they overlap, the slowest form and the
waits between them count: of its solutions that with the least cycles is improved by single changes and exchanges until
none helps. `greedy` is MAFIA's (Ghanathe et al., 2021): what gains the most cycles per cell gets the next lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...passes.knapsack import Item, solutions
from .choices import Choice

STRATEGIES = ("exact", "greedy")

MOST_BOUNDS = 6
"""On the steps of a form that are tried."""

TRIED = 4
"""Solutions of a knapsack whose cycles are counted."""

Cycles = Callable[[Sequence[Choice]], int]
Costs = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Choices of each form, how often it runs, what there is of each cell, and the cycles of choices."""

    choices: Sequence[Sequence[Choice]]
    rounds: Sequence[int]
    budget: Costs
    cycles: Cycles

    @cached_property
    def tables(self) -> list[Costs]:
        """The cells of each form's choices: (choices, cells)."""
        return [np.array([c.cells.costs for c in choices]) for choices in self.choices]

    def costs(self, chosen: Sequence[int]) -> Costs:
        """The cells of all."""
        return np.array([table[n] for table, n in zip(self.tables, chosen, strict=True)]).sum(axis=0)

    def fits(self, chosen: Sequence[int]) -> bool:
        """Whether the device has them."""
        return bool((self.costs(chosen) <= self.budget + 1e-9).all())

    def time(self, chosen: Sequence[int]) -> int:
        """Cycles of an inference."""
        return self.cycles([c[n] for c, n in zip(self.choices, chosen, strict=True)])

    def price(self, form: int, choice: int) -> float:
        """The cells of a choice as a share of the budget."""
        return float((self.tables[form][choice] / np.maximum(self.budget, 1)).sum())


def search(problem: Problem, strategy: str) -> list[int] | None:
    """The number of each form's choice; None where nothing fits."""
    start = least(problem)
    if not problem.fits(start):
        start = first_of_knapsack(problem, float("inf"))
        if start is None:
            return None
    if strategy == "greedy":
        return grown(problem, start)
    starts = [start, *from_knapsacks(problem)]
    best = min(starts, key=problem.time)
    return improved(problem, min(grown(problem, best), grown(problem, start), key=problem.time))


def least(problem: Problem) -> list[int]:
    """The cheapest choice of each form."""
    return [min(range(len(c)), key=lambda n: problem.price(f, n)) for f, c in enumerate(problem.choices)]


def from_knapsacks(problem: Problem) -> list[list[int]]:
    """The best choices by the sum of steps, for several bounds on the steps of any form."""
    steps = sorted({c.timing.steps * r for cs, r in zip(problem.choices, problem.rounds, strict=True) for c in cs})
    floor = max(min(c.timing.steps * r for c in cs) for cs, r in zip(problem.choices, problem.rounds, strict=True))
    bounds = [s for s in steps if s >= floor]
    kept = [bounds[i] for i in np.unique(np.linspace(0, len(bounds) - 1, MOST_BOUNDS).astype(int))]
    return [found for bound in kept if (found := first_of_knapsack(problem, bound)) is not None]


def first_of_knapsack(problem: Problem, most: float) -> list[int] | None:
    """The choices with the least sum of steps of which none has more than a bound, the fastest of a few."""
    items: list[Item] = []
    numbers: list[list[int]] = []
    used = [0, 2, 3]
    for choices, rounds in zip(problem.choices, problem.rounds, strict=True):
        allowed = [n for n, c in enumerate(choices) if c.timing.steps * rounds <= most]
        if not allowed:
            return None
        numbers.append(allowed)
        steps = np.array([float(choices[n].timing.steps * rounds) for n in allowed])
        items.append(Item(steps, np.array([choices[n].cells.costs for n in allowed])[:, used]))
    found = solutions(items, problem.budget[used])[:TRIED]
    chosen = [[n[level] for n, level in zip(numbers, s.levels, strict=True)] for s in found]
    return min((c for c in chosen if problem.fits(c)), key=problem.time, default=None)


def grown(problem: Problem, start: Sequence[int]) -> list[int]:
    """Give lanes where they gain the most cycles for their cells, until nothing that fits gains any."""
    chosen, time = list(start), problem.time(start)
    while True:
        best: tuple[float, int, int, int] | None = None
        for form, choices in enumerate(problem.choices):
            for n in range(len(choices)):
                if choices[n].timing.steps >= choices[chosen[form]].timing.steps:
                    continue
                tried = [*chosen[:form], n, *chosen[form + 1 :]]
                if not problem.fits(tried):
                    continue
                gain = time - problem.time(tried)
                extra = max(1e-6, problem.price(form, n) - problem.price(form, chosen[form]))
                if gain > 0 and (best is None or gain / extra > best[0]):
                    best = gain / extra, form, n, gain
        if best is None:
            return chosen
        chosen[best[1]] = best[2]
        time -= best[3]


def improved(problem: Problem, start: Sequence[int]) -> list[int]:
    """Take cells from one form for another, as long as that gains cycles."""
    chosen, time = list(start), problem.time(start)
    while True:
        better = exchange(problem, chosen, time)
        if better is None:
            return chosen
        chosen = grown(problem, better)
        time = problem.time(chosen)


def exchange(problem: Problem, chosen: Sequence[int], time: int) -> list[int] | None:
    """The first change of one form, or of one for another, that gains cycles."""
    numbers = range(len(problem.choices))
    slower = [
        (form, n)
        for form in numbers
        for n in range(len(problem.choices[form]))
        if n != chosen[form] and is_cheaper(problem, form, n, chosen[form])
    ]
    for form in numbers:
        for n, choice in enumerate(problem.choices[form]):
            if choice.timing.steps >= problem.choices[form][chosen[form]].timing.steps:
                continue
            alone = [*chosen[:form], n, *chosen[form + 1 :]]
            if problem.time(alone) >= time:
                continue
            for other, m in slower:
                tried = list(alone)
                if other != form:
                    tried[other] = m
                if problem.fits(tried) and problem.time(tried) < time:
                    return tried
    return None


def is_cheaper(problem: Problem, form: int, one: int, other: int) -> bool:
    """Whether a choice takes less of some cell."""
    a, b = problem.choices[form][one].cells.costs, problem.choices[form][other].cells.costs
    return any(x < y for x, y in zip(a, b, strict=True))
