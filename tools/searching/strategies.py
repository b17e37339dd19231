"""Ways to choose widths: from what each level of each variable alone costs in error, all others at their dearest.

sensitivity  demote what costs the least error for what it saves, until the limits hold
shiftry      the same order by error alone, the whole judged after each step (Shiftry, OOPSLA 2020)
exact        the least sum of errors within the limits (passes/knapsack.py)

Each yields choices in the order in which they are to be tried; the first that the search accepts is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ...dialects.fixed.settings import Setting
from ...passes.knapsack import Item, Solution, solutions
from .costs import ChoiceCosts, Limits
from .judging import Score
from .variables import Choice, Key, Variable

Errors = Mapping[Key, Mapping[Setting, float]]
"""What each level of each variable alone adds to the error."""

Judged = Callable[[Choice], Score]


def dearest(variables: Sequence[Variable]) -> dict[Key, Setting]:
    """All variables at their dearest level."""
    return {v.key: v.levels[-1] for v in variables}


def cheapest(variables: Sequence[Variable]) -> dict[Key, Setting]:
    """All variables at their cheapest level."""
    return {v.key: v.levels[0] for v in variables}


def sensitivities(variables: Sequence[Variable], judged: Judged) -> Errors:
    """The errors of single levels, each with all other variables at their dearest; at least 0."""
    start = dearest(variables)
    base = judged(start).error
    found: dict[Key, dict[Setting, float]] = {}
    for v in variables:
        lower = {level: max(0.0, judged({**start, v.key: level}).error - base) for level in v.levels[:-1]}
        found[v.key] = {**lower, v.levels[-1]: 0.0}
    return found


def demotions(
    variables: Sequence[Variable], errors: Errors, model: ChoiceCosts | None
) -> Iterator[tuple[Key, Setting]]:
    """Steps down, the least error first, or the least for what it saves; of a variable the dearer levels first."""
    shares = np.zeros(0) if model is None else model.shares(dearest(variables))

    def rank(v: Variable, number: int) -> float:
        level = v.levels[number]
        error = max(errors[v.key][lower] for lower in v.levels[number:])
        if model is None:
            return error
        saved = float(shares @ (model.of(v, v.levels[-1]) - model.of(v, level)))
        return (error + 1e-12) / max(1e-9, saved)

    steps = [(rank(v, n), -n, i, v) for i, v in enumerate(variables) for n in range(len(v.levels) - 1)]
    for _, number, _, v in sorted(steps, key=lambda step: step[:3]):
        yield v.key, v.levels[-number]


def demoted(variables: Sequence[Variable], errors: Errors, model: ChoiceCosts | None) -> Iterator[dict[Key, Setting]]:
    """From all at their dearest down, one step after the other."""
    choice = dearest(variables)
    order = {v.key: v.levels for v in variables}
    yield dict(choice)
    for key, level in demotions(variables, errors, model):
        if order[key].index(level) < order[key].index(choice[key]):
            choice[key] = level
            yield dict(choice)


def knapsack(variables: Sequence[Variable], errors: Errors, model: ChoiceCosts, limits: Limits) -> list[Solution]:
    """The choices within limits that are worth it, the least sum of errors first.

    The last of a solution's costs is one number for flash, cycles and RAM.
    """
    columns = tight(variables, model, model.bounds(limits))
    shares = model.shares(dearest(variables))
    rows: list[Item] = []
    for v in variables:
        vectors = np.array([model.of(v, level) for level in v.levels])
        costs = np.column_stack([vectors[:, [c for c, _ in columns]], vectors @ shares])
        rows.append(Item(np.array([errors[v.key][level] for level in v.levels]), costs))
    return solutions(rows, np.array([*(bound for _, bound in columns), np.inf]))


def tight(
    variables: Sequence[Variable], model: ChoiceCosts, bounds: Sequence[tuple[int, float]]
) -> list[tuple[int, float]]:
    """Bounds that the dearest levels would exceed, of like ones the tightest."""
    vectors = [np.array([model.of(v, level) for level in v.levels]) for v in variables]
    most = np.sum([vector.max(axis=0) for vector in vectors], axis=0)
    exceeded = [(column, bound) for column, bound in bounds if most[column] > bound]
    distinct: dict[bytes, tuple[int, float]] = {}
    for column, bound in exceeded:
        amounts = np.concatenate([vector[:, column] for vector in vectors]).tobytes()
        if amounts not in distinct or bound < distinct[amounts][1]:
            distinct[amounts] = column, bound
    return list(distinct.values())


def chosen(variables: Sequence[Variable], solution: Solution) -> dict[Key, Setting]:
    """The levels of a solution."""
    return {v.key: v.levels[level] for v, level in zip(variables, solution.levels, strict=True)}
