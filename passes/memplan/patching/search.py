"""The search for a stage and a grid with the least peak of live bytes, under a limit on multiply-accumulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....dialects.memplan.liveness import Liveness
from .plan import Grid, Plan, Planner, macs_of, spell
from .stage import Stage, Stages, name_of

MOST_PARTS = 4
"""Parts along rows and along columns up to which grids are searched: every patch is code of its own."""

GRIDS: tuple[Grid, ...] = tuple(
    (rows, columns)
    for rows in range(1, MOST_PARTS + 1)
    for columns in range(1, MOST_PARTS + 1)
    if (rows, columns) != (1, 1)
)


WORK = 200_000
"""Clones of forms that are looked at by default: some ten seconds."""


@dataclass
class Search:
    """The best plan so far, and what became of the others. It is `limited` where the work did not suffice for all."""

    liveness: Liveness
    max_recompute: float
    grids: Sequence[Grid] = GRIDS
    work: int = WORK
    limited: bool = False

    def __post_init__(self) -> None:
        self.before = self.liveness.max_live
        self.best: Plan | None = None
        self.tried = self.too_many_macs = 0
        self.most_macs = self.max_recompute * macs_of(self.liveness)

    def run(self, last: int | None = None) -> Plan | str:
        """The best plan, of the stage that ends at step `last` if given; or why none is used.

        The least peak, then the fewest patches, then the fewest multiply-accumulates.
        """
        stages = Stages(self.liveness)
        if last is not None:
            stage = stages.stage(last)
            if isinstance(stage, str):
                return stage
            candidates = [stage]
        else:
            candidates = stages.all()
            if not candidates:
                return stages.why_none()
        for stage in candidates:
            self._try(stage)
        return self.best if self.best is not None else self._reason()

    def _try(self, stage: Stage) -> None:
        planner = Planner(stage, self.liveness)
        for grid in self.grids:
            if planner.least >= self.before or (self.best is not None and planner.least > self.best.peak):
                return
            if planner.fits(grid):
                if self.work <= planner.clones:
                    self.limited = True
                    break
                self._consider(planner.plan(grid, self.most_macs))
        self.work -= planner.clones

    def _consider(self, plan: Plan | None) -> None:
        self.tried += 1
        if plan is None:
            self.too_many_macs += 1
        elif plan.peak < self.before and (self.best is None or cost(plan) < cost(self.best)):
            self.best = plan

    def _reason(self) -> str:
        step = self.liveness.steps[self.liveness.peak_step].op
        peak = f"the peak of {self.before} bytes at `{name_of(step)}`"
        if not self.tried:
            grids = "" if self.grids is GRIDS else f" for a grid of {', '.join(map(spell, self.grids))}"
            return f"{peak} is outside of every stage{grids}"
        others = self.tried - self.too_many_macs
        return (
            f"{self.too_many_macs} plans need more than {self.max_recompute:g} times the multiply-accumulates, "
            f"{others} do not lower {peak}"
        )


def cost(plan: Plan) -> tuple[int, int, int]:
    """What makes one plan better than another."""
    return plan.peak, len(plan.patches), plan.macs
