"""A function in memplan form as tasks that touch rows of storage: what streaming plans on.

The peak of a segment of tasks that run together, slice by slice, follows from the order of the slices: each is run when
the first later task needs it (on demand), so that every row is made as late and dies as early as its readers allow.
Every element of a buffer is taken to be written once, as `convert-fixed-to-memplan` makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import BlockArgument, SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.diagnostics import OpError
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import FLASH, AliasOp, OpaqueOp, accumulates, row_bytes, row_count, size_in_bytes
from ....dialects.memplan.liveness import StepOp, destinations, root_of, touched
from ....dialects.memplan.slices import MOST_SLICES, Spans, is_local, row_spans, slice_dimension
from ..lifetimes.distance import NEVER, safe_distance
from .order import on_demand

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Storage:
    """A storage root: rows `start` to `start + rows` of the chain, each of `size` bytes (0 in the caller's memory).

    Storage that some op does not see as rows is one row.
    """

    root: SSAValue
    start: int
    rows: int
    size: int


@dataclass(frozen=True)
class Touch:
    """What the slices of a task read or write: slice `slices[k]` touches row `rows[k]`, in increasing order of slices.

    `saving` is how many bytes the written row may share with a row that is read here for the last time, at most.
    """

    storage: int
    spans: Spans
    rows: Ints
    slices: Ints
    saving: int = 0


@dataclass(frozen=True)
class Task:
    """A step of the function, cut into `slices` along a dimension of its domain, or in one piece (`along` None)."""

    op: StepOp
    along: int | None
    slices: int
    reads: tuple[Touch, ...]
    writes: tuple[Touch, ...]

    @property
    def accumulates(self) -> bool:
        """True when every slice writes the same rows."""
        return (
            isinstance(self.op, StructuredForm)
            and self.along is not None
            and self.along >= len(self.op.domain.parallel.data)
        )


@dataclass(frozen=True)
class Segment:
    """Tasks `first` to `last` (exclusive) that run together in slices, or one after the other in one piece each.

    `peak` is the most bytes alive in it; `order` lists its slices as pairs (task, slice).
    """

    first: int
    last: int
    streamed: bool
    peak: int
    order: tuple[tuple[int, int], ...] = field(repr=False, default=())


@dataclass(frozen=True)
class Pieces:
    """The bytes alive in each task, with its scratch memory, when it runs in one piece: `alone`, whatever its
    neighbours do, or `shared`.

    The latter holds where the tasks from `since` to `until` run in one piece too: then no storage of theirs is split.
    """

    alone: Ints
    shared: Ints
    since: Ints
    until: Ints

    def each(self, first: int, last: int) -> Ints:
        """The bytes alive in each of tasks `first` to `last` (exclusive)."""
        tasks = slice(first, last)
        unsplit = (self.since[tasks] >= first) & (self.until[tasks] < last)
        return np.where(unsplit, self.shared[tasks], self.alone[tasks])

    def peak(self, first: int, last: int) -> int:
        """The most bytes alive in tasks `first` to `last` (exclusive)."""
        return int(self.each(first, last).max(initial=0))


class Chain:
    """The tasks of a function in their order; `whole` holds the same tasks in one piece each."""

    def __init__(self, steps: Sequence[StepOp]):
        self.storage: list[Storage] = []
        self._numbers: dict[SSAValue, int] = {}
        self._unsplit: dict[tuple[StepOp, int], int] = {}
        self.rows = 0
        self._local = {root for step in steps for root in local_roots(step)}
        for step in steps:
            if any(is_constant(root_of(value)) for value in destinations(step)):
                raise OpError(step, "writes into a constant")
            for _, value, _ in kept(step):
                self._take_up(value)
        self._scratch = np.array([scratch_bytes(step) for step in steps], np.int64)
        self.whole = [self._task(step, None) for step in steps]
        self.tasks = [self._task(step, sliceable(step)) for step in steps]
        self.first = [len(steps)] * len(self.storage)
        self.last = [-1] * len(self.storage)
        for number, task in enumerate(self.tasks):
            for touch in (*task.reads, *task.writes):
                self.first[touch.storage] = min(self.first[touch.storage], number)
                self.last[touch.storage] = max(self.last[touch.storage], number)
        self.requires = self._requirements()
        self._bytes = np.array([storage.size * storage.rows for storage in self.storage], np.int64)
        self._first, self._last = np.array(self.first, np.int64), np.array(self.last, np.int64)
        self._held: tuple[int, Ints] = -1, np.zeros(0, np.int64)
        self.pieces = self._pieces()

    def _take_up(self, value: SSAValue) -> None:
        root = root_of(value)
        if root in self._numbers or is_constant(root):
            return
        assert isinstance(root.type, MemRefType)
        rows = row_count(root) if root in self._local and splits(root) else 1
        size = 0 if isinstance(root, BlockArgument) else size_in_bytes(root.type) // rows
        self._numbers[root] = len(self.storage)
        self.storage.append(Storage(root, self.rows, rows, size))
        self.rows += rows

    def _task(self, step: StepOp, along: int | None) -> Task:
        targets = [id(value) for value in destinations(step)]
        slices = 1 if along is None or isinstance(step, OpaqueOp) else step.sizes[along]
        reads: list[Touch] = []
        writes: list[Touch] = []
        for operand, value, access in kept(step):
            if is_constant(root_of(value)):
                continue
            storage = self.storage[self._numbers[root_of(value)]]
            if access is None or storage.rows == 1 or isinstance(step, OpaqueOp):
                spans = np.tile([0, storage.rows - 1], (slices, 1))
            else:
                spans = row_spans(access, step.sizes, value, along)
            written = id(value) in targets
            saving = 0 if written else self._saving(step, operand, along)
            touch = expand(self._numbers[root_of(value)], storage.start, spans, saving)
            (writes if written else reads).append(touch)
        return Task(step, along, slices, tuple(reads), tuple(writes))

    def _saving(self, step: StepOp, operand: int, along: int | None) -> int:
        """The bytes that the output of a step may share with an operand, or a row of one with a row of the other.

        A step in one piece may find its storage split or whole, which other segments decide: it gets what is safe.
        """
        if isinstance(step, OpaqueOp) or operand >= len(step.ins) + len(step.params):
            return 0
        source = self.storage[self._numbers[root_of((*step.ins, *step.params)[operand])]]
        target = self.storage[self._numbers[root_of(step.target)]]
        distance = safe_distance(step, operand, along, self._splits)
        saving = 0 if distance == NEVER else min(source.size, target.size - distance)
        if along is None and saving > 0:
            saving = min(saving, self._saving_unsplit(step, operand))
        return max(0, saving)

    def _saving_unsplit(self, step: StructuredForm, operand: int) -> int:
        """The bytes that the output of a step in one piece may share with an operand where neither is split."""
        key = step, operand
        if key not in self._unsplit:
            values = ((*step.ins, *step.params)[operand], step.target)
            source, target = (self.storage[self._numbers[root_of(value)]] for value in values)
            distance = safe_distance(step, operand, None, lambda root: False)
            shared = min(source.size * source.rows, target.size * target.rows - distance)
            self._unsplit[key] = 0 if distance == NEVER else max(0, shared)
        return self._unsplit[key]

    def _splits(self, root: SSAValue) -> bool:
        return root in self._numbers and self.storage[self._numbers[root]].rows > 1

    def _requirements(self) -> list[list[tuple[int, list[int]]]]:
        """Per task, for each earlier one that it waits for, how many of its slices each slice of the task needs."""
        writes: dict[int, list[tuple[int, Touch]]] = {}
        requires: list[list[tuple[int, list[int]]]] = []
        for number, task in enumerate(self.tasks):
            requires.append(
                [
                    (writer, self._counts(writer, write, touch))
                    for touch in task.reads
                    for writer, write in writes.get(touch.storage, ())
                ]
            )
            for write in task.writes:
                writes.setdefault(write.storage, []).append((number, write))
        return requires

    def _counts(self, writer: int, write: Touch, read: Touch) -> list[int]:
        """How many slices of a writer each slice of a reader needs."""
        task = self.tasks[writer]
        if task.accumulates or task.along is None or self.storage[write.storage].rows == 1:
            return [task.slices] * len(read.spans)
        return np.searchsorted(write.spans[:, 0], read.spans[:, 1], side="right").tolist()

    def segment(self, first: int, last: int, streamed: bool) -> Segment:
        """The order and the peak of tasks run together in slices, or in one piece each."""
        if not streamed:
            peak = self.pieces.peak(first, last)
            return Segment(first, last, streamed, peak, tuple((task, 0) for task in range(first, last)))
        tasks = self.tasks[first:last]
        order = on_demand([task.slices for task in tasks], first, self.requires[first:last])
        return Segment(first, last, streamed, self._peak(tasks, first, order), tuple(order))

    def held(self, first: int, last: int) -> int:
        """Bytes of the storage that is touched before task `first` and again from task `last` on."""
        if self._held[0] != last:
            lasting = self._last >= last
            sums = np.bincount(self._first[lasting], self._bytes[lasting], minlength=len(self.tasks)).cumsum()
            self._held = last, np.concatenate([[0], sums]).astype(np.int64)
        return int(self._held[1][first])

    def _pieces(self) -> Pieces:
        """What each task needs in one piece."""
        count = len(self.whole)
        alone = [self._peak(self.whole[number : number + 1], number, [(number, 0)]) for number in range(count)]
        shared, since, until = np.array(alone, np.int64), np.full(count, -1), np.full(count, count)
        changes = np.zeros(count + 1, np.int64)
        np.add.at(changes, self._first, self._bytes)
        np.subtract.at(changes, self._last + 1, self._bytes)
        total = (np.cumsum(changes)[:-1] + self._scratch).tolist()
        for number, task in enumerate(self.whole):
            alive = total[number]
            for source, target, saving in self._shares(task.op, number):
                if alive - saving < shared[number]:
                    shared[number] = alive - saving
                    since[number], until[number] = self.first[source], self.last[target]
        return Pieces(np.array(alone, np.int64), shared, since, until)

    def _shares(self, step: StepOp, number: int) -> Iterator[tuple[int, int, int]]:
        """The storage that dies in a step in one piece, that born there, and how many bytes they share, unsplit."""
        if isinstance(step, OpaqueOp):
            return
        target = self._numbers[root_of(step.target)]
        for operand, value in enumerate((*step.ins, *step.params)):
            source = self._numbers.get(root_of(value))
            if source is not None and self.last[source] == number and self.first[target] == number:
                yield source, target, self._saving_unsplit(step, operand)

    def _peak(self, tasks: Sequence[Task], first: int, order: Sequence[tuple[int, int]]) -> int:
        """The most bytes alive in a segment, rows shared where an output may overlap an input that dies."""
        last, end = first + len(tasks), len(order)
        times = [np.empty(task.slices, np.int64) for task in tasks]
        for time, (task, value) in enumerate(order):
            times[task - first][value] = time
        touched = dict.fromkeys(touch.storage for task in tasks for touch in (*task.reads, *task.writes))
        shifts, rows, held = dict[int, int](), 0, self.held(first, last)
        for number in touched:
            shifts[number] = rows - self.storage[number].start
            rows += self.storage[number].rows
        begins, ends = np.full(rows, end, np.int64), np.full(rows, NEVER, np.int64)
        for task, at in zip(tasks, times, strict=True):
            for touch in (*task.reads, *task.writes):
                place = touch.rows + shifts[touch.storage]
                np.minimum.at(begins, place, at[touch.slices])
                np.maximum.at(ends, place, at[touch.slices])
        sizes = np.zeros(rows, np.int64)
        for number, shift in shifts.items():
            storage = self.storage[number]
            place = slice(storage.start + shift, storage.start + shift + storage.rows)
            sizes[place] = storage.size
            if self.first[number] < first:
                begins[place] = 0
            if self.last[number] >= last or storage.rows == 1:
                ends[place] = end - 1
            if self.first[number] < first and self.last[number] >= last:
                held -= storage.size * storage.rows
        changes = np.zeros(end + 1, np.int64)
        alive = (begins <= ends) & (sizes > 0)
        np.add.at(changes, begins[alive], sizes[alive])
        np.subtract.at(changes, ends[alive] + 1, sizes[alive])
        live = held + np.cumsum(changes)[:-1] - self._shared(tasks, times, begins, ends, end, shifts)
        return int(live.max(initial=0)) + int(self._scratch[first:last].max(initial=0))

    def _shared(
        self, tasks: Sequence[Task], times: Sequence[Ints], begins: Ints, ends: Ints, steps: int, shifts: dict[int, int]
    ) -> Ints:
        """Per step, the most bytes that its output can share with one input row that dies there.

        `shifts` tells by how much the rows of a storage are shifted in `begins` and `ends`, their steps.
        """
        shared = np.zeros(steps, np.int64)
        for task, at in zip(tasks, times, strict=True):
            if task.accumulates or len(task.writes) != 1:
                continue
            write = task.writes[0]
            born = np.zeros(task.slices, np.bool_)
            born[write.slices] = begins[write.rows + shifts[write.storage]] == at[write.slices]
            for touch in task.reads:
                storage = self.storage[touch.storage]
                if not touch.saving or (task.along is not None and storage.rows == 1):
                    continue
                dying = (ends[touch.rows + shifts[touch.storage]] == at[touch.slices]) & born[touch.slices]
                np.maximum.at(shared, at[touch.slices[dying]], touch.saving)
        return shared


def kept(step: StepOp) -> Iterator[tuple[int, SSAValue, AffineMap | None]]:
    """The memrefs that a step touches, by operand, with their access maps, but for its scratch memory."""
    for operand, (value, access) in enumerate(touched(step)):
        if isinstance(step, OpaqueOp) or value is not step.scratch:
            yield operand, value, access


def scratch_bytes(step: StepOp) -> int:
    """Bytes of scratch memory of a step, which in a stream all of its slices share with those of others."""
    scratch = None if isinstance(step, OpaqueOp) else step.scratch
    return 0 if scratch is None or not isinstance(scratch.type, MemRefType) else size_in_bytes(scratch.type)


def is_constant(root: SSAValue) -> bool:
    """True for constants: they take no RAM."""
    assert isinstance(root.type, MemRefType)
    return root.type.memory_space == FLASH


def local_roots(step: StepOp) -> Iterator[SSAValue]:
    """The storage of which a slice of a step touches fewer rows than the whole step does."""
    along = sliceable(step)
    if along is not None and isinstance(step, StructuredForm):
        for value, access in touched(step):
            if access is not None and not is_constant(root_of(value)) and is_local(step, value, access, along):
                yield root_of(value)


def splits(root: SSAValue) -> bool:
    """True when all aliases of a root see the same rows."""
    assert isinstance(root.type, MemRefType)
    if row_count(root) == 1:
        return False
    return all(
        alias.offset.value.data == 0
        and row_count(alias.result) == row_count(root)
        and row_bytes(alias.result.type) == row_bytes(root.type)
        for alias in aliases_of(root)
    )


def aliases_of(value: SSAValue) -> Iterator[AliasOp]:
    """The aliases of a memref, and theirs."""
    for use in value.uses:
        if isinstance(use.operation, AliasOp):
            yield use.operation
            yield from aliases_of(use.operation.result)


def sliceable(step: StepOp) -> int | None:
    """The dimension along which a step can be run in slices; None if it runs in one piece."""
    if isinstance(step, OpaqueOp):
        return None
    along = slice_dimension(step)
    if along is not None and step.sizes[along] > MOST_SLICES:
        return None
    if along is not None and along >= len(step.domain.parallel.data) and not accumulates(step):
        return None
    return along


def expand(storage: int, start: int, spans: Spans, saving: int) -> Touch:
    """A touch from the rows of each slice."""
    counts = np.maximum(spans[:, 1] - spans[:, 0] + 1, 0)
    slices = np.repeat(np.arange(len(spans)), counts)
    within = np.arange(len(slices)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Touch(storage, spans, start + spans[slices, 0] + within, slices, saving)
