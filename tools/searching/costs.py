"""What a choice costs, from shapes and widths alone: the one interface through which strategies ask.

Costs are sums over the variables, so that a strategy may add up what single widths cost; RAM is the greatest of such
sums, one per step of the model. What does not depend on widths (code, what planners save) comes from one program that
was lowered to the end (`Measured`): a choice is as far from the truth as its difference from that program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.func import ReturnOp
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.fixed.settings import Setting
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import is_weight
from ...passes.fixed.assign_types import Assignment
from ...passes.fixed.scales.in_bodies import ELEMENTWISE
from ...targets.costs import CostModel, Work, add
from .followers import followers, grade, stored_weights
from .lives import lives
from .variables import Choice, Variable
from .work import PRODUCTS, elements, macs, outputs, table_bytes, untyped_constants, walks

MULTIPLIER_BYTES = 2


@dataclass(frozen=True)
class Cost:
    """Bytes of the model's own numbers, of all flash, of RAM beside the stack, and cycles per inference; about."""

    parameters: int
    flash: int
    ram: int
    cycles: int


@dataclass(frozen=True)
class Limits:
    """The most of each; None where there is none."""

    parameters: int | None = None
    flash: int | None = None
    ram: int | None = None
    cycles: int | None = None

    def hold(self, cost: Cost) -> bool:
        """Whether a cost is within all."""
        pairs = ((getattr(self, name), getattr(cost, name)) for name in ("parameters", "flash", "ram", "cycles"))
        return all(limit is None or value <= limit for limit, value in pairs)


@dataclass(frozen=True)
class Measured:
    """Flash and RAM, in bytes, of the program of a choice."""

    flash: int
    ram: int
    choice: Choice


@dataclass(frozen=True)
class Terms:
    """What one level of one variable adds: bytes of parameters and of other flash, cycles, bytes of RAM by step."""

    parameters: float
    flash: float
    cycles: float
    ram: NDArray[np.float64]

    def vector(self) -> NDArray[np.float64]:
        """All of them: parameters, flash, cycles, RAM by steps."""
        return np.concatenate([[self.parameters, self.parameters + self.flash, self.cycles], self.ram])


class ChoiceCosts:
    """The costs of a function's variables, by a cost model; `merge` as that option of `fixed-fuse-maps`."""

    def __init__(self, assignment: Assignment, variables: Sequence[Variable], model: CostModel, merge: bool = False):
        self.assignment, self.variables, self.model = assignment, variables, model
        self.ops = [op for op in assignment.function.body.block.ops if not isinstance(op, ReturnOp)]
        self.alive = lives(assignment.function, self.ops, merge)
        self.followers = followers(assignment, variables)
        self.stored = stored_weights(assignment, variables, model.core)
        self.terms = {v.key: {grade(level): self.term(v, level) for level in v.levels} for v in variables}
        self.fixed_parameters = sum(4 * prod(shape_of(value)) for value in untyped_constants(assignment.function))
        self.measured: Measured | None = None

    def calibrate(self, measured: Measured) -> None:
        """Take flash and RAM of all choices as differences from a program that was lowered."""
        self.measured = measured

    def cost(self, choice: Choice) -> Cost:
        """What a choice costs."""
        total = self.vector(choice)
        flash, ram = float(total[1]), float(total[3:].max(initial=0.0))
        if self.measured is not None:
            base = self.vector(self.measured.choice)
            flash += self.measured.flash - float(base[1])
            ram *= self.measured.ram / max(1.0, float(base[3:].max(initial=0.0)))
        return Cost(
            round(self.fixed_parameters + float(total[0])), round(flash), ceil(ram - 1e-6), round(float(total[2]))
        )

    def vector(self, choice: Choice) -> NDArray[np.float64]:
        """The sums of all terms."""
        rows = [self.of(v, choice[v.key]) for v in self.variables]
        return np.sum(rows, axis=0) if rows else np.zeros(3 + len(self.ops))

    def of(self, variable: Variable, setting: Setting) -> NDArray[np.float64]:
        """The terms of one variable as a vector: parameters, all flash, cycles, RAM by steps."""
        return self.terms[variable.key][grade(setting)].vector()

    def shares(self, dearest: Choice) -> NDArray[np.float64]:
        """The weights of `vector` that make one number of a cost: flash, cycles and RAM as shares of the dearest's."""
        most = self.vector(dearest)
        found = np.zeros(len(most))
        peak = 3 + int(most[3:].argmax()) if len(most) > 3 else 0
        for column in (1, 2, peak):
            found[column] += 1 / max(1.0, float(most[column]))
        return found

    def bounds(self, limits: Limits) -> list[tuple[int, float]]:
        """Limits as bounds on components of `vector`."""
        base = None if self.measured is None else self.vector(self.measured.choice)
        found: list[tuple[int, float]] = []
        if limits.parameters is not None:
            found.append((0, limits.parameters - self.fixed_parameters))
        if limits.flash is not None:
            fixed = 0.0 if base is None or self.measured is None else self.measured.flash - float(base[1])
            found.append((1, limits.flash - fixed))
        if limits.cycles is not None:
            found.append((2, limits.cycles))
        if limits.ram is not None:
            share = 1.0
            if base is not None and self.measured is not None:
                share = float(base[3:].max(initial=0.0)) / max(1, self.measured.ram)
            found += [(3 + step, limits.ram * share) for step in range(len(self.ops))]
        return found

    def term(self, variable: Variable, level: Setting) -> Terms:
        """What a level of a variable costs."""
        width = level.bits or self.assignment.ranges.bits
        wide, none = width > 8, np.zeros(len(self.ops))
        values = variable.values if variable.is_weight else self.followers[variable.key]
        readers = [(use.operation, use.index) for value in values for use in value.uses]
        units: dict[str, float] = {}
        for op, index in readers:
            add(units, reading(op, index, wide))
        if variable.is_weight:
            found = {value: self.stored[value, grade(level)] for value in values}
            add(units, {name: -sum(map(outputs, values)) for name in saved(level)})
            cycles = self.model.cycles(Work(units)) + sum(s.cycles * walks(value) for value, s in found.items())
            once = {(number_of(value), s) for value, s in found.items()}
            return Terms(sum(s.bytes for _, s in once), multiplier_bytes(variable, level), cycles, none)
        computed = sum(elements(value.owner) for value in variable.values)
        add(units, {"wide": wide * computed, "product": -(level.scheme == "pow2") * computed})
        for value in variable.values:
            add(units, computing(value.owner))
        cycles = self.model.cycles(Work(units))
        ram, size = none, 2 if wide else 1
        for value in values:
            if value in self.alive:
                ram[self.alive[value]] += prod(shape_of(value)) * size
        parameters = sum(prod(shape_of(value)) * size for value in values if is_weight(value))
        return Terms(parameters, sum(table_bytes(op, width) for op, _ in readers), cycles, ram)


BODY = {"element": 1, "product": 1, "op": 3}
"""The work of a result beside its sums: a change of scale, a clamp, a store."""

LAYER = {**BODY, "param": 2, "op": 4}
"""That of a layer's, which has a bias and a multiplier, too."""


def saved(level: Setting) -> tuple[str, ...]:
    """The units of work that one scale for all rows of weights saves of each output, and a scale 2^k."""
    if level.scheme == "pow2":
        return ("param", "product")
    return ("param",) if level.per == "tensor" else ()


def reading(op: Operation, index: int, wide: bool) -> dict[str, float]:
    """The work that a wide operand adds to what reads it."""
    if not wide:
        return {}
    if isinstance(op, PRODUCTS):
        return {"mac_wide_input" if index == 0 else "mac_wide_weight": macs(op)} if index < 2 else {}
    return {"wide": elements(op)} if isinstance(op, ELEMENTWISE) else {}


def computing(maker: object) -> dict[str, float]:
    """The work of the op that makes a value."""
    if not isinstance(maker, Operation):
        return {}
    layer = maker.operands[0].owner if isinstance(maker, (onnx.ReluOp, onnx.ClipOp)) else maker
    is_layer = isinstance(layer, PRODUCTS)
    each: dict[str, float] = {name: count * elements(maker) for name, count in (LAYER if is_layer else BODY).items()}
    return {**each, "mac": macs(layer)} if is_layer else each


def number_of(value: SSAValue) -> object:
    """What tells constants apart: copies of one for several readers are stored once where their types are equal."""
    return value.owner.value if isinstance(value.owner, onnx.ConstantOp) else value


def multiplier_bytes(variable: Variable, level: Setting) -> float:
    """The bytes of a multiplier for each output channel of a layer; one for all is part of the code."""
    layers = [use.operation for v in variable.values for use in v.uses if isinstance(use.operation, PRODUCTS)]
    rows = 0 if level.per == "tensor" or level.scheme == "pow2" else shape_of(variable.values[0])[0]
    return MULTIPLIER_BYTES * rows * len(layers)


def useful(variables: Sequence[Variable], model: ChoiceCosts) -> list[Variable]:
    """Variables with those of their levels than which no dearer one, which is nearer to the reals, costs as little."""
    shares = model.shares({v.key: v.levels[-1] for v in variables})
    found: list[Variable] = []
    for v in variables:
        prices = [float(shares @ model.of(v, level)) for level in v.levels]
        kept = [level for n, level in enumerate(v.levels) if all(prices[n] < dearer for dearer in prices[n + 1 :])]
        found.append(replace(v, levels=tuple(kept)))
    return found
