"""Better choices near given ones: single changes, exchanges between two forms, and cells that are given back."""

from __future__ import annotations

from collections.abc import Sequence

from .problem import Problem

NEAR = 3
"""Choices of a form beside its own that are looked at in a step of a search."""

MOST_EXCHANGES, MOST_GAINS = 12, 4
"""Exchanges in all, and forms for which others are asked to give, the greatest gain first."""


def grown(problem: Problem, start: Sequence[int]) -> list[int]:
    """Give lanes where they gain the most cycles for their cells, until nothing that fits gains any."""
    chosen, score = list(start), problem.score(start)
    while True:
        best: tuple[float, float, list[int]] | None = None
        for form in range(len(problem.choices)):
            for n in faster(problem, form, chosen[form]):
                tried = [*chosen[:form], n, *chosen[form + 1 :]]
                if not problem.fits(tried):
                    continue
                gain = score - problem.score(tried)
                extra = max(1e-6, problem.price(form, n) - problem.price(form, chosen[form]))
                if gain > 0 and (best is None or gain / extra > best[0]):
                    best = gain / extra, gain, tried
        if best is None:
            return chosen
        score, chosen = score - best[1], best[2]


def trimmed(problem: Problem, start: Sequence[int]) -> list[int]:
    """Take cells back where that makes a better score, those of the forms with the most look-up tables first."""
    chosen, score = list(start), problem.score(start)
    for form in sorted(range(len(chosen)), key=lambda f: -problem.tables[f][chosen[f]][0]):
        for n in slower(problem, form, chosen[form]):
            tried = [*chosen[:form], n, *chosen[form + 1 :]]
            if problem.fits(tried) and (now := problem.score(tried)) < score:
                chosen, score = tried, now
    return chosen


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
    chosen = list(start)
    for _ in range(MOST_EXCHANGES):
        better = exchange(problem, chosen)
        if better is None:
            break
        chosen = grown(problem, better)
    return chosen


def exchange(problem: Problem, chosen: list[int]) -> list[int] | None:
    """A change of one form for another with a better score: of the forms that gain the most, the first that pays."""
    score = problem.score(chosen)
    gains: list[tuple[float, int, int]] = []
    for form in range(len(problem.choices)):
        for n in faster(problem, form, chosen[form]):
            gain = score - problem.score([*chosen[:form], n, *chosen[form + 1 :]])
            if gain > 0:
                gains.append((gain, form, n))
    for _, form, n in sorted(gains, reverse=True)[:MOST_GAINS]:
        alone = [*chosen[:form], n, *chosen[form + 1 :]]
        for other in range(len(problem.choices)):
            for m in () if other == form else slower(problem, other, chosen[other]):
                tried = [*alone[:other], m, *alone[other + 1 :]]
                if problem.fits(tried) and problem.score(tried) < score:
                    return tried
    return None


def is_cheaper(problem: Problem, form: int, one: int, other: int) -> bool:
    """Whether a choice takes less of some cell."""
    a, b = problem.choices[form][one].cells.costs, problem.choices[form][other].cells.costs
    return any(x < y for x, y in zip(a, b, strict=True))
