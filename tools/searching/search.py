"""The search for types: variables, what single levels cost in error, a strategy, scales, and the integers' verdict."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from ...dialects.errors import UserError
from ...passes.fixed.assign_types import Assignment
from ...targets.costs import CostModel
from ...targets.dataset import Dataset
from ..progress import bar
from .candidates import NEGLIGIBLE, SLACK, Measure, Search, burden
from .costs import ChoiceCosts, Measured, useful
from .found import Candidate, Found, Goal
from .judging import Judge
from .ranges import other_ranges
from .refining import Ranges
from .thinning import ROUNDS, fine, starting
from .variables import reassigned, uniform, variables
from .widths import by_strategy

STRATEGIES = ("exact", "shiftry", "sensitivity")

SEARCHED = ("widths", "widths and scales")
"""The names of what a search finds, without scales of its own and with them."""

ATTEMPTS = 3
"""As often a search is repeated, a little stricter, where its outcome does not do."""


def search(
    module: ModuleOp,
    dataset: Dataset,
    assignment: Assignment,
    goal: Goal,
    strategy: str,
    costs: CostModel,
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
    model = ChoiceCosts(assignment, free, costs, product_bits == 32)
    free = useful(free, model)
    state = Search(module, assignment, judge, model, free, goal, product_bits)
    narrow = uniform(free, 8)
    if measure is not None:
        reassigned(assignment, free, narrow)
        model.calibrate(Measured(measure(module), narrow))
    levels = sum(len(v.levels) - 1 for v in free)
    total = (2 if strategy == "shiftry" else 1) * levels + ROUNDS * len(free)
    with bar("types", total) as tick:
        state.tick = tick
        ranges = other_ranges(module, dataset, free)
        state.variables = starting(state, ranges)
        taken, candidates = take(state, strategy, ranges, measure)
    others = [state.candidate(f"all {bits}", uniform(free, bits)) for bits in (16, 8)]
    if measure is not None:
        others = [state.measured(c, measure) for c in others]
    taken = best_of([taken, *others], state)
    reassigned(assignment, free, taken.choice)
    rest = tuple(c for c in (*others, *candidates) if c.name != taken.name)
    return Found(taken, rest, len(dataset), judge.float_right(), state.evaluations, state.limited)


def take(state: Search, strategy: str, ranges: Ranges, measure: Measure | None) -> tuple[Candidate, list[Candidate]]:
    """The better of widths alone and widths with scales, and both.

    Tried again, a little stricter, where the integers or the sizes of the program show that it does not do.
    """
    taken, candidates = attempt(state, strategy, ranges, measure)
    for _ in range(ATTEMPTS - 1):
        if state.goal.loss is not None and not state.holds(taken.score):
            state.margin += 1
        elif taken.fits or taken.measured is None:
            break
        else:
            state.model.calibrate(Measured(taken.measured, taken.choice))
        taken, candidates = attempt(state, strategy, ranges, measure)
    return taken, candidates


def attempt(state: Search, strategy: str, ranges: Ranges, measure: Measure | None) -> tuple[Candidate, list[Candidate]]:
    """As `take`, once."""
    coarse = by_strategy(state, strategy)
    choices = zip(SEARCHED, (coarse, fine(state, coarse, ranges)), strict=True)
    candidates = [state.candidate(name, choice) for name, choice in choices]
    taken = best_of(candidates, state)
    return (taken if measure is None else state.measured(taken, measure)), candidates


def best_of(candidates: list[Candidate], state: Search) -> Candidate:
    """Of the candidates that fit and are like the best, what is worth most; with a loss, the cheapest close enough."""
    fitting = [c for c in candidates if c.fits] or [c for c in candidates if c.name in SEARCHED]
    best = min(c.score for c in fitting)
    enough = max(NEGLIGIBLE, best.error * (1 + SLACK))
    near = [c for c in fitting if c.score.wrong == best.wrong and c.score.error <= enough]
    if state.goal.loss is None:
        return min(near, key=lambda c: (burden(state.share(c.choice), c.score.error), c.score))
    close = [c for c in fitting if state.holds(c.score)] or near
    return min(close, key=lambda c: (state.share(c.choice), c.score))
