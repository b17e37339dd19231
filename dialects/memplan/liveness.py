"""When memory is in use: the live interval of every buffer, view, argument and row of a function in memplan form.

A step is the execution of one structured form, of one slice of a form in a stream, or of one opaque op; steps are
counted from 0 in order of execution. Of a loop one round counts: what the loop carries lives through all of its steps.
Through aliases, all uses of the same bytes belong to their storage root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.ir.affine import AffineMap

from ..diagnostics import OpError
from ..fixed.structured import StructuredForm
from . import (
    AliasOp,
    BufferOp,
    LoopOp,
    OpaqueOp,
    RowsOp,
    StreamOp,
    ViewOp,
    element_bytes,
    loops_around,
    outermost,
    row_bytes,
    row_count,
    size_in_bytes,
)
from .carried import carried_storage
from .slices import row_spans

StepOp = StructuredForm | OpaqueOp
"""What takes a step of time, or in a stream one for each slice."""


@dataclass(frozen=True)
class Step:
    """One step: an op, or the slice of a form at `value` of its dimension `along`."""

    op: StepOp
    along: int | None = None
    value: int = 0

    @property
    def name(self) -> str:
        """The node of the op, with the slice, for messages."""
        node = self.op.name if self.op.node is None else self.op.node.data
        return node if self.along is None else f"{node}[{self.value}]"


@dataclass(frozen=True)
class Life:
    """The life of one storage root, or of one row of it. Sizes and alignment in bytes; steps are inclusive.

    `first` is the step of the first write, -1 for an input (written by the caller). `last` is the step of the last use,
    the number of steps for an output (read by the caller). A root that no form touches has `last < first`.
    """

    root: SSAValue
    name: str
    size: int
    alignment: int
    first: int
    last: int
    row: int | None = None

    @property
    def is_argument(self) -> bool:
        """True for memory of the caller."""
        return isinstance(self.root, BlockArgument)

    @property
    def is_used(self) -> bool:
        """True when some step touches it."""
        return self.first <= self.last

    @property
    def place(self) -> tuple[SSAValue, int]:
        """Its arena, and the byte at which it begins there. Raises AttributeError where it is not placed."""
        owner = self.root.owner
        if isinstance(owner, RowsOp):
            return owner.arena, int(owner.row_offsets[self.row or 0])
        if not isinstance(owner, ViewOp):
            raise AttributeError(f"{self.name} is not placed")
        return owner.arena, owner.offset.value.data

    def is_live(self, step: int) -> bool:
        """True when the bytes hold something during the step."""
        return self.first <= step <= self.last


def root_of(value: SSAValue) -> SSAValue:
    """The storage behind a memref: through aliases, not through views."""
    while isinstance(value.owner, AliasOp):
        value = value.owner.source
    return value


def destinations(step: StepOp) -> tuple[SSAValue, ...]:
    """The memrefs that a step writes for others to read."""
    return tuple(step.outs) if isinstance(step, OpaqueOp) else (step.target,)


def touched(op: StepOp) -> Iterator[tuple[SSAValue, AffineMap | None]]:
    """The memrefs that a step reads or writes, each with its access map; None where it touches everything."""
    yield from zip(op.operands, [None] * len(op.operands) if isinstance(op, OpaqueOp) else op.touched, strict=True)


def is_split(root: SSAValue) -> bool:
    """True for storage whose rows live and lie apart."""
    owner = root.owner
    return isinstance(owner, RowsOp) or (isinstance(owner, BufferOp) and owner.rows is not None)


def steps_of(op: Operation) -> Iterator[Step]:
    """The steps that an op of a plan takes, in order."""
    if isinstance(op, StepOp):
        yield Step(op)
    elif isinstance(op, StreamOp):
        forms, dims = op.forms, op.dims
        for form, value in op.slices.tolist():
            yield Step(forms[form], dims[form], value)
    elif isinstance(op, LoopOp):
        for inner in op.body.block.ops:
            yield from steps_of(inner)


class Liveness:
    """The lives of a function's storage roots; constants have none. Valid as long as the function does not change.

    Raises OpError where a step writes into a constant.
    """

    def __init__(self, function: FuncOp):
        self.function = function
        block = function.body.block
        self.steps: list[Step] = []
        """The steps in order of execution."""
        self._spans: dict[SSAValue, tuple[int, int]] = {}
        self._rows: dict[SSAValue, tuple[list[int], list[int]]] = {}
        self._alignments: dict[SSAValue, int] = {}
        self.carried = self._carried()
        """Per loop, the storage that lives through all of its steps."""
        storage: list[SSAValue] = []
        for op in block.ops:
            if isinstance(op, AliasOp):
                root = root_of(op.result)
                self._alignments[root] = max(self._alignments.get(root, 1), element_bytes(op.result.type))
            elif isinstance(op, BufferOp | ViewOp | RowsOp):
                storage.append(op.result)
                if is_split(op.result):
                    count = row_count(op.result)
                    self._rows[op.result] = [1 << 60] * count, [-1] * count
            else:
                self._run(op)
        ops = dict.fromkeys(step.op for step in self.steps)
        written = {self._written(op, target) for op in ops for target in destinations(op)}
        for argument in block.args:
            first, last = self._spans.get(argument, (-1, -1))
            self._spans[argument] = (first, len(self.steps)) if argument in written else (-1, last)
        self.lives = tuple(life for root in (*block.args, *storage) for life in self._lives_of(root))
        """Arguments first, then buffers and views in the order of their definition, then by row."""

    def _carried(self) -> dict[LoopOp, frozenset[SSAValue]]:
        ops = list(self.function.walk())
        loops = [op for op in ops if isinstance(op, LoopOp)]
        return carried_storage(loops, [op for op in ops if isinstance(op, StepOp)]) if loops else {}

    def is_carried(self, root: SSAValue, step: StepOp) -> bool:
        """True for storage that a loop around the step carries from round to round."""
        return any(root in self.carried[loop] for loop in loops_around(step))

    @staticmethod
    def _written(step: StepOp, target: SSAValue) -> SSAValue:
        root = root_of(target)
        owner = root.owner
        if isinstance(owner, Operation) and not isinstance(owner, BufferOp | ViewOp | RowsOp):
            raise OpError(step, f"writes into what `{owner.name}` makes, which is no buffer")
        return root

    def _run(self, op: Operation) -> None:
        """Take up the steps of an op."""
        if isinstance(op, LoopOp):
            self._run_loop(op)
            return
        start = len(self.steps)
        self.steps.extend(steps_of(op))
        times: dict[StepOp, list[int]] = {}
        for time in range(start, len(self.steps)):
            times.setdefault(self.steps[time].op, []).append(time)
        for form, at in times.items():
            for value, access in touched(form):
                root = root_of(value)
                if root in self._rows:
                    self._touch_rows(root, value, access, at)
                elif isinstance(root, BlockArgument) or isinstance(root.owner, BufferOp | ViewOp):
                    first, last = self._spans.get(root, (at[0], -1))
                    self._spans[root] = min(first, at[0]), max(last, len(self.steps) - 1)

    def _run_loop(self, loop: LoopOp) -> None:
        """Take up the steps of a round; what the loop carries is touched from the first to the last."""
        start = len(self.steps)
        for op in loop.body.block.ops:
            self._run(op)
        times = [start, len(self.steps) - 1]
        for root in self.carried[loop]:
            if root in self._rows:
                for time in times:
                    self._touch_rows(root, root, None, [time])
            elif isinstance(root, BlockArgument) or isinstance(root.owner, BufferOp | ViewOp):
                first, last = self._spans.get(root, (start, -1))
                self._spans[root] = min(first, start), max(last, times[-1])

    def _touch_rows(self, root: SSAValue, value: SSAValue, access: AffineMap | None, at: list[int]) -> None:
        step = self.steps[at[0]]
        first, last = self._rows[root]
        if access is None or isinstance(step.op, OpaqueOp):
            spans = [[0, row_count(root) - 1]] * len(at)
        else:
            spans = row_spans(access, step.op.sizes, value, step.along).tolist()
        for time, (start, end) in zip(at, spans, strict=True):
            for row in range(start, end + 1):
                first[row] = min(first[row], time)
                last[row] = max(last[row], time)

    def _lives_of(self, root: SSAValue) -> Iterator[Life]:
        type = root.type
        assert isinstance(type, MemRefType)
        alignment = max(element_bytes(type), self._alignments.get(root, 1))
        if root in self._rows:
            size, rows = row_bytes(type), zip(*self._rows[root], strict=True)
            for row, (first, last) in enumerate(rows):
                name = f"{self._name(root, first)}[{row}]"
                yield Life(root, name, size, alignment, first if last >= 0 else 0, last, row)
        else:
            first, last = self._spans.get(root, (0, -1))
            yield Life(root, self._name(root, first), size_in_bytes(type), alignment, first, last)

    def _name(self, root: SSAValue, first: int) -> str:
        """The node of the buffer, else of its first writer, else the name in the text."""
        node = root.owner.node if isinstance(root.owner, BufferOp | ViewOp | RowsOp) else None
        if node is None and 0 <= first < len(self.steps) and not isinstance(root, BlockArgument):
            node = self.steps[first].op.node
        return node.data if isinstance(node, StringAttr) else root.name_hint or "buffer"

    @cached_property
    def by_root(self) -> dict[SSAValue, tuple[Life, ...]]:
        """The lives of each root: one, or one for each row."""
        lives: dict[SSAValue, list[Life]] = {}
        for life in self.lives:
            lives.setdefault(life.root, []).append(life)
        return {root: tuple(group) for root, group in lives.items()}

    def life_of(self, value: SSAValue) -> Life:
        """The life of the storage behind a memref that lies in one piece. Raises KeyError for constants and arenas."""
        (life,) = self.by_root[root_of(value)]
        return life

    @cached_property
    def scratch(self) -> tuple[Life, ...]:
        """The lives in the program's own memory: buffers and views, not arguments."""
        return tuple(life for life in self.lives if not life.is_argument)

    @cached_property
    def live_bytes(self) -> tuple[int, ...]:
        """Bytes of scratch alive during each step."""
        return live_bytes(self.scratch, len(self.steps))

    @property
    def peak_step(self) -> int:
        """The first step with the most bytes of scratch alive; 0 when there are no steps."""
        return self.live_bytes.index(max(self.live_bytes)) if self.steps else 0

    @property
    def max_live(self) -> int:
        """The most bytes of scratch alive during one step: no arena without sharing is smaller."""
        return max(self.live_bytes, default=0)

    def live_at(self, step: int) -> tuple[Life, ...]:
        """The scratch alive during a step."""
        return tuple(life for life in self.scratch if life.is_live(step))

    def buffers_at(self, step: int) -> dict[str, int]:
        """The bytes of each buffer that are alive during a step, all its rows together, the most first."""
        alive: dict[str, int] = {}
        for life in self.live_at(step):
            whole = life.name.partition("[")[0]
            alive[whole] = alive.get(whole, 0) + life.size
        return dict(sorted(alive.items(), key=lambda item: -item[1]))


def live_bytes(lives: Iterable[Life], steps: int) -> tuple[int, ...]:
    """Bytes of these lives at each of a number of steps."""
    changes = np.zeros(steps + 1, np.int64)
    for life in lives:
        if life.is_used:
            changes[max(life.first, 0)] += life.size
            changes[min(life.last + 1, steps)] -= life.size
    return tuple(np.cumsum(changes[:-1]).tolist())


def is_planned(function: FuncOp) -> bool:
    """True for a function in memplan form: it has steps, and they write into memrefs.

    Raises OpError where such a function has other arguments than memrefs, or a step within any other op than a stream
    or a loop.
    """
    steps = [op for op in function.walk() if isinstance(op, StepOp)]
    if not steps or any(isinstance(step, StructuredForm) and step.outs is None for step in steps):
        return False
    if not all(isinstance(argument.type, MemRefType) for argument in function.args):
        raise OpError(function, "a plan has memrefs as arguments, and nothing else")
    for step in steps:
        parent = outermost(step).parent_op()
        if parent is not function:
            raise OpError(step, "a step of a plan stands in the function, or in a stream or a loop there")
    return True
