"""The steps of a plan as the checker replays them: the reads and writes of forms, of their slices, of opaque ops.

In a stream, slices of different forms take turns. What one reads must be what it would read if the forms ran one after
the other as they stand in the text: each byte as the last form before it has written it, and that form done with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xdsl.ir import SSAValue

from ....dialects.access import full_box, linear_map
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import OpaqueOp
from .access import Access, Chunk, When
from .intervals import Numbers
from .places import Places, name_of, refuse

EARLIER = -1
"""The stamp that stands for whatever was there before the stream."""


@dataclass
class Task:
    """A form or an opaque op. `number` counts from 1 in the order of the text.

    `along` says how a stream slices it, `rounds` which dimensions the rounds of loops around hold, outermost first.
    """

    op: StructuredForm | OpaqueOp
    number: int
    reads: list[Access]
    writes: list[Access]
    scratch: list[Access]
    along: int | None = None
    rounds: Sequence[int] = ()
    expected: list[Numbers | None] = field(default_factory=list[Numbers | None])
    """Per read the stamps that the bytes must have; None where any will do."""

    @property
    def name(self) -> str:
        """The node, for messages."""
        return f"node `{name_of(self.op, self.op.name)}`"

    @property
    def slices(self) -> int:
        """How many steps it takes."""
        return 1 if self.along is None or isinstance(self.op, OpaqueOp) else self.op.sizes[self.along]

    @property
    def accumulates(self) -> bool:
        """True where each slice adds to what those before it have left."""
        form = self.op
        return (
            isinstance(form, StructuredForm) and self.along is not None and self.along >= len(form.domain.parallel.data)
        )

    @property
    def held(self) -> Sequence[int]:
        """The dimensions that a slice or a round holds."""
        return self.rounds if self.along is None else (self.along,)

    @cached_property
    def moving_units(self) -> frozenset[int]:
        """The units of which different rounds touch different bytes."""
        accesses = [access for access in (*self.reads, *self.writes) if access.moves]
        return frozenset(unit.number for access in accesses for unit in access.place.units)

    def moving(self, values: Sequence[int]) -> tuple[list[Chunk], list[Chunk]]:
        """What a round reads and writes of these."""
        reads = [chunk for access in self.reads if access.moves for chunk in access.chunks(values)]
        return reads, [chunk for access in self.writes if access.moves for chunk in access.chunks(values)]

    @cached_property
    def is_apart(self) -> bool:
        """True when no two slices write the same element."""
        if self.along is None or isinstance(self.op, OpaqueOp):
            return True
        for result in linear_map(self.op.out_map):
            low, high = result.without(self.along).interval(full_box(self.op.sizes))
            if abs(result.coefficients[self.along]) > high - low:
                return True
        return False

    @property
    def done(self) -> int:
        """The stamp of bytes that it does not write again; those that it does have the stamp before."""
        return 2 * self.number + 1

    def stamp(self, value: int) -> int:
        """The stamp of what a slice writes."""
        return self.done if self.is_apart or value == self.slices - 1 else self.done - 1

    def touches(self, values: Sequence[int]) -> tuple[list[tuple[Chunk, Numbers | None]], list[Chunk], list[Chunk]]:
        """What a slice, or a round, reads, with the stamps expected there, what it writes, and its scratch."""
        writes = [chunk for access in self.writes for chunk in access.chunks(values)]
        reads = [
            (chunk, stamps)
            for access, stamps in zip(self.reads, self.expected, strict=True)
            for chunk in access.chunks(values)
        ]
        if self.accumulates and values[0] > 0:
            begun = Numbers(self.done - 1)
            reads.extend((chunk, begun) for chunk in writes)
        return reads, writes, [chunk for access in self.scratch for chunk in access.chunks(())]


@dataclass(frozen=True)
class Stream:
    """The tasks of a stream, and per storage that several of them write the stamps that it must have at the end."""

    tasks: Sequence[Task]
    results: dict[SSAValue, tuple[Access, Numbers]]


def task_of(
    op: StructuredForm | OpaqueOp, places: Places, number: int, along: int | None = None, rounds: Sequence[int] = ()
) -> Task:
    """What an op reads and writes. Raises DiagnosticException where it is on tensors."""
    held = rounds if along is None else (along,)
    scratch: list[Access] = []
    if isinstance(op, OpaqueOp):
        writes = [Access(value, places.of(op, value), None, None) for value in op.outs]
    else:
        if op.outs is None:
            refuse(op, f"node `{name_of(op, op.name)}` writes no memref: convert it to memplan first")
        writes = [Access(op.outs, places.of(op, op.outs), op.out_map, op, held)]
        if op.scratch is not None:
            scratch = [Access(op.scratch, places.of(op, op.scratch), None, None)]
    reads = [access for access in reads_of(op, places, held) if not access.place.is_constant]
    return Task(op, number, reads, writes, scratch, along, rounds, [None] * len(reads))


def reads_of(op: StructuredForm | OpaqueOp, places: Places, along: Sequence[int]) -> list[Access]:
    """All that an op reads, constants and inputs included."""
    if isinstance(op, OpaqueOp):
        return [Access(value, places.of(op, value), None, None) for value in op.ins]
    once = op.tile is not None and op.tile.reads_once and not along
    late = When.DURING if op.tile is not None and op.tile.reads_late else When.BEFORE
    whens = [When.ONCE if once and not number else late for number in range(len(op.ins))]
    whens += [When.DURING if op.block_points > 1 else When.BEFORE] * len(op.params)
    operands = zip((*op.ins, *op.params), (*op.in_maps, *op.param_maps), whens, strict=True)
    return [
        *(Access(v, places.of(op, v), None if op.is_held(m) else m, op, along, when) for v, m, when in operands),
        *(Access(table, places.of(op, table), None, op, along) for table in op.tables),
        *(Access(v, places.of(op, v), m, op, along) for v, m in zip(op.indices, op.held_maps, strict=True)),
    ]


def as_in_the_text(tasks: Sequence[Task]) -> Stream:
    """Give the tasks of a stream the stamps that they must read."""
    writers = Counter(access.place.root for task in tasks for access in task.writes)
    stamps: dict[SSAValue, Numbers] = dict.fromkeys(writers, Numbers(EARLIER))
    results: dict[SSAValue, tuple[Access, Numbers]] = {}
    for task in tasks:
        task.expected = [stamps.get(access.place.root) for access in task.reads]
        for access in task.writes:
            root = access.place.root
            stamps[root] = overwritten(stamps[root], access, task)
            if writers[root] > 1:
                results[root] = access, stamps[root]
    return Stream(tasks, results)


def overwritten(stamps: Numbers, access: Access, task: Task) -> Numbers:
    """The stamps of a storage after a task has written all that it writes there."""
    assert isinstance(task.op, StructuredForm)
    after = stamps.copy()
    for chunk in Access(access.value, access.place, task.op.out_map, task.op).chunks(()):
        after.put(chunk.runs + (chunk.logical - chunk.start), task.done)
    return after
