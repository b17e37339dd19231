"""What a search for lanes is asked: choices of forms, what a device has, and the cycles of an inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .choices import Choice

LOOK_UP_TABLES = 0.01
"""Of the cycles: what all look-up tables are worth, so that none are taken for next to nothing."""

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

    @cached_property
    def steps(self) -> list[Costs]:
        """The steps of each form's choices in all rounds: (choices,)."""
        pairs = zip(self.choices, self.rounds, strict=True)
        return [np.array([float(c.timing.steps * rounds) for c in choices]) for choices, rounds in pairs]

    def costs(self, chosen: Sequence[int]) -> Costs:
        """The cells of all."""
        return np.array([table[n] for table, n in zip(self.tables, chosen, strict=True)]).sum(axis=0)

    def fits(self, chosen: Sequence[int]) -> bool:
        """Whether the device has them."""
        return bool((self.costs(chosen) <= self.budget + 1e-9).all())

    def time(self, chosen: Sequence[int]) -> int:
        """Cycles of an inference."""
        return self.cycles(self.of(chosen))

    def score(self, chosen: Sequence[int]) -> float:
        """Cycles of an inference, and what its look-up tables are worth."""
        return self.time(chosen) * (1 + LOOK_UP_TABLES * float(self.costs(chosen)[0]) / max(1.0, self.budget[0]))

    def of(self, chosen: Sequence[int]) -> list[Choice]:
        """The choices with these numbers."""
        return [c[n] for c, n in zip(self.choices, chosen, strict=True)]

    def price(self, form: int, choice: int) -> float:
        """The cells of a choice as a share of the budget."""
        return float((self.tables[form][choice] / np.maximum(self.budget, 1)).sum())

    def weights(self, chosen: Sequence[int]) -> Costs:
        """By how many cycles an inference grows with each step of each form in all its rounds."""
        choices = self.of(chosen)
        base, found = self.cycles(choices), np.zeros(len(choices))
        for form, choice in enumerate(choices):
            timing = choice.timing
            choices[form] = replace(choice, timing=replace(timing, steps=timing.steps + timing.turns))
            found[form] = (self.cycles(choices) - base) / (timing.turns * self.rounds[form])
            choices[form] = choice
        return found
