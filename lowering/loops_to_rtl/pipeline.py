"""Values in time: each has a stage (clocks behind the step that it belongs to) and a depth of logic within it.

An operation is placed as soon as its operands are there; where the logic of a stage would become too deep, in the
next one. Depths are in levels of look-up tables, roughly: a carry chain counts by its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import Block, SSAValue

from ...dialects import rtl
from .units import Units

REGISTERED = 0.6
"""A level below which a value comes straight from a register."""

CARRY = 24
"""Bits of a carry chain that take as long as a level."""


@dataclass(eq=False)
class Wire:
    """A value, the stage in which it is there, and the levels of logic before it. A static one is always there."""

    value: SSAValue
    stage: int
    level: float = 0.0
    is_static: bool = False

    @property
    def bits(self) -> int:
        """The width."""
        return rtl.bits_of(self.value)


Value = Wire | int
"""A wire, or a number that is known now."""


def bits_of(value: Value) -> int:
    """The width that a signed number needs, or that a wire has."""
    return rtl.signed_bits(value, value) if isinstance(value, int) else value.bits


def cost(kind: str, bits: int) -> float:
    """The levels of an operation on so many bits."""
    match kind:
        case "add" | "sub" | "slt" | "sle" | "sgt" | "sge" | "ult" | "ule" | "ugt" | "uge" | "eq" | "ne":
            return 1.0 + bits / CARRY
        case "max" | "min" | "umax" | "umin":
            return 2.0 + bits / CARRY
        case "and" | "or" | "xor" | "select" | "mask":
            return 1.0
        case "shl_by" | "shr_by" | "pick":
            return 2.5
        case _:
            return 0.0


@dataclass(frozen=True, kw_only=True)
class Limits(rtl.Stages):
    """What lies between two registers, and the widths of a multiplier's operands."""

    multiplier: int
    wide: int


@dataclass(frozen=True)
class Turn:
    """The flag of a step, and how many clocks lie between it and the next one, at least."""

    flag: SSAValue
    clocks: int


class Pipeline:
    """Appends to a module; all stages count from one step. Steps with a `turn` of several clocks take these."""

    def __init__(self, block: Block, limits: Limits, units: Units | None = None, turn: Turn | None = None):
        self.block, self.limits, self.units, self.turn = block, limits, units or Units(), turn
        self._delayed: dict[SSAValue, SSAValue] = {}
        self._stages: dict[SSAValue, list[SSAValue]] = {}
        """Values in each stage."""
        self._valid: dict[SSAValue, list[SSAValue]] = {}
        """Flags in each stage."""
        self._constants: dict[tuple[int, int], SSAValue] = {}
        self._computed: dict[tuple[object, ...], Wire] = {}

    def constant(self, number: int, bits: int | None = None) -> SSAValue:
        """A number as a value."""
        key = (number, bits or rtl.signed_bits(number, number))
        if key not in self._constants:
            op = rtl.ConstantOp(*key)
            self.block.add_op(op)
            self._constants[key] = op.results[0]
        return self._constants[key]

    def at(self, value: Value, stage: int) -> SSAValue:
        """A value in a stage that is not before its own."""
        if isinstance(value, int):
            return self.constant(value)
        wire, clocks = value.value, stage - value.stage
        if value.is_static or clocks == 0:
            return wire
        assert clocks > 0, "a value is not there yet"
        stages = self._stages.setdefault(wire, [wire])
        while len(stages) <= clocks:
            stages.append(self._delayed_once(stages[-1]))
        return stages[clocks]

    def _delayed_once(self, wire: SSAValue) -> SSAValue:
        """The value a clock ago."""
        found = self._delayed.get(wire)
        if found is None:
            op = rtl.DelayOp(wire)
            found = self._delayed[wire] = op.results[0]
            if wire.name_hint is not None:
                found.name_hint = wire.name_hint
            self.block.add_op(op)
        return found

    def valid(self, flag: SSAValue, stage: int) -> SSAValue:
        """A flag of the step in a later stage, 0 after a reset."""
        stages = self._valid.setdefault(flag, [flag])
        while len(stages) <= stage:
            last = stages[-1]
            known = self._delayed.get(last)
            if known is None or not isinstance(known.owner, rtl.DelayOp) or known.owner.reset is None:
                op = rtl.DelayOp(last, reset=True)
                op.results[0].name_hint = flag.name_hint
                self.block.add_op(op)
                known = self._delayed[last] = op.results[0]
            stages.append(known)
        return stages[stage]

    def compute(
        self, kind: str, operands: Sequence[Value], bits: int, amount: int | None = None, stage: int | None = None
    ) -> Wire:
        """An operation as early as its operands allow, or in the given stage; the same one once."""
        wires = [o for o in operands if isinstance(o, Wire) and not o.is_static]
        levels = cost(kind, max(bits, *(bits_of(o) for o in operands)))
        at = max((w.stage for w in wires), default=0) if stage is None else stage
        level = max((w.level for w in wires if w.stage == at), default=0.0)
        if stage is None and level + levels > self.limits.levels and level > REGISTERED:
            at, level = at + 1, 0.0
        values = [self.at(o, at) for o in operands]
        key = (kind, at, bits, amount, *values)
        if key not in self._computed:
            op = rtl.ComputeOp(kind, values, bits, amount)
            self.block.add_op(op)
            self._computed[key] = Wire(op.results[0], at, level + levels)
        return self._computed[key]

    def part(self, value: Wire, low: int, bits: int) -> Wire:
        """So many bits of a wire from one on, in its stage."""
        if (low, bits) == (0, value.bits):
            return value
        kind, amount = ("element", low) if bits == 1 else ("shr", low) if low else ("resize", None)
        return self.compute(kind, [value], bits, amount, value.stage)

    def register(self, value: Value) -> Value:
        """The same behind a register."""
        if isinstance(value, int) or value.is_static:
            return value
        return Wire(self.at(value, value.stage + 1), value.stage + 1)

    def registered(self, value: Value) -> Value:
        """The same straight from a register."""
        return value if isinstance(value, int) or value.level <= REGISTERED else self.register(value)

    def factor(self, value: Value) -> Value:
        """The same straight from as many registers as lie before a multiplier."""
        value = self.registered(value)
        if not isinstance(value, int):
            for _ in range(registers_before(value.value), 1 + self.limits.far_registers):
                value = self.register(value)
        return value

    def product(self, left: Value, right: Value, bits: int) -> Value:
        """A product, between the registers of its multiplier and those that lie before and behind it."""
        value = self.compute("mul", [self.factor(left), self.factor(right)], bits)
        for _ in range(1 + self.limits.far_registers):
            value = self.register(value)
        return value


def registers_before(value: SSAValue) -> int:
    """How many registers a value comes from, one right behind the other; parts of their bits do not count between."""
    found = 0
    while isinstance(value.owner, rtl.DelayOp | rtl.ComputeOp):
        if isinstance(value.owner, rtl.DelayOp):
            found += 1
        elif len(value.owner.operands) > 1 or cost(value.owner.kind.data, 0):
            break
        value = value.owner.operands[0]
    return found + isinstance(value.owner, rtl.UseOp)


class FixedStage(Pipeline):
    """The same module, all operations in one stage; none of them takes a register."""

    def __init__(self, pipeline: Pipeline, stage: int):
        super().__init__(pipeline.block, pipeline.limits, pipeline.units)
        self._delayed, self._stages, self._valid = pipeline._delayed, pipeline._stages, pipeline._valid
        self._constants, self._stage = pipeline._constants, stage
        self._computed = pipeline._computed

    def compute(
        self, kind: str, operands: Sequence[Value], bits: int, amount: int | None = None, stage: int | None = None
    ) -> Wire:
        return super().compute(kind, operands, bits, amount, self._stage)
