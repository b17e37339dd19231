"""Forms that run beside each other: which rows of an earlier form each one waits for.

A form counts its rows, the values of its first parallel dimension that has more than one, as finished when all their
results are written. A later one may begin its own row `i` as soon as `min(rows, scale * i + base)` of those are. A
buffer that keeps only its last rows makes its writer wait as well, for rows of those who read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, IntegerAttr, i64
from xdsl.ir import Attribute, Operation

from .fixed.structured import StructuredForm
from .memplan.loops import round_dims

OVERLAP = "hls.dataflow"
"""The attribute of a function whose forms start together and wait for each other's rows."""

STAGE = "hls.stage"
"""The attribute of a form, or of its function, that numbers it among those that run beside each other."""

AWAITS = "hls.awaits"
"""The attribute of a form, or its function: an array `[stage, rows, scale, base, shift]` for each form it waits for."""

RING = "hls.ring"
"""The attribute of a buffer, or its global: it keeps so many elements, a power of two, the last that were written."""

DOUBLE_PORTS = "hls.double_ports"
"""The attribute of a function whose caller writes the next inputs and reads the last outputs while it runs."""


@dataclass(frozen=True)
class Await:
    """Before row `i` begins, `min(rows, (scale * i + base) >> shift)` rows of a stage are written."""

    stage: int
    rows: int
    scale: int
    base: int
    shift: int = 0

    def needed(self, row: int) -> int:
        """How many rows a row waits for."""
        return min(self.rows, (self.scale * row + self.base) >> self.shift)


def row_dim(form: StructuredForm) -> int | None:
    """The dimension whose values are the rows of a form, in a round where it is in a loop; None where it has one."""
    parallel = len(form.domain.parallel.data)
    held = {*form.held_dims, *round_dims(form)}
    return next((d for d in range(parallel) if form.sizes[d] > 1 and d not in held), None)


def stage_of(op: Operation) -> int | None:
    """The number of a form or function among those that run beside each other, if it does."""
    stage = op.attributes.get(STAGE)
    return stage.value.data if isinstance(stage, IntegerAttr) else None


def awaits_of(op: Operation) -> list[Await]:
    """What a form or function waits for."""
    awaits = op.attributes.get(AWAITS)
    entries = awaits.data if isinstance(awaits, ArrayAttr) else ()
    return [Await(*map(int, entry.get_values())) for entry in entries if isinstance(entry, DenseArrayBase)]


def dataflow_attributes(stage: int, awaits: list[Await]) -> dict[str, Attribute]:
    """The attributes that say so."""
    entries = [DenseArrayBase.from_list(i64, [a.stage, a.rows, a.scale, a.base, a.shift]) for a in awaits]
    return {STAGE: IntegerAttr(stage, i64), AWAITS: ArrayAttr(entries)}


def is_await(attribute: Attribute) -> bool:
    """Whether an attribute is one entry of `AWAITS`."""
    values = tuple(attribute.get_values()) if isinstance(attribute, DenseArrayBase) else ()
    return len(values) == 5 and values[0] >= 0 and values[1] > 0


def ring_of(op: Operation) -> int | None:
    """The elements that a buffer, or its global, keeps; None where it keeps all."""
    ring = op.attributes.get(RING)
    return ring.value.data if isinstance(ring, IntegerAttr) else None
