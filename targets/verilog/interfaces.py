"""What a module of `rtl` has to do with others: memories that it reads and writes, rows that are counted or awaited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...dialects import rtl


@dataclass(frozen=True)
class Interface:
    """The ops at the edge of a module, each list in the order of its text."""

    accesses: list[rtl.ReadOp | rtl.WriteOp] = field(default_factory=list[rtl.ReadOp | rtl.WriteOp])
    rows: list[rtl.SignalOp | rtl.AwaitOp] = field(default_factory=list[rtl.SignalOp | rtl.AwaitOp])
    rounds: set[int] = field(default_factory=set[int])
    """The numbers of the rounds that it uses."""
    units: list[str] = field(default_factory=list[str])
    """The units that it uses."""

    @property
    def signal(self) -> rtl.SignalOp | None:
        """The op that counts rows."""
        return next((op for op in self.rows if isinstance(op, rtl.SignalOp)), None)

    @property
    def awaited(self) -> list[str]:
        """The modules for whose rows this one waits."""
        return [op.module.string_value() for op in self.rows if isinstance(op, rtl.AwaitOp)]


def interface_of(module: rtl.ModuleOp) -> Interface:
    """One walk along a module, which has thousands of ops."""
    found = Interface()
    for op in module.body.block.ops:
        kind = type(op)
        if kind in USUAL:
            continue
        if isinstance(op, rtl.UseOp):
            found.units.append(op.unit.string_value())
        elif isinstance(op, rtl.ReadOp | rtl.WriteOp):
            found.accesses.append(op)
        elif isinstance(op, rtl.SignalOp | rtl.AwaitOp):
            found.rows.append(op)
        elif isinstance(op, rtl.RoundOp):
            found.rounds.add(op.number.value.data)
    return found


USUAL = frozenset((rtl.ComputeOp, rtl.DelayOp, rtl.ConstantOp))
"""Most of a module."""


def interfaces_of(modules: Mapping[str, rtl.ModuleOp]) -> dict[str, Interface]:
    """Of all modules, by name."""
    return {name: interface_of(module) for name, module in modules.items()}


def at_memories(
    interfaces: Mapping[str, Interface], order: Sequence[str]
) -> dict[str, list[tuple[int, str, rtl.ReadOp | rtl.WriteOp]]]:
    """The accesses of modules in the order in which they run, by memory: number and name of the module, and the op."""
    found: dict[str, list[tuple[int, str, rtl.ReadOp | rtl.WriteOp]]] = {}
    for number, name in enumerate(order):
        for op in interfaces[name].accesses:
            found.setdefault(op.memory.string_value(), []).append((number, name, op))
    return found
