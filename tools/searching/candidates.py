"""What a search looks at: choices of levels, their scores and costs, and when one is close enough.

Candidates are judged by the float executor that rounds each value to its type, what is taken also by the integers.
What is counted is evaluations, never seconds: the same data give the same types.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from xdsl.dialects.builtin import ModuleOp

from ...dialects.errors import UserError
from ...dialects.fixed.settings import Setting
from ...passes.fixed.assign_types import Assignment
from ..progress import Tick
from .costs import ChoiceCosts, Cost, ProgramSizes
from .found import Candidate, Goal
from .integers import integer_values
from .judging import Judge, Score
from .strategies import dearest
from .variables import Choice, Key, Variable, reassigned

MOST_ERROR = 0.02
"""No more of the outputs' variance may be lost, however many rows stay right: these are rows that were trained on."""

NEGLIGIBLE, SLACK = 1e-3, 0.1
"""Errors up to the first, or greater than the least by this share, are alike: what is worth more is taken."""

OCTAVE, UNSEEN = 48.0, 1e-5
"""Of errors that are alike, so many decibels are worth twice the cost, as 16 bits for 8; less error is not counted."""


def burden(cost: float, error: float) -> float:
    """What choices that are alike are compared by, the less the better: log2 of the cost, and the error in octaves."""
    return math.log2(max(cost, 1e-12)) + 10 * math.log10(max(error, UNSEEN)) / OCTAVE


Measure = Callable[[ModuleOp], ProgramSizes]
"""The sizes of the program of a module with types."""


@dataclass
class Search:
    """One search on a calibrated module, whose ops get `fixed.bits` and the like.

    `tick` is told of each evaluation, of which `scores` keeps the outcome. `margin` rows less than may be lost are,
    where the integers had some wrong that the float executor has right.
    """

    module: ModuleOp
    assignment: Assignment
    judge: Judge
    model: ChoiceCosts
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

    def holds(self, score: Score) -> bool:
        """Whether no more is lost than may be, without a margin."""
        return replace(self, margin=0).is_close(score)

    def is_close(self, score: Score) -> bool:
        """Whether no more is lost than may be."""
        loss, right = (self.goal.loss or 0.0) / 100, self.judge.float_right()
        if score.right is None or right is None:
            return score.error <= loss / (1 + self.margin)
        least = min(right, right - loss * len(self.judge.dataset) + self.margin)
        return score.right >= least and score.error <= MOST_ERROR

    def share(self, choice: Choice) -> float:
        """The cost of a choice as one number: flash, cycles and RAM as shares of the dearest's."""
        return float(self.model.shares(dearest(self.variables)) @ self.model.vector(choice))

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
            sizes = measure(self.module)
        except UserError:
            return candidate
        fits = self.goal.limits.hold(replace(candidate.cost, **asdict(sizes)))
        return replace(candidate, measured=sizes, fits=fits)
