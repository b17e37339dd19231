"""The search for types: variables, what single levels cost in error, a strategy, scales, and the integers' verdict.

Candidates are judged by the float executor that rounds each value to its type, what is taken also by the integers.
What is counted is evaluations, never seconds: the same data give the same types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from xdsl.dialects.builtin import ModuleOp

from ...dialects.errors import UserError
from ...dialects.fixed.settings import Setting
from ...passes.fixed.assign_types import Assignment
from ...targets.core import Core
from ...targets.dataset import Dataset
from ..progress import Tick, bar
from .costs import Cost, CostModel, Measured, useful
from .found import Candidate, Found, Goal
from .integers import integer_values
from .judging import Judge, Score
from .ranges import Ranges, other_ranges
from .refining import refined
from .strategies import cheapest, chosen, dearest, demoted, knapsack, sensitivities
from .variables import Choice, Key, Variable, reassigned, variables

STRATEGIES = ("exact", "shiftry", "sensitivity")

ROUNDS = 12
"""As many evaluations per variable may be spent on scales."""

SEARCHED = ("widths", "widths and scales")
"""The names of what a search finds, without scales of its own and with them."""

ATTEMPTS = 3
"""As often a search is repeated, a little stricter, where its outcome does not do."""

MOST_ERROR = 0.02
"""No more of the outputs' variance may be lost, however many rows stay right: these are rows that were trained on."""

NEGLIGIBLE, SLACK = 1e-3, 0.1
"""Errors up to the first, or greater than the least by this share, are alike: what is cheaper is taken."""

Measure = Callable[[ModuleOp], tuple[int, int]]
"""Flash and RAM, in bytes, of the program of a module with types."""


@dataclass
class Search:
    """One search on a calibrated module, whose ops get `fixed.bits` and the like.

    `tick` is told of each evaluation, of which `scores` keeps the outcome. `margin` rows less than may be lost are,
    where the integers had some wrong that the float executor has right.
    """

    module: ModuleOp
    assignment: Assignment
    judge: Judge
    model: CostModel
    variables: list[Variable]
    goal: Goal
    product_bits: int = 32
    evaluations: int = 0
    limited: bool = False
    margin: int = 0
    tick: Tick = field(default=lambda done: None)
    scores: dict[tuple[tuple[Key, Setting], ...], Score] = field(
        default_factory=dict[tuple[tuple[Key, Setting], ...], Score]
    )

    def judged(self, choice: Choice) -> Score:
        """The score of a choice by the float executor that rounds; each choice is judged once."""
        key = tuple(sorted(choice.items(), key=lambda item: item[0]))
        if key not in self.scores:
            reassigned(self.assignment, self.variables, choice)
            self.scores[key] = self.judge.score()
            self.evaluations += 1
        self.tick(1)
        return self.scores[key]

    def starting(self, ranges: Ranges) -> list[Variable]:
        """The variables with the ranges, of all that the data show or of a percentile, at which 8 bits err least."""
        narrow = uniform(self.variables, 8)
        starts: list[dict[Key, tuple[float, float]]] = [{}]
        for number in range(max(map(len, ranges.values()), default=0)):
            starts.append({key: pairs[min(number, len(pairs) - 1)] for key, pairs in ranges.items() if pairs})
        scores = [self.judged({key: replace(s, range=start.get(key)) for key, s in narrow.items()}) for start in starts]
        best = starts[min(range(len(starts)), key=lambda number: (scores[number], number))]
        return [
            replace(
                v, levels=tuple(replace(s, range=best.get(v.key) if (s.bits or 8) <= 8 else None) for s in v.levels)
            )
            for v in self.variables
        ]

    def take(self, strategy: str, ranges: Ranges, measure: Measure | None) -> tuple[Candidate, list[Candidate]]:
        """The better of widths alone and widths with scales, and both.

        Tried again, a little stricter, where the integers or the sizes of the program show that it does not do.
        """
        taken, candidates = self.attempt(strategy, ranges, measure)
        for _ in range(ATTEMPTS - 1):
            if self.goal.loss is not None and not self.holds(taken.score):
                self.margin += 1
            elif taken.fits or taken.measured is None:
                break
            else:
                self.model.calibrate(Measured(*taken.measured, taken.choice))
            taken, candidates = self.attempt(strategy, ranges, measure)
        return taken, candidates

    def attempt(self, strategy: str, ranges: Ranges, measure: Measure | None) -> tuple[Candidate, list[Candidate]]:
        """As `take`, once."""
        coarse = self.by_strategy(strategy)
        choices = zip(SEARCHED, (coarse, self.fine(coarse, ranges)), strict=True)
        candidates = [self.candidate(name, choice) for name, choice in choices]
        taken = best_of(candidates, self)
        return (taken if measure is None else self.measured(taken, measure)), candidates

    def holds(self, score: Score) -> bool:
        """Whether no more is lost than may be, without a margin."""
        return replace(self, margin=0).is_close(score)

    def by_strategy(self, strategy: str) -> dict[Key, Setting]:
        """A choice of widths."""
        errors = sensitivities(self.variables, self.judged)
        if strategy == "exact":
            return self.exact(errors)
        order = list(demoted(self.variables, errors, self.model if strategy == "sensitivity" else None))
        judge_each = strategy == "shiftry" or self.goal.loss is not None
        for number, choice in enumerate(order):
            close = self.is_close(self.judged(choice)) if judge_each else True
            if self.goal.loss is not None and not close:
                return order[max(0, number - 1)]
            if self.goal.loss is None and self.goal.limits.hold(self.cost(choice)):
                return choice
        return order[-1]

    def exact(self, errors: Mapping[Key, Mapping[Setting, float]]) -> dict[Key, Setting]:
        """The least sum of errors within the limits; with a loss the cheapest of the best whose outputs are close."""
        front = knapsack(self.variables, errors, self.model, self.goal.limits)
        self.limited = any(solution.limited for solution in front)
        if not front:
            return cheapest(self.variables)
        choices = [chosen(self.variables, solution) for solution in front]
        if self.goal.loss is None:
            enough = max(NEGLIGIBLE, front[0].error * (1 + SLACK))
            good = [i for i, solution in enumerate(front) if solution.error <= enough]
            return choices[min(good or [0], key=lambda i: (float(front[i].costs[-1]), i))]
        near, far = 0, len(front) - 1
        while near < far:
            middle = (near + far + 1) // 2
            if self.is_close(self.judged(choices[middle])):
                near = middle
            else:
                far = middle - 1
        return choices[near]

    def fine(self, coarse: dict[Key, Setting], ranges: Ranges) -> dict[Key, Setting]:
        """A choice with better scales, then with cheaper levels where these now do."""
        most = ROUNDS * len(self.variables)
        best = refined(self.variables, coarse, self.judged, ranges, most)
        thin = self.thinned(best)
        return best if thin == best else refined(self.variables, thin, self.judged, ranges, most)

    def thinned(self, choice: dict[Key, Setting]) -> dict[Key, Setting]:
        """A choice with cheaper levels, the greatest saving first, as long as it is alike, or with a loss close."""
        best, enough = dict(choice), max(NEGLIGIBLE, self.judged(choice).error * (1 + SLACK))
        wrong, shares = self.judged(choice).wrong, self.model.shares(dearest(self.variables))

        def price(variable: Variable, setting: Setting) -> float:
            return float(shares @ self.model.of(variable, setting))

        steps = [
            (price(v, level) - price(v, choice[v.key]), number, v, level)
            for number, v in enumerate(self.variables)
            for level in v.levels
        ]
        for _, _, variable, level in sorted((s for s in steps if s[0] < 0), key=lambda step: step[:2]):
            now = best[variable.key]
            if price(variable, level) >= price(variable, now):
                continue
            found = {**best, variable.key: replace(level, clip=now.clip or level.clip, range=now.range)}
            score = self.judged(found)
            fine = (
                self.is_close(score) if self.goal.loss is not None else score.error <= enough and score.wrong <= wrong
            )
            if fine and self.goal.limits.hold(self.cost(found)) >= self.goal.limits.hold(self.cost(best)):
                best = found
        return best

    def is_close(self, score: Score) -> bool:
        """Whether no more is lost than may be."""
        loss, right = (self.goal.loss or 0.0) / 100, self.judge.float_right()
        if score.right is None or right is None:
            return score.error <= loss / (1 + self.margin)
        least = min(right, right - loss * len(self.judge.dataset) + self.margin)
        return score.right >= least and score.error <= MOST_ERROR

    def cost(self, choice: Choice) -> Cost:
        """What a choice costs; scales cost nothing."""
        return self.model.cost(choice)

    def candidate(self, name: str, choice: Choice) -> Candidate:
        """A choice as the integers judge it; of an infinite error where it has no integer form."""
        reassigned(self.assignment, self.variables, choice)
        try:
            score = self.judge.score_of(integer_values(self.judge, self.product_bits))
        except UserError:
            score = Score(len(self.judge.dataset), float("inf"), 0)
        cost, tensors = self.cost(choice), dict[int, int]()
        for setting in choice.values():
            tensors[setting.bits or 0] = tensors.get(setting.bits or 0, 0) + 1
        return Candidate(name, dict(choice), score, cost, self.goal.limits.hold(cost), dict(sorted(tensors.items())))

    def measured(self, candidate: Candidate, measure: Measure) -> Candidate:
        """A candidate with the sizes of its program; one that has no integer form as it is."""
        reassigned(self.assignment, self.variables, candidate.choice)
        try:
            flash, ram = measure(self.module)
        except UserError:
            return candidate
        fits = self.goal.limits.hold(replace(candidate.cost, flash=flash, ram=ram))
        return replace(candidate, measured=(flash, ram), fits=fits)


def in_range(setting: Setting, pair: tuple[float, float]) -> Setting:
    """A setting with a range; wider ones have steps to spare and keep theirs."""
    return replace(setting, range=pair) if (setting.bits or 8) <= 8 else setting


def uniform(variables: list[Variable], bits: int) -> dict[Key, Setting]:
    """All variables at this width."""
    return {v.key: next((s for s in reversed(v.levels) if s.bits == bits), v.levels[-1]) for v in variables}


def search(
    module: ModuleOp,
    dataset: Dataset,
    assignment: Assignment,
    goal: Goal,
    strategy: str,
    core: Core,
    *,
    widths: tuple[int, ...] = (4, 8, 16),
    by_labels: bool = False,
    product_bits: int = 32,
    measure: Measure | None = None,
) -> Found:
    """Leave the types that are found on a calibrated module, as settings of single values.

    Raises UserError where the model leaves nothing to choose.
    """
    assignment.run()
    free = variables(assignment, widths)
    if not free:
        raise UserError("nothing to search: the model states the type of every value, or a file sets it")
    judge = Judge(module, dataset, by_labels)
    model = CostModel(assignment, free, core, product_bits == 32)
    free = useful(free, model)
    found = Search(module, assignment, judge, model, free, goal, product_bits)
    narrow = uniform(free, 8)
    if measure is not None:
        reassigned(assignment, free, narrow)
        model.calibrate(Measured(*measure(module), narrow))
    levels = sum(len(v.levels) - 1 for v in free)
    total = (2 if strategy == "shiftry" else 1) * levels + ROUNDS * len(free)
    with bar("types", total) as tick:
        found.tick = tick
        ranges = other_ranges(module, dataset, free)
        found.variables = found.starting(ranges)
        taken, candidates = found.take(strategy, ranges, measure)
    others = [found.candidate(f"all {bits}", uniform(free, bits)) for bits in (16, 8)]
    if measure is not None:
        others = [found.measured(c, measure) for c in others]
    taken = best_of([taken, *others], found)
    reassigned(assignment, free, taken.choice)
    rest = tuple(c for c in (*others, *candidates) if c.name != taken.name)
    return Found(taken, rest, len(dataset), judge.float_right(), found.evaluations, found.limited)


def best_of(candidates: list[Candidate], found: Search) -> Candidate:
    """Of the candidates that fit, the cheapest of those like the best; with a loss, of those that are close enough."""
    fitting = [c for c in candidates if c.fits] or [c for c in candidates if c.name in SEARCHED]
    best = min(c.score for c in fitting)
    enough = max(NEGLIGIBLE, best.error * (1 + SLACK))
    near = [c for c in fitting if c.score.wrong == best.wrong and c.score.error <= enough]
    if found.goal.loss is not None:
        near = [c for c in fitting if found.holds(c.score)] or near
    shares = found.model.shares(dearest(found.variables))
    return min(near, key=lambda c: (float(shares @ found.model.vector(c.choice)), c.score))
