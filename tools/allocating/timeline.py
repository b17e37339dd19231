"""How long a model takes with a choice for each form: what runs beside each other, what is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xdsl.dialects import func
from xdsl.ir import Block

from ...dialects.dataflow import Await, awaits_of, stage_of
from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan import LoopOp
from ...targets.estimating.cycles import Wait, alone, beside
from .choices import Choice, waits_of, work_of


@dataclass(frozen=True)
class Segment:
    """Forms, by their numbers, that run beside each other, or one after the other, in so many rounds."""

    forms: tuple[int, ...]
    rounds: int
    beside: bool


class Timeline:
    """The forms of a function in the order of its text, and its segments."""

    def __init__(self, function: func.FuncOp):
        self.forms: list[StructuredForm] = []
        self.segments: list[Segment] = []
        self._read(function.body.block, 1)
        self.awaits: list[list[Await]] = [earlier(form) for form in self.forms]
        self.stages = [str(stage_of(form)) for form in self.forms]
        self._known: dict[tuple[int, tuple[int, ...], int], tuple[Wait, ...]] = {}

    def _read(self, block: Block, rounds: int) -> None:
        run: list[int] = []
        for op in block.ops:
            if isinstance(op, StructuredForm):
                run.append(len(self.forms))
                self.forms.append(op)
            elif isinstance(op, LoopOp):
                self._close(run, rounds)
                run = []
                self._read(op.body.block, rounds * op.trips)
        self._close(run, rounds)

    def _close(self, run: list[int], rounds: int) -> None:
        if run:
            beside = all(stage_of(self.forms[n]) is not None for n in run)
            self.segments.append(Segment(tuple(run), rounds, beside))

    @property
    def overlaps(self) -> bool:
        """Whether most of the work is that of forms that run beside each other, once."""
        works = [work_of(form) * self.rounds(n) for n, form in enumerate(self.forms)]
        beside = sum(works[n] for s in self.segments if s.beside and s.rounds == 1 for n in s.forms)
        return 2 * beside > sum(works)

    def rounds(self, form: int) -> int:
        """How often a form runs."""
        return next(s.rounds for s in self.segments if form in s.forms)

    def cycles(self, choices: Sequence[Choice]) -> int:
        """Of an inference, but for what writers of rings wait for their readers."""
        total = 0
        for segment in self.segments:
            if segment.beside:
                waits = {n: self._waits(n, choices[n]) for n in segment.forms}
                timings = {self.stages[n]: replace(choices[n].timing, waits=waits[n]) for n in segment.forms}
                total += segment.rounds * beside(timings)[0]
            else:
                total += segment.rounds * sum(alone(choices[n].timing) for n in segment.forms)
        return total

    def _waits(self, form: int, choice: Choice) -> tuple[Wait, ...]:
        """What a form waits for: the same for the same lanes and turns."""
        key = (form, choice.lanes, choice.timing.turns)
        if key not in self._known:
            self._known[key] = waits_of(self.forms[form], self.awaits[form], choice)
        return self._known[key]


def earlier(form: StructuredForm) -> list[Await]:
    """What a form waits for at forms before it."""
    stage = stage_of(form)
    return [a for a in awaits_of(form) if stage is not None and a.stage < stage]
