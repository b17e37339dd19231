"""What is inside of a module of Verilog: wires that are computed, registers, and the uses of other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from xdsl.ir import Block, Operation, SSAValue

from ...dialects import rtl
from ...dialects.rtl import bits_of
from ...dialects.rtl.names import made
from .expressions import SPELLINGS, Wires, kind_of, literal

LINE = 110
"""Characters of a line of declarations, about."""


class Wiring:
    """Text of a block, in its parts: each op adds to some of them."""

    def __init__(self, taken: Iterable[str]):
        self.wires = Wires(set(taken))
        self.declarations: list[str] = []
        self.registers: dict[str, list[str]] = {}
        """Names by what their declaration says of them."""
        self.body: list[str] = []
        self.reset: list[str] = []
        self.clocked: list[str] = []
        self.unreset: list[str] = []

    def fill(self, block: Block) -> None:
        """Write all ops of a block."""
        ops = list(block.ops)
        for op in ops:
            if type(op) is not rtl.ConstantOp and not self.wires.is_bit_of(op):
                for result in op.results:
                    self.wires.define(result)
        for op in ops:
            write = self.writers.get(type(op))
            if write is not None:
                write(self, op)

    def inside(self) -> list[str]:
        """The lines of declarations and of what is computed."""
        return [f"  {line}" for line in (*grouped(self.registers), *self.declarations, *self.body)]

    def name(self, value: SSAValue) -> str:
        """The text of a value."""
        return self.wires.name(value)

    def wire(self, op: Operation, value: str, number: int = 0) -> None:
        """A result that is computed."""
        result = op.results[number]
        self.body.append(f"wire {kind_of(bits_of(result))}{self.name(result)} = {value};")

    def register(self, op: Operation, number: int = 0) -> str:
        """A result that is a register; its name."""
        return self.declared(op, "reg", number)

    def declared(self, op: Operation, kind: str, number: int = 0) -> str:
        """A result whose declaration says no value; its name."""
        result = op.results[number]
        name = self.name(result)
        self.registers.setdefault(f"{kind} {kind_of(bits_of(result))}", []).append(name)
        return name

    def write_compute(self, op: rtl.ComputeOp) -> None:
        """A wire, but for a bit of another one."""
        if not self.wires.is_bit_of(op):
            self.wire(op, SPELLINGS[op.kind.data](self.wires, op))

    def write_delay(self, op: rtl.DelayOp) -> None:
        """A register."""
        name, value = self.register(op), self.name(op.value)
        if op.reset is None:
            self.unreset.append(f"{name} <= {value};")
        else:
            self.reset.append(f"{name} <= {literal(0, bits_of(op.result))};")
            self.clocked.append(f"{name} <= {value};")

    def write_use(self, op: rtl.UseOp) -> None:
        """An instance of a unit, whose ports are in order: the clock, what it takes, what it gives."""
        name = self.declared(op, "wire")
        pins = ", ".join(["clk", *map(self.name, op.args), name])
        self.body.append(f"{op.unit.string_value()} {made(name, 'u')} ({pins});")

    writers: ClassVar[dict[type[Operation], Callable[[Any, Any], None]]] = {
        rtl.ComputeOp: write_compute,
        rtl.DelayOp: write_delay,
        rtl.UseOp: write_use,
    }
    """What an op adds; others add nothing."""


def listed(ports: Sequence[str]) -> list[str]:
    """The lines of ports."""
    return [f"  {port}{',' if number + 1 < len(ports) else ''}" for number, port in enumerate(ports)]


def grouped(names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Declarations of names, as many in a line as it holds."""
    for kind, group in names.items():
        line = kind + group[0]
        for name in group[1:]:
            if len(line) + len(name) > LINE:
                yield f"{line};"
                line = kind + name
            else:
                line += f", {name}"
        yield f"{line};"
