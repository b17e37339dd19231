"""Values that are affine in the numbers of a nest's iterations: a base, and a step for each loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Running:
    """`base + sum of steps[d] * (iteration of loop d)`, the outermost loop first."""

    base: int
    steps: tuple[int, ...]

    @staticmethod
    def constant(value: int, loops: int) -> Running:
        """The same in every iteration."""
        return Running(value, (0,) * loops)

    def plus(self, other: Running, factor: int = 1) -> Running:
        """`self + factor * other`."""
        steps = tuple(a + factor * b for a, b in zip(self.steps, other.steps, strict=True))
        return Running(self.base + factor * other.base, steps)

    def moving(self, loop: int, step: int) -> Running:
        """The same with so much more a iteration of a loop."""
        return Running(self.base, (*self.steps[:loop], self.steps[loop] + step, *self.steps[loop + 1 :]))

    def scaled(self, factor: int) -> Running:
        """`factor * self`."""
        return Running(factor * self.base, tuple(factor * step for step in self.steps))

    def at(self, coordinates: Sequence[int]) -> int:
        """How much more it is so many iterations on."""
        return sum(step * c for step, c in zip(self.steps, coordinates, strict=False))

    @property
    def is_constant(self) -> bool:
        """True where no loop moves it."""
        return not any(self.steps)
