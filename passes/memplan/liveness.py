"""When memory is in use: the live interval of every buffer, view and argument of a function in memplan form.

A step is the execution of one structured form or opaque op; steps are counted from 0 in block order. Through aliases,
all uses of the same bytes belong to their storage root.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue

from ...dialects.fixed_forms import StructuredForm
from ...dialects.memplan import AliasOp, BufferOp, OpaqueOp, ViewOp, element_bytes, size_in_bytes

Step = StructuredForm | OpaqueOp
"""What takes a step of time."""


@dataclass(frozen=True)
class Life:
    """The life of one storage root. Sizes and alignment in bytes; steps are inclusive.

    `first` is the step of the first write, -1 for an input (written by the caller). `last` is the step of the last use,
    the number of steps for an output (read by the caller). A root that no form touches has `last < first`.
    """

    root: SSAValue
    name: str
    size: int
    alignment: int
    first: int
    last: int

    @property
    def is_argument(self) -> bool:
        """True for memory of the caller."""
        return isinstance(self.root, BlockArgument)

    def is_live(self, step: int) -> bool:
        """True when the bytes hold something during the step."""
        return self.first <= step <= self.last


def root_of(value: SSAValue) -> SSAValue:
    """The storage behind a memref: through aliases, not through views."""
    while isinstance(value.owner, AliasOp):
        value = value.owner.source
    return value


def destinations(step: Step) -> tuple[SSAValue, ...]:
    """The memrefs that a step writes."""
    return tuple(step.outs) if isinstance(step, OpaqueOp) else (step.target,)


class Liveness:
    """The lives of a function's storage roots; constants have none. Valid as long as the function does not change."""

    def __init__(self, function: FuncOp):
        self.function = function
        block = function.body.block
        self.steps = tuple(op for op in block.ops if isinstance(op, Step))
        aliases = [op for op in block.ops if isinstance(op, AliasOp)]
        self._alignments: dict[SSAValue, int] = {}
        for alias in aliases:
            root = root_of(alias.result)
            known = self._alignments.get(root, 1)
            self._alignments[root] = max(known, element_bytes(alias.result.type))
        written = {root_of(target) for step in self.steps for target in destinations(step)}
        self._spans: dict[SSAValue, tuple[int, int]] = {}
        for argument in block.args:
            self._spans[argument] = (len(self.steps), len(self.steps)) if argument in written else (-1, -1)
        for step, form in enumerate(self.steps):
            for value in form.operands:
                root = root_of(value)
                first, last = self._spans.get(root, (step, step))
                self._spans[root] = (min(first, step), max(last, step))
        storage = [op.result for op in block.ops if isinstance(op, BufferOp | ViewOp)]
        self.lives = tuple(self._life(root) for root in (*block.args, *storage))
        """Arguments first, then buffers and views in the order of their definition."""
        self.by_root = {life.root: life for life in self.lives}

    def _life(self, root: SSAValue) -> Life:
        type = root.type
        assert isinstance(type, MemRefType)
        first, last = self._spans.get(root, (0, -1))
        alignment = max(element_bytes(type), self._alignments.get(root, 1))
        return Life(root, self._name(root, first), size_in_bytes(type), alignment, first, last)

    def _name(self, root: SSAValue, first: int) -> str:
        """The node of the buffer, else of its first writer, else the name in the text."""
        node = root.owner.node if isinstance(root.owner, BufferOp | ViewOp) else None
        if node is None and 0 <= first < len(self.steps) and not isinstance(root, BlockArgument):
            node = self.steps[first].node
        return node.data if isinstance(node, StringAttr) else root.name_hint or "buffer"

    def life_of(self, value: SSAValue) -> Life:
        """The life of the storage behind a memref. Raises KeyError for constants and arenas."""
        return self.by_root[root_of(value)]

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
        """The most bytes of scratch alive during one step: no arena is smaller."""
        return max(self.live_bytes, default=0)

    def live_at(self, step: int) -> tuple[Life, ...]:
        """The scratch alive during a step."""
        return tuple(life for life in self.scratch if life.is_live(step))

    def step_name(self, step: int) -> str:
        """The node of a step, for messages."""
        form = self.steps[step]
        return form.name if form.node is None else form.node.data


def live_bytes(lives: Iterable[Life], steps: int) -> tuple[int, ...]:
    """Bytes of these lives at each of a number of steps."""
    changes = [0] * (steps + 1)
    for life in lives:
        if life.first <= life.last:
            changes[max(life.first, 0)] += life.size
            changes[min(life.last + 1, steps)] -= life.size
    total, result = 0, list[int]()
    for change in changes[:-1]:
        total += change
        result.append(total)
    return tuple(result)
