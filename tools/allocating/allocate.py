"""`memplan-allocate-lanes`: lanes for each form from what a device has.

It lowers each choice to `rtl` and prices that, which is why it is one of the tools and not in `passes/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass
from itertools import accumulate

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.mcu import FINISH_CLOCKS, LANES, MULTIPLIERS
from ...lowering.loops_to_rtl.convert import Known, Program, public_function
from ...lowering.loops_to_rtl.pipeline import Limits
from ...lowering.memplan_to_loops.convert import ConvertMemplanToLoopsPass
from ...passes.loops.narrow_indices import NarrowIndicesPass
from ...passes.loops.running_indices import RunningIndicesPass
from ...passes.memplan.rings import RingsPass
from ...targets.board import load_board
from ...targets.device import Fpga
from ...targets.estimating.design import Design, Looked, design_of
from ...targets.family import load_family
from .choices import Choice, Choices, work_of
from .problem import Costs, Problem
from .room import needs_rings
from .search import STRATEGIES, search
from .timeline import Timeline

RESOURCES = ("LUT", "FF", "DSP", "BRAM36")

ATTEMPTS = 5
"""How often the budget is made smaller, each time by more, where buffers between forms take more than each form alone
says."""

NEGLIGIBLE = np.array([0.01, 0.01, 0.0, 0.0])
"""Of a device, beyond these: what is estimated is not known better, what is counted is."""


@dataclass(frozen=True)
class AllocateLanesPass(ModulePass):
    """Put `hls.lanes` and `hls.multipliers` on forms: the fastest model within the cells of an FPGA.

    `strategy` is exact or greedy (search.py). `dsps` are those that may be used, 0 for all of the device. Where most of
    them would finish sums, each of these makes its products in turn, in so many `finish_clocks` (1: never).
    Where block RAM does not hold whole buffers they become rings (memplan-rings).
    Raises UserError where not even one lane for each form fits, with what takes the most.
    """

    name = "memplan-allocate-lanes"
    board: str
    strategy: str = "exact"
    dsps: int = 0
    finish_clocks: int = 4

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fpga = load_board(self.board).fpga
        if fpga is None:
            raise UserError(f"{self.name}: board '{self.board}' is no FPGA")
        if self.strategy not in STRATEGIES:
            raise UserError(f"{self.name}: strategy is {' or '.join(STRATEGIES)}, not '{self.strategy}'")
        if self.finish_clocks < 1:
            raise UserError(f"{self.name}: finish_clocks is at least 1, got {self.finish_clocks}")
        function = next(o for o in op.ops if isinstance(o, func.FuncOp))
        timeline = Timeline(function)
        if not timeline.forms:
            return
        parameters = fpga, self.dsps or fpga.dsps, self.finish_clocks
        if not needs_rings(function, fpga, load_family(fpga.family)):
            with suppress(UserError):
                Allocation(op, timeline, *parameters).apply(self.strategy)
                return
        RingsPass().apply(ctx, op)
        Allocation(op, Timeline(function), *parameters).apply(self.strategy)


FASTEST = 32
"""How many times faster a form may be than all of them are where every multiplier is busy: more gains nothing."""

FAIR, LATE, FEW = 2, 100, 16
"""Of forms that overlap: lanes beyond twice their share of the work gain nothing but where a form is short, and up to
the last hundredth of an inference."""

TIGHT = 0.8
"""Of what a design is given: where the least takes more, there may be too little."""

FINISHING = 0.5
"""Of the multipliers: where one lane of each form takes more, products behind sums are made in turn. What is left to
lanes is worth more than the clocks that this takes."""

MANY_FORMS = 24
"""With more of them not all choices are looked at, so that it takes seconds."""

ADDERS = 85
"""Look-up tables of a product of 8 bits that adders make."""


class Allocation:
    """The choices of all forms of a module, and the search among them."""

    def __init__(self, module: ModuleOp, timeline: Timeline, fpga: Fpga, dsps: int, finish_clocks: int = 1):
        self.module, self.timeline, self.fpga = module, timeline, fpga
        self.family = load_family(fpga.family)
        wide = max(fpga.multiplier_bits, fpga.multiplier_wide_bits)
        self.limits = Limits(multiplier=fpga.multiplier_bits, wide=wide, **asdict(self.family.stages))
        self.all = np.array([float(fpga.luts), float(fpga.ffs), float(dsps), fpga.bram36])
        self.loops = lowered(module)
        self.functions = functions_of(self.loops)
        self.known = Known()
        self.looked: dict[Operation, Looked] = {}
        choices = Choices(self.loops, self.limits, self.family, self.known)
        forms = list(zip(timeline.forms, self.functions, strict=True))
        taken = accumulate(one.logic.dsps for form in forms if (one := choices.least(*form)) is not None)
        self.clocks = finish_clocks if any(number > FINISHING * dsps for number in taken) else 1
        if self.clocks > 1:
            many = len(forms) > MANY_FORMS
            choices = Choices(self.loops, self.limits, self.family, self.known, self.clocks, many)
        self.measuring = choices
        self.choices = [choices.of(*form, most) for form, most in zip(forms, self.most(dsps), strict=True)]

    def apply(self, strategy: str) -> None:
        """Put what is best on the forms. Raises UserError where nothing fits."""
        for form, choice in zip(self.timeline.forms, self.best(strategy), strict=True):
            if any(n > 1 for n in choice.lanes):
                form.attributes[LANES] = DenseArrayBase.from_list(i64, choice.lanes)
            if choice.multipliers:
                form.attributes[MULTIPLIERS] = StringAttr(choice.multipliers)
            if self.clocks > 1:
                form.attributes[FINISH_CLOCKS] = IntegerAttr(self.clocks, i64)

    def most(self, dsps: int) -> list[int]:
        """How many lanes of each form are looked at."""
        forms = self.timeline.forms
        works = [work_of(form) * self.timeline.rounds(n) for n, form in enumerate(forms)]
        if not self.timeline.overlaps:
            return [int(2 * work * dsps * FASTEST / sum(works)) for work in works]
        shares = self.family.shares
        lanes = 2 * dsps * shares.dsps + self.all[0] * shares.luts / ADDERS
        fair = [lanes * work / sum(works) for work in works]
        return [int(max(FAIR * share, min(FEW, LATE * share))) for share in fair]

    def best(self, strategy: str) -> list[Choice]:
        """The choice of each form. Raises UserError where nothing fits."""
        least = self.cells(self.least())
        room = self.room(least)
        budget = room - self.between(least)
        short: list[str] = []
        rounds = [self.timeline.rounds(n) for n in range(len(self.choices))]
        for attempt in range(ATTEMPTS):
            found = search(
                Problem(self.choices, rounds, budget, self.timeline.cycles, self.timeline.overlaps), strategy
            )
            if found is None:
                break
            chosen = [c[n] for c, n in zip(self.choices, found, strict=True)]
            over = self.cells(chosen) - room
            if (over <= NEGLIGIBLE * self.all).all():
                return chosen
            short = [name for name, more in zip(RESOURCES, over, strict=True) if more > 0]
            budget = budget - (1 << attempt) * np.maximum(over, 0)
        if reasons := self.reasons():
            raise UserError(*reasons)
        short = short or [name for name, n, has in zip(RESOURCES, least, room, strict=True) if n > TIGHT * has]
        raise UserError(
            f"{self.fpga.part} is too small for lanes and the buffers between them ({', '.join(short)}): "
            "choose a larger part, or compile with --lanes 1"
        )

    def room(self, least: Costs) -> Costs:
        """What is given to a design: the family's shares of the part, or what one lane each takes, where that fits."""
        return np.maximum(self.all * np.array(astuple(self.family.shares)), np.minimum(least, self.all))

    def between(self, least: Costs) -> Costs:
        """The cells of the whole beside those of the choices: of waits, and of buffers that no form reads alone."""
        return np.maximum(least - sum(np.array(c.cells.costs) for c in self.least()), 0)

    def least(self) -> list[Choice]:
        """The cheapest choice of each form."""
        return [min(c, key=lambda choice: choice.costs[1:]) for c in self.choices]

    def cells(self, chosen: Sequence[Choice]) -> Costs:
        """The cells of the whole with choices."""
        return np.array(self.design(chosen).cells.costs)

    def design(self, chosen: Sequence[Choice]) -> Design:
        """The estimate of the whole with choices."""
        for form, function, choice in zip(self.timeline.forms, self.functions, chosen, strict=True):
            self.measuring.mark(form, function, choice.lanes, choice.multipliers)
        program = Program(self.loops, public_function(self.loops), self.limits, self.known)
        return design_of(self.family, program.build(), self.looked)

    def reasons(self) -> list[str]:
        """What there is too little of even on one lane each, and the op that takes the most of it."""
        design = self.design(self.least())
        reasons: list[str] = []
        for number, (name, has) in enumerate(zip(RESOURCES, self.all, strict=True)):
            takes = design.cells.costs[number]
            if takes > has:
                most = max(design.parts, key=lambda part: part.cells.costs[number])
                reasons.append(
                    f"{self.fpga.part} has too few {name}: one lane for each form takes {takes:,.0f} of {has:,.0f}, "
                    f"most of them '{most.node}' ({most.cells.costs[number]:,.0f}): choose a larger part"
                )
        return reasons


def lowered(module: ModuleOp) -> ModuleOp:
    """A copy as loops, without lanes."""
    loops, context = module.clone(), Context()
    for step in (
        ConvertMemplanToLoopsPass(padding="guard"),
        RunningIndicesPass(),
        NarrowIndicesPass(),
    ):
        step.apply(context, loops)
    return loops


def functions_of(loops: ModuleOp) -> list[func.FuncOp]:
    """The functions of forms, in the order of these."""
    public = public_function(loops)
    return [f for f in loops.ops if isinstance(f, func.FuncOp) and not f.is_declaration and f is not public]
