"""The choice of widths, by the strategies (strategies.py) and what a search accepts."""

from __future__ import annotations

from ...dialects.fixed.settings import Setting
from .candidates import NEGLIGIBLE, SLACK, Search, burden
from .strategies import Errors, cheapest, chosen, demoted, knapsack, sensitivities
from .variables import Key


def by_strategy(search: Search, strategy: str) -> dict[Key, Setting]:
    """A choice of widths."""
    errors = sensitivities(search.variables, search.judged)
    if strategy == "exact":
        return exact(search, errors)
    order = list(demoted(search.variables, errors, search.model if strategy == "sensitivity" else None))
    judge_each = strategy == "shiftry" or search.goal.loss is not None
    for number, choice in enumerate(order):
        close = search.is_close(search.judged(choice)) if judge_each else True
        if search.goal.loss is not None and not close:
            return order[max(0, number - 1)]
        if search.goal.loss is None and search.goal.limits.hold(search.cost(choice)):
            return choice
    return order[-1]


def exact(search: Search, errors: Errors) -> dict[Key, Setting]:
    """The least sum of errors within the limits; with a loss the cheapest of the best whose outputs are close."""
    front = knapsack(search.variables, errors, search.model, search.goal.limits)
    search.limited = any(solution.limited for solution in front)
    if not front:
        return cheapest(search.variables)
    choices = [chosen(search.variables, solution) for solution in front]
    if search.goal.loss is None:
        enough = max(NEGLIGIBLE, front[0].error * (1 + SLACK))
        good = [i for i, solution in enumerate(front) if solution.error <= enough]
        return choices[min(good or [0], key=lambda i: (burden(search.share(choices[i]), front[i].error), i))]
    return last_close(search, choices)


def last_close(search: Search, choices: list[dict[Key, Setting]]) -> dict[Key, Setting]:
    """The last of a list, whose outputs get ever less close, that is close enough; the first where none is."""
    near, far = 0, len(choices) - 1
    while near < far:
        middle = (near + far + 1) // 2
        if search.is_close(search.judged(choices[middle])):
            near = middle
        else:
            far = middle - 1
    return choices[near]
