"""What a search is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...dialects.fixed.settings import Setting
from .costs import Cost, Limits, ProgramSizes
from .judging import Score
from .variables import Key


@dataclass(frozen=True)
class Goal:
    """What is looked for: the least error within limits, or with `loss`, in percent, the least flash.

    A loss is one of rows that the float model has right; of models without classes, of the outputs' variance.
    """

    limits: Limits = field(default_factory=Limits)
    loss: float | None = None


@dataclass(frozen=True)
class Candidate:
    """A choice of types with its name, its score by the integers, its cost, and whether it fits."""

    name: str
    choice: Mapping[Key, Setting] = field(repr=False)
    score: Score
    cost: Cost
    fits: bool
    tensors: Mapping[int, int] = field(default_factory=dict[int, int])
    """How many variables have each width."""
    measured: ProgramSizes | None = None
    """The sizes of its program, where that was made."""

    @property
    def sizes(self) -> ProgramSizes:
        """The sizes of its program, estimated where that was not made."""
        return self.measured or ProgramSizes(self.cost.parameters, self.cost.flash, self.cost.ram)


@dataclass(frozen=True)
class Found:
    """The outcome: the candidate that is taken, what it is compared with, and how many evaluations it took."""

    taken: Candidate
    others: tuple[Candidate, ...]
    rows: int
    float_right: int | None
    evaluations: int
    limited: bool
