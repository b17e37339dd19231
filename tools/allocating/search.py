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

from ...passes.knapsack import MOST_STATES, Item, solutions
from .choices import Choice

STRATEGIES = ("exact", "greedy")

MOST_BOUNDS = 4
"""On the steps of a form that are tried."""

NEAR = 3
"""Choices of a form beside its own that are looked at in a step of a search."""

MOST_EXCHANGES, MOST_GAINS = 12, 4
"""Exchanges in all, and forms for which others are asked to give, the greatest gain first."""

STATES = 120
"""Of a knapsack, where its sum of steps is not what counts in the end."""

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
    overlaps: bool = False

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
    return improved(problem, grown(problem, best))


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
    found = solutions(items, problem.budget[used], STATES if problem.overlaps else MOST_STATES)[:TRIED]
    chosen = [[n[level] for n, level in zip(numbers, s.levels, strict=True)] for s in found]
    return min((c for c in chosen if problem.fits(c)), key=problem.time, default=None)


def grown(problem: Problem, start: Sequence[int]) -> list[int]:
    """Give lanes where they gain the most cycles for their cells, until nothing that fits gains any."""
    chosen, time = list(start), problem.time(start)
    while True:
        best: tuple[float, int, list[int]] | None = None
        for form in range(len(problem.choices)):
            for n in faster(problem, form, chosen[form]):
                tried = [*chosen[:form], n, *chosen[form + 1 :]]
                if not problem.fits(tried):
                    continue
                gain = time - problem.time(tried)
                extra = max(1e-6, problem.price(form, n) - problem.price(form, chosen[form]))
                if gain > 0 and (best is None or gain / extra > best[0]):
                    best = gain / extra, gain, tried
        if best is None:
            return chosen
        time, chosen = time - best[1], best[2]


def faster(problem: Problem, form: int, than: int) -> list[int]:
    """The next choices with fewer steps, the cheapest of those with as many first."""
    most = steps_of(problem, form, than)
    return near(problem, form, [n for n in range(len(problem.choices[form])) if steps_of(problem, form, n) < most], -1)


def slower(problem: Problem, form: int, than: int) -> list[int]:
    """The next choices with as many steps or more that take less of some cell."""
    least = steps_of(problem, form, than)
    others = [n for n in range(len(problem.choices[form])) if n != than and steps_of(problem, form, n) >= least]
    return near(problem, form, [n for n in others if is_cheaper(problem, form, n, than)], 1)


def near(problem: Problem, form: int, numbers: list[int], sign: int) -> list[int]:
    """The first few, by steps in ascending (1) or descending (-1) order, then by price."""
    return sorted(numbers, key=lambda n: (sign * steps_of(problem, form, n), problem.price(form, n)))[:NEAR]


def steps_of(problem: Problem, form: int, choice: int) -> int:
    """The steps of a choice."""
    return problem.choices[form][choice].timing.steps


def improved(problem: Problem, start: Sequence[int]) -> list[int]:
    """Take cells from one form for another, as long as that gains cycles, and not too often."""
    chosen, time = list(start), problem.time(start)
    for _ in range(MOST_EXCHANGES):
        better = exchange(problem, chosen, time)
        if better is None:
            break
        chosen = grown(problem, better)
        time = problem.time(chosen)
    return chosen


def exchange(problem: Problem, chosen: Sequence[int], time: int) -> list[int] | None:
    """A change of one form for another that gains cycles: of the forms that gain the most, the first that pays."""
    gains: list[tuple[int, int, int]] = []
    for form in range(len(problem.choices)):
        for n in faster(problem, form, chosen[form]):
            gain = time - problem.time([*chosen[:form], n, *chosen[form + 1 :]])
            if gain > 0:
                gains.append((gain, form, n))
    for _, form, n in sorted(gains, reverse=True)[:MOST_GAINS]:
        alone = [*chosen[:form], n, *chosen[form + 1 :]]
        for other in range(len(problem.choices)):
            for m in () if other == form else slower(problem, other, chosen[other]):
                tried = [*alone[:other], m, *alone[other + 1 :]]
                if problem.fits(tried) and problem.time(tried) < time:
                    return tried
    return None


def is_cheaper(problem: Problem, form: int, one: int, other: int) -> bool:
    """Whether a choice takes less of some cell."""
    a, b = problem.choices[form][one].cells.costs, problem.choices[form][other].cells.costs
    return any(x < y for x, y in zip(a, b, strict=True))
