"""A function of the loops level read as one nest: its loops, what runs along with them, and where a reduction is."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from math import prod

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from ...dialects.diagnostics import OpError
from ...dialects.mcu import lanes_of
from ...dialects.rtl import signed_bits
from ...passes.loops.indices.advance import advance, constant_of, trips_of
from ...passes.loops.indices.loop import Loop
from .running import Running

MOST_LANES = 1 << 12
"""More than any device has multipliers for."""

Coordinates = tuple[int, ...]
"""A lane: for each loop around a value, which of the iterations that run at once."""


@dataclass(frozen=True)
class Access:
    """The element of a flat memory: what runs along with the loops, and terms that are computed."""

    memory: SSAValue
    running: Running
    terms: tuple[tuple[SSAValue, int], ...] = ()


@dataclass
class Reading:
    """What a function says whatever its lanes are: read once for all nests of it."""

    running: dict[SSAValue, Running | None] = field(default_factory=dict[SSAValue, Running | None])
    advances: dict[tuple[scf.ForOp, int], int | None] = field(default_factory=dict[tuple[scf.ForOp, int], int | None])
    bounds: dict[scf.ForOp, tuple[int | None, int | None, int | None]] = field(
        default_factory=dict[scf.ForOp, tuple[int | None, int | None, int | None]]
    )
    needed: set[Operation] = field(default_factory=set[Operation])
    accesses: dict[tuple[Operation, int], Access] = field(default_factory=dict[tuple[Operation, int], Access])

    def bounds_of(self, loop: scf.ForOp) -> tuple[int | None, int | None, int | None]:
        """Where a loop begins, its step, and how often it runs; None for what is no constant."""
        if loop not in self.bounds:
            self.bounds[loop] = constant_of(loop.lb), constant_of(loop.step), trips_of(loop)
        return self.bounds[loop]

    def advance(self, loop: scf.ForOp, number: int) -> int | None:
        """By how much the carried value of this number moves in an iteration; None where it is not always as much."""
        key = loop, number
        if key not in self.advances:
            self.advances[key] = advance(loop, number)
        return self.advances[key]

    def carries(self, loop: scf.ForOp) -> bool:
        """True where a loop carries more than values that move by the same in each iteration."""
        return any(self.advance(loop, number) is None for number in range(len(loop.iter_args)))


class Nest:
    """The loops of a function, outermost first; `reduction` is the depth of the first that carries a value, if any."""

    def __init__(self, function: func.FuncOp, reading: Reading | None = None):
        self.function, self.reading = function, reading or Reading()
        self.loops: list[Loop] = []
        self.depths: dict[scf.ForOp, int] = {}
        self.reduction: int | None = None
        self.offsets: dict[SSAValue, int] = {}
        """Where memrefs begin in their memories, in elements."""
        self._read(function.body.block)
        self._known = self.reading.running

    def _read(self, block: Block) -> None:
        inner = [op for op in block.ops if isinstance(op, scf.ForOp)]
        if len(inner) > 1:
            raise OpError(inner[1], "hardware has one nest of loops for each form, not two loops side by side")
        for loop in inner:
            lower, step, trips = self.reading.bounds_of(loop)
            if lower is None or step is None or trips is None:
                raise OpError(
                    loop, "hardware needs constant bounds of loops: use convert-memplan-to-loops{padding=guard}"
                )
            lanes = lanes_of(loop)
            if trips == 0 or trips % lanes:
                raise OpError(loop, f"a loop of {trips} iterations does not run in {lanes} lanes")
            if lanes * prod(known.lanes for known in self.loops) > MOST_LANES:
                raise OpError(loop, f"more than {MOST_LANES:,} lanes in all")
            self.depths[loop] = len(self.loops)
            self.loops.append(Loop(loop, lower, step, trips, lanes))
            if self.reduction is None and self.reading.carries(loop):
                self.reduction = len(self.loops) - 1
            self._read(loop.body.block)

    @property
    def parallel(self) -> int:
        """The number of loops around the reduction; all where there is none."""
        return len(self.loops) if self.reduction is None else self.reduction

    @property
    def lanes(self) -> int:
        """How many points of the parallel loops are computed at once."""
        return prod(loop.lanes for loop in self.loops[: self.parallel])

    @property
    def group(self) -> int:
        """How many results are finished at once: as few as keep pace with the reduction."""
        outer = [loop for loop in self.loops[: self.parallel] if loop.lanes > 1]
        if self.reduction is None or not outer:
            return self.lanes
        turns = prod(loop.turns for loop in self.loops[self.parallel :])
        last = outer[-1].lanes
        return next((g for g in range(1, last + 1) if last % g == 0 and self.lanes // g <= turns), self.lanes)

    @property
    def apart(self) -> int:
        """The clocks from one group of results to the next, at least."""
        if self.reduction is None:
            return 1
        return prod(loop.turns for loop in self.loops[self.parallel :]) // (self.lanes // self.group)

    def coordinates(self, depth: int) -> list[Coordinates]:
        """The lanes of a block inside so many loops, in row-major order."""
        return list(product(*(range(loop.lanes) for loop in self.loops[:depth])))

    def group_coordinates(self) -> list[Coordinates]:
        """The lanes in which results are finished."""
        if self.group == self.lanes:
            return self.coordinates(self.parallel)
        last = max(d for d, loop in enumerate(self.loops[: self.parallel]) if loop.lanes > 1)
        return [tuple(g if d == last else 0 for d in range(self.parallel)) for g in range(self.group)]

    def depth(self, op: Operation) -> int:
        """How many loops are around an op."""
        parent = op.parent_op()
        while parent is not None and parent is not self.function:
            if isinstance(parent, scf.ForOp):
                return self.depths[parent] + 1
            parent = parent.parent_op()
        return 0

    def is_finishing(self, op: Operation) -> bool:
        """True for what stands behind the reduction."""
        if self.reduction is None or self.depth(op) != self.reduction:
            return False
        at: Operation = op
        while at.parent_op() not in (self.function, *self.depths):
            parent = at.parent_op()
            assert parent is not None
            at = parent
        block = at.parent
        assert block is not None
        loop = self.loops[self.reduction].op
        return block is loop.parent and block.get_operation_index(at) > block.get_operation_index(loop)

    def running(self, value: SSAValue) -> Running | None:
        """A value as one that runs along with the loops; None where it is none."""
        if value not in self._known:
            found = self._running(value)
            self._known[value] = found if found is None or self._fits(found, value) else None
        return self._known[value]

    def _fits(self, running: Running, value: SSAValue) -> bool:
        """Whether a type holds all that a value becomes."""
        if not isinstance(value.type, IntegerType):
            return True
        spans = [step * (loop.trips - 1) for step, loop in zip(running.steps, self.loops, strict=True)]
        low, high = running.base + sum(s for s in spans if s < 0), running.base + sum(s for s in spans if s > 0)
        return signed_bits(low, high) <= value.type.width.data

    def _running(self, value: SSAValue) -> Running | None:
        number = constant_of(value)
        if number is not None:
            bit = value.type == IntegerType(1)
            return Running.constant(-(number & 1) if bit else number, len(self.loops))
        if isinstance(value, BlockArgument):
            return self._of_argument(value)
        assert isinstance(value, OpResult)
        match value.op:
            case arith.AddiOp() | arith.SubiOp() | arith.MuliOp():
                return self._of_sum(value.op)
            case arith.IndexCastOp():
                return self.running(value.op.input)
            case arith.ExtSIOp() | arith.TruncIOp():
                return self.running(value.op.input)
            case _:
                return None

    def _of_argument(self, value: BlockArgument) -> Running | None:
        loop = value.block.parent_op()
        if not isinstance(loop, scf.ForOp) or loop not in self.depths:
            return None
        depth = self.depths[loop]
        if value.index == 0:
            known = self.loops[depth]
            return Running.constant(known.lower, len(self.loops)).moving(depth, known.step)
        step, start = self.reading.advance(loop, value.index - 1), self.running(loop.iter_args[value.index - 1])
        return None if step is None or start is None else start.moving(depth, step)

    def _of_sum(self, op: arith.AddiOp | arith.SubiOp | arith.MuliOp) -> Running | None:
        left, right = self.running(op.lhs), self.running(op.rhs)
        if left is None or right is None:
            return None
        if not isinstance(op, arith.MuliOp):
            return left.plus(right, -1 if isinstance(op, arith.SubiOp) else 1)
        if not left.is_constant:
            left, right = right, left
        return right.scaled(left.base) if left.is_constant else None

    def needed(self) -> set[Operation]:
        """The ops that what is stored and what is reduced depends on, but for what runs along."""
        if not self.reading.needed:
            self.reading.needed = self._needed()
        return self.reading.needed

    def _needed(self) -> set[Operation]:
        found: set[Operation] = set()
        waiting: list[SSAValue] = []
        for op in self.function.walk():
            if isinstance(op, memref.StoreOp):
                found.add(op)
                waiting += [op.value, *(value for value, _ in self.access(op).terms)]
            elif isinstance(op, scf.ForOp):
                last = op.body.block.last_op
                assert last is not None
                numbers = [n for n in range(len(op.iter_args)) if self.reading.advance(op, n) is None]
                waiting += [value for n in numbers for value in (op.iter_args[n], last.operands[n])]
        while waiting:
            value = waiting.pop()
            op = value.owner
            if isinstance(op, Block) or op in found or self.running(value) is not None:
                continue
            found.add(op)
            if isinstance(op, memref.LoadOp):
                waiting += [term for term, _ in self.access(op).terms]
            elif not isinstance(op, scf.ForOp):
                waiting += op.operands
                lasts = [region.block.last_op for region in op.regions]
                waiting += [v for last in lasts if last is not None for v in last.operands]
        return found

    def access(self, op: memref.LoadOp | memref.StoreOp) -> Access:
        """Where an op reads or writes."""
        key = op, self.offsets.get(op.memref, 0)
        if key not in self.reading.accesses:
            self.reading.accesses[key] = self._access(*key)
        return self.reading.accesses[key]

    def _access(self, op: memref.LoadOp | memref.StoreOp, offset: int) -> Access:
        assert isinstance(op.memref.type, MemRefType)
        running, terms, stride = Running.constant(offset, len(self.loops)), list[tuple[SSAValue, int]](), 1
        for index, size in zip(reversed(op.indices), reversed(op.memref.type.get_shape()), strict=True):
            part, rest = self.split(index)
            running = running.plus(part, stride)
            terms += [(value, factor * stride) for value, factor in rest]
            stride *= size
        return Access(op.memref, running, tuple(terms))

    def split(self, index: SSAValue) -> tuple[Running, list[tuple[SSAValue, int]]]:
        """An index as what runs along, and values times constants."""
        known = self.running(index)
        if known is not None:
            return known, []
        op, none = index.owner, Running.constant(0, len(self.loops))
        if isinstance(op, arith.AddiOp | arith.SubiOp) and is_index(op):
            (left, terms), (right, others) = self.split(op.lhs), self.split(op.rhs)
            sign = -1 if isinstance(op, arith.SubiOp) else 1
            return left.plus(right, sign), [*terms, *((v, sign * f) for v, f in others)]
        if isinstance(op, arith.MuliOp) and is_index(op):
            for value, factor in ((op.lhs, constant_of(op.rhs)), (op.rhs, constant_of(op.lhs))):
                if factor is not None:
                    part, terms = self.split(value)
                    return part.scaled(factor), [(v, f * factor) for v, f in terms]
        return none, [(index, 1)]


def is_index(op: Operation) -> bool:
    """True for arithmetic on indices, or on what the narrow ones became."""
    return isinstance(op.results[0].type, IndexType) or any(
        isinstance(use.operation, arith.IndexCastOp) for use in op.results[0].uses
    )
