"""Scales for a choice of widths, and cheaper levels where these then do."""

from __future__ import annotations

from dataclasses import replace

from ...dialects.fixed.settings import Setting
from .candidates import NEGLIGIBLE, SLACK, Search, burden
from .refining import Ranges, refined
from .strategies import dearest
from .variables import Key, Variable, uniform

ROUNDS = 12
"""As many evaluations per variable may be spent on scales."""


def starting(search: Search, ranges: Ranges) -> list[Variable]:
    """The variables with the ranges, of all that the data show or of a percentile, at which 8 bits err least."""
    narrow = uniform(search.variables, 8)
    starts: list[dict[Key, tuple[float, float]]] = [{}]
    for number in range(max(map(len, ranges.values()), default=0)):
        starts.append({key: pairs[min(number, len(pairs) - 1)] for key, pairs in ranges.items() if pairs})
    scores = [search.judged({key: replace(s, range=start.get(key)) for key, s in narrow.items()}) for start in starts]
    best = starts[min(range(len(starts)), key=lambda number: (scores[number], number))]
    return [
        replace(v, levels=tuple(replace(s, range=best.get(v.key) if (s.bits or 8) <= 8 else None) for s in v.levels))
        for v in search.variables
    ]


def fine(search: Search, coarse: dict[Key, Setting], ranges: Ranges) -> dict[Key, Setting]:
    """A choice with better scales, then with cheaper levels where these now do."""
    most = ROUNDS * len(search.variables)
    best = refined(search.variables, coarse, search.judged, ranges, most)
    thin = thinned(search, best)
    return best if thin == best else refined(search.variables, thin, search.judged, ranges, most)


def thinned(search: Search, choice: dict[Key, Setting]) -> dict[Key, Setting]:
    """A choice with cheaper levels, the greatest saving first, as long as that is worth it, or with a loss close."""
    best, start = dict(choice), search.judged(choice)
    enough = max(NEGLIGIBLE, start.error * (1 + SLACK))
    shares, limits = search.model.shares(dearest(search.variables)), search.goal.limits

    def price(variable: Variable, setting: Setting) -> float:
        return float(shares @ search.model.of(variable, setting))

    steps = [
        (price(v, level) - price(v, choice[v.key]), number, v, level)
        for number, v in enumerate(search.variables)
        for level in v.levels
    ]
    for _, _, variable, level in sorted((s for s in steps if s[0] < 0), key=lambda step: step[:2]):
        now = best[variable.key]
        if price(variable, level) >= price(variable, now):
            continue
        cheaper = {**best, variable.key: replace(level, clip=now.clip or level.clip, range=now.range)}
        score = search.judged(cheaper)
        alike = score.error <= enough and score.wrong <= start.wrong and outweighs(search, cheaper, best)
        fine = alike if search.goal.loss is None else search.is_close(score)
        if fine and limits.hold(search.cost(cheaper)) >= limits.hold(search.cost(best)):
            best = cheaper
    return best


def outweighs(search: Search, one: dict[Key, Setting], other: dict[Key, Setting]) -> bool:
    """Whether what a choice saves is worth what it loses."""
    burdens = [burden(search.share(choice), search.judged(choice).error) for choice in (one, other)]
    return burdens[0] < burdens[1]
