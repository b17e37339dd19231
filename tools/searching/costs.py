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
from ...passes.fixed.scales.spared import bias_rows
from ...targets.costs import CostModel, Work, add
from .followers import followers, grade, stored_weights
from .lives import lives
from .variables import Choice, Variable
from .work import PRODUCTS, elements, macs, outputs, table_bytes, untyped_constants, walks

MULTIPLIER_BYTES = 2

SHORT_BIAS, LONG_BIAS = 1, 4
"""The bytes of a bias, about: where `fixed-shorten-biases` is at work, and elsewhere."""


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
class ProgramSizes:
    """Bytes of a program that was lowered to the end: of its parameters (tools/constants.py), all flash, RAM."""

    parameters: int
    flash: int
    ram: int


@dataclass(frozen=True)
class Measured:
    """The sizes of the program of a choice."""

    sizes: ProgramSizes
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
        self.bias_bytes = SHORT_BIAS if assignment.spare_flash else LONG_BIAS
        self.alive = lives(assignment.function, self.ops, merge)
        self.followers = followers(assignment, variables)
        self.stored = stored_weights(assignment, variables, model.core)
        self.terms = {v.key: {grade(level): self.term(v, level) for level in v.levels} for v in variables}
        self.fixed_parameters = sum(
            self.bias_bytes * prod(shape_of(value)) for value in untyped_constants(assignment.function)
        )
        self.measured: Measured | None = None

    def calibrate(self, measured: Measured) -> None:
        """Take the sizes of all choices as differences from a program that was lowered."""
        self.measured = measured

    def cost(self, choice: Choice) -> Cost:
        """What a choice costs."""
        total = self.vector(choice)
        beside = self.beside()
        parameters, flash = (float(total[column] + beside[column]) for column in (0, 1))
        ram = float(total[3:].max(initial=0.0)) * self.ram_share()
        return Cost(round(parameters), round(flash), ceil(ram - 1e-6), round(float(total[2])))

    def beside(self) -> tuple[float, float]:
        """The bytes of parameters and of flash that no variable adds; estimated until a program was lowered."""
        if self.measured is None:
            return self.fixed_parameters, 0.0
        base, sizes = self.vector(self.measured.choice), self.measured.sizes
        return sizes.parameters - float(base[0]), sizes.flash - float(base[1])

    def ram_share(self) -> float:
        """The bytes of RAM for each byte that is alive at once."""
        if self.measured is None:
            return 1.0
        return self.measured.sizes.ram / max(1.0, float(self.vector(self.measured.choice)[3:].max(initial=0.0)))

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
        beside = self.beside()
        found: list[tuple[int, float]] = []
        if limits.parameters is not None:
            found.append((0, limits.parameters - beside[0]))
        if limits.flash is not None:
            found.append((1, limits.flash - beside[1]))
        if limits.cycles is not None:
            found.append((2, limits.cycles))
        if limits.ram is not None:
            most = limits.ram / max(self.ram_share(), 1e-9)
            found += [(3 + step, most) for step in range(len(self.ops))]
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
        parameters += self.bias_bytes * sum(map(bias_rows, values)) * has_zero_point(variable, level)
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


def has_zero_point(variable: Variable, level: Setting) -> bool:
    """Whether a computed value's type has a zero point at a level."""
    return (level.bits or 8) <= 8 and level.scheme != "pow2" and not (variable.symmetric and level.scheme is None)


def multiplier_bytes(variable: Variable, level: Setting) -> float:
    """The bytes of a multiplier for each output channel of a layer; one for all is part of the code."""
    layers = [use.operation for v in variable.values for use in v.uses if isinstance(use.operation, PRODUCTS)]
    rows = 0 if level.per == "tensor" or level.scheme == "pow2" else next(iter(shape_of(variable.values[0])), 1)
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
