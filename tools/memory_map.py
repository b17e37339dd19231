"""The tensor memory map: per step of a plan, the bytes of its inputs, of its outputs and of what else is alive.

After Sudharsan et al., "Enabling machine learning on the edge using SRAM conserving efficient neural networks execution
approach" (ECML PKDD 2021), for two plans at once:

- `before`: the order in which the model came, every tensor whole and in memory of its own while it is alive;
- `after`: the plan that is used, with its order, its streams and what shares bytes.

All figures are bytes. `input` is storage that the step reads, `output` storage that it writes, `other` what is alive
beside these; of a tensor that is streamed only the rows alive at that moment count. These three lie in the arena. The
buffers that the firmware hands over (its input, or one row of it where that is delivered by rows, and its outputs) are
`caller`: other code allocates them, and they are there during every step. What lies in an output and in an input that
dies in the same step is counted in both, and once in `shared`, so that

    total = input + output + other + caller - shared

A form that runs in slices has one line, for the first of its slices with the greatest total. The last line holds the
peaks. That of `after` is the peak RAM that `tinyml analyze` prints: all static data with the caller's buffers. It
exceeds the greatest total above it where alignment and fragmentation lose bytes, and by what a model by rows remembers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, MemRefType
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ..dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from ..dialects.fixed.structured import StructuredForm
from ..dialects.harmless import in_csv
from ..dialects.memplan import INPUT_ARENA, ArenaOp, RowsOp, ViewOp, size_in_bytes
from ..dialects.memplan.liveness import Liveness, StepOp, destinations, root_of
from ..lowering.fixed_to_memplan.convert import ConvertFixedToMemplanPass
from ..passes.fixed.calibrate import the_function
from ..targets.ports import input_rows, output_rows
from .compiling.compilation import Compilation
from .pipelines import run_passes

KINDS: dict[type[StructuredForm], str] = {ContractOp: "contract", ReduceOp: "reduce", MapOp: "map"}

PARTS = ("input", "output", "other", "caller")
COLUMNS = (
    *("step", "node", "form", "slices", "slice"),
    *("before_step", *(f"before_{part}" for part in PARTS), "before_total"),
    *(*(f"after_{part}" for part in PARTS), "after_shared", "after_total"),
)
"""The columns of the table; empty cells belong to a form that only one of the two plans has."""


@dataclass(frozen=True)
class Usage:
    """Bytes in use during one step; see the module's docstring."""

    input: int
    output: int
    other: int
    caller: int
    shared: int

    @property
    def total(self) -> int:
        """Bytes of RAM that hold something."""
        return self.input + self.output + self.other + self.caller - self.shared


@dataclass(frozen=True)
class Line:
    """A form of a plan at the step with the most bytes in use; `slice` is None where it is one step."""

    op: StepOp
    step: int
    slices: int
    slice: int | None
    usage: Usage

    @property
    def node(self) -> str:
        """The node of the form, else the form."""
        return self.op.name if self.op.node is None else self.op.node.data

    @property
    def kind(self) -> str:
        """The form."""
        return KINDS[type(self.op)] if isinstance(self.op, StructuredForm) else "opaque"


class Plan:
    """The memory of a function in memplan form, placed or not, step by step."""

    def __init__(self, function: FuncOp):
        self.function = function
        self.liveness = Liveness(function)
        self.caller = caller_bytes(function)
        lives = [life for life in self.liveness.scratch if life.is_used]
        self.lives = tuple(sorted(lives, key=lambda life: life.first))
        """What is alive at some time in the arena, by its first step."""

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """The offset of each of the lives; arenas follow one another. Raises AttributeError unless all are placed."""
        starts: dict[SSAValue, int] = {}
        end = 0
        for op in self.function.body.block.ops:
            if isinstance(op, ArenaOp):
                starts[op.result], end = end, end + op.size.value.data
        places = (life.place for life in self.lives)
        return np.array([starts[arena] + offset for arena, offset in places], np.int64)

    @cached_property
    def shared(self) -> NDArray[np.int64]:
        """Bytes during each step that are counted in more than one life."""
        shared = np.zeros(len(self.liveness.steps), np.int64)
        if not all(isinstance(life.root.owner, ViewOp | RowsOp) for life in self.lives):
            return shared
        at: dict[int, list[tuple[int, int]]] = {}
        for life, start in zip(self.lives, self.offsets.tolist(), strict=True):
            # Only what is born in a step lies on others, on such as die there.
            for step in {max(life.first, 0), min(life.last, len(shared) - 1)}:
                at.setdefault(step, []).append((start, start + life.size))
        for step, intervals in at.items():
            reached = 0
            for start, end in sorted(intervals):
                shared[step] += max(0, min(reached, end) - start)
                reached = max(reached, end)
        return shared

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """One line per form, in order of their first steps."""
        totals = np.array(self.liveness.live_bytes, np.int64) - self.shared
        steps: dict[StepOp, list[int]] = {}
        for number, step in enumerate(self.liveness.steps):
            steps.setdefault(step.op, []).append(number)
        return tuple(
            self._line(op, max(numbers, key=lambda n: totals[n]), len(numbers)) for op, numbers in steps.items()
        )

    def _alive(self, roots: Iterable[SSAValue], step: int) -> int:
        """Bytes of some storage in the arena that are alive during a step."""
        lives = (life for root in roots for life in self.liveness.by_root.get(root, ()) if not life.is_argument)
        return sum(life.size for life in lives if life.is_live(step))

    def _line(self, op: StepOp, step: int, slices: int) -> Line:
        """The bytes in use at a step of an op."""
        written = {root_of(value) for value in destinations(op)}
        read = {root_of(value) for value in op.operands} - written
        output, input = self._alive(written, step), self._alive(read, step)
        other = self.liveness.live_bytes[step] - input - output
        usage = Usage(input, output, other, self.caller, int(self.shared[step]))
        sliced = self.liveness.steps[step].along is not None
        return Line(op, step, slices, self.liveness.steps[step].value if sliced else None, usage)


def caller_bytes(function: FuncOp) -> int:
    """Bytes of the buffers that the firmware hands over: inputs, one row of an input by rows, outputs.

    An input that the firmware writes into the arena is none of them.
    """
    inputs = function.attributes.get("fixed.inputs")
    count = len(inputs) if isinstance(inputs, ArrayAttr) else 0
    sizes = [size_in_bytes(a.type) if isinstance(a.type, MemRefType) else 0 for a in function.body.block.args]
    given = 0 if INPUT_ARENA in function.attributes else sum(sizes[:count]) // max(1, input_rows(function))
    parts = zip(sizes[count:], output_rows(function), strict=True) if count else ()
    return given + (sum(size // rows for size, rows in parts) if count else sum(sizes))


def plan_before(compilation: Compilation) -> Plan:
    """The program with whole tensors in the order of the model."""
    module = compilation.fixed.clone()
    run_passes(module, [ConvertFixedToMemplanPass()], compilation.timing)
    return Plan(the_function(module))


def table(before: Plan, after: Plan, peak_ram: int) -> list[dict[str, object]]:
    """The lines of the table, then the peaks; `peak_ram` is that of `after`, the caller's buffers included.

    Forms of the two plans belong together by node; those that the plan has no more follow at the end.
    """
    earlier = numbered(before.lines)
    rows = [
        row_of(number, line, earlier.pop(key, None)) for number, (key, line) in enumerate(numbered(after.lines).items())
    ]
    rows += [row_of(None, None, line) for line in earlier.values()]
    peaks: dict[str, object] = {"step": "peak", "before_caller": before.caller, "after_caller": after.caller}
    peaks["before_total"] = max((line.usage.total for line in before.lines), default=before.caller)
    return [*rows, {**peaks, "after_total": peak_ram}]


def numbered(lines: Iterable[Line]) -> dict[tuple[str, int], Line]:
    """Lines by node, and by a number where several have the same."""
    found: dict[tuple[str, int], Line] = {}
    for line in lines:
        number = 0
        while (line.node, number) in found:
            number += 1
        found[line.node, number] = line
    return found


def row_of(number: int | None, after: Line | None, before: Line | None) -> dict[str, object]:
    """The cells of a form."""
    line = after or before
    assert line is not None
    row: dict[str, object] = {"step": number, "node": line.node, "form": line.kind}
    if after is not None:
        row |= {"slices": after.slices, "slice": after.slice, "after_shared": after.usage.shared}
        row |= dict(parts("after", after.usage))
    if before is not None:
        row |= {"before_step": before.step, **dict(parts("before", before.usage))}
    return row


def parts(plan: str, usage: Usage) -> Iterator[tuple[str, int]]:
    """The cells of one plan."""
    for part in (*PARTS, "total"):
        yield f"{plan}_{part}", getattr(usage, part)


def csv_text(rows: Iterable[dict[str, object]]) -> str:
    """The table as CSV, with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: in_csv(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    return text.getvalue()
