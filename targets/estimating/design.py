"""The estimate of a whole design: each module with its constants, the buffers between them, and the top."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.ir import Operation

from ...dialects import rtl
from ...dialects.emitc.types import NODE
from ..family import Family
from .cells import Estimate, memories_cells, module_cells, units_of
from .cycles import Timing, alone, beside, cycles_of, timing_of


@dataclass(frozen=True)
class Part:
    """A module, with the constants that only it reads: steps, clocks until it is done, cells."""

    name: str
    node: str
    steps: int
    end: int
    cells: Estimate


@dataclass(frozen=True)
class Design:
    """Cycles of an inference; modules in the order in which they are started, and the buffers between them."""

    cycles: int
    parts: tuple[Part, ...]
    buffers: Estimate

    @property
    def cells(self) -> Estimate:
        """All cells."""
        return sum((part.cells for part in self.parts), self.buffers)


@dataclass(frozen=True)
class Looked:
    """What is seen of a module alone: when it does what, and its cells without memories."""

    timing: Timing
    cells: Estimate


def design_of(family: Family, ops: Iterable[Operation], known: dict[Operation, Looked] | None = None) -> Design:
    """The estimate of the ops of a module of `rtl`; modules in `known` are not looked at again."""
    known = {} if known is None else known
    ops = list(ops)
    modules = {op.sym_name.data: op for op in ops if isinstance(op, rtl.ModuleOp)}
    memories = [op for op in ops if isinstance(op, rtl.MemoryOp)]
    top = next(op for op in ops if isinstance(op, rtl.TopOp))
    units = units_of(ops)
    prices = memories_cells(family, memories, modules.values())
    readers = {
        name: {op.memory.string_value() for op in m.body.block.ops if isinstance(op, rtl.ReadOp)}
        for name, m in modules.items()
    }
    blocks = frozenset(name for name, cells in prices.items() if cells.bram36)
    constants = {m.sym_name.data for m in memories if m.init is not None}
    for module in modules.values():
        if module not in known:
            known[module] = Looked(timing_of(module), module_cells(family, module, units, blocks))
    timings = {name: known[module].timing for name, module in modules.items()}
    ends = ends_of(top, timings)
    parts: list[Part] = []
    taken: set[str] = set()
    for name in started(top):
        own = (readers[name] & constants) - taken
        taken |= own
        cells = sum((prices[m] for m in sorted(own)), known[modules[name]].cells)
        node = getattr(modules[name].attributes.get(NODE), "data", name)
        parts.append(Part(name, node, timings[name].steps, ends[name], cells))
    buffers = sum((prices[m.sym_name.data] for m in memories if m.init is None), Estimate())
    return Design(cycles_of(top, timings), tuple(parts), buffers)


def started(top: rtl.TopOp) -> list[str]:
    """The modules in the order in which they are started."""
    return [op.module.string_value() for op in top.walk() if isinstance(op, rtl.StartOp)]


def ends_of(top: rtl.TopOp, timings: dict[str, Timing]) -> dict[str, int]:
    """The clock in which each module is done, counted from its start, or from that of those beside it."""
    ends = {name: alone(timing) for name, timing in timings.items()}
    for op in top.walk():
        if isinstance(op, rtl.OverlapOp):
            names = [o.module.string_value() for o in op.body.block.ops if isinstance(o, rtl.StartOp)]
            ends |= beside({name: timings[name] for name in names})[1]
    return ends
