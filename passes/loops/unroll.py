"""`loops-unroll`: several iterations of a short loop in one, where that saves more cycles than it is worth bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.mcu import BlockOp
from ...dialects.mcu.bytes import SparseBlockOp
from ...dialects.mcu.words import LoadWordOp
from ...targets.core import core_names, load_core
from .indices.advance import constant_of, trips_of
from .indices.affine import loops_around

MOST, MOST_OPERATIONS = 8, 96
"""Iterations in one, and operations of the new body."""

OPERATION_BYTES = 3
"""Bytes of code of an operation, about."""


@dataclass(frozen=True)
class UnrollPass(ModulePass):
    """Write several iterations of innermost loops one behind the other; what is left of them follows the loop.

    The core of `costs` says what the end of an iteration takes; a core that says nothing of it keeps its loops. At most
    `flash` bytes are spent, about, where each saves most, and at least `gain` cycles. Raises UserError for a core
    without a file.
    """

    name = "loops-unroll"
    costs: str = "cortex-m4f"
    flash: int = 8192
    gain: int = 4

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        core = self.costs.partition(",")[0]
        if core not in core_names():
            raise UserError(f"loops-unroll: no core '{core}'; there are {', '.join(core_names())}")
        cycles = load_core(core).class_cycles
        saved = 2 * cycles.get("other", 0.0) + cycles.get("branch", 0.0) + cycles.get("taken", 0.0)
        left = self.flash
        if not saved:
            return
        for choice in sorted(choices(op, saved, self.gain), key=lambda choice: -choice.gain / choice.bytes):
            if choice.bytes <= left:
                left -= choice.bytes
                unroll(choice.loop, choice.factor)


@dataclass(frozen=True)
class Choice:
    """A loop, how many of its iterations become one, the cycles that this saves and the bytes that it takes."""

    loop: scf.ForOp
    factor: int
    gain: float
    bytes: int


def choices(module: ModuleOp, saved: float, least: int) -> Iterator[Choice]:
    """The best factor for each loop that has one; the end of an iteration takes `saved` cycles."""
    runs = Counter[str]()
    for op in module.walk():
        if isinstance(op, CallOp):
            runs[op.callee.string_value()] += repeats(op)
    for function in module.ops:
        if isinstance(function, FuncOp):
            calls = max(1, runs[function.sym_name.data])
            for op in function.walk():
                if isinstance(op, scf.ForOp) and is_short(op):
                    yield from best(op, calls * repeats(op), saved, least)


def best(loop: scf.ForOp, runs: int, saved: float, least: int) -> Iterator[Choice]:
    """The factor that saves most, less what its bytes are worth; none where that is nothing."""
    trips, size = trips_of(loop) or 0, operations_of(loop)
    found: list[Choice] = []
    for factor in range(2, min(MOST, trips, MOST_OPERATIONS // max(1, size)) + 1):
        turns, left = divmod(trips, factor)
        bytes = OPERATION_BYTES * max(1, size) * (factor - 1 + left)
        found.append(Choice(loop, factor, runs * saved * (trips - (turns if turns > 1 else 0)), bytes))
    if found:
        choice = max(found, key=lambda choice: choice.gain - least * choice.bytes)
        if choice.gain > least * choice.bytes:
            yield choice


def repeats(op: Operation) -> int:
    """How often the loops around an operation of a function run it, at most."""
    return prod(max(1, trips_of(loop) or 1) for loop in loops_around(op))


def is_short(loop: scf.ForOp) -> bool:
    """Whether a loop does little in each iteration, none of it a block, a call or a loop.

    What only fills memory in one of two cases does so where there is padding, which is rare.
    """
    body = loop.body.block
    if trips_of(loop) is None or body.args[0] in last(body).operands:
        return False
    if any(op.regions or isinstance(op, CallOp | BlockOp | SparseBlockOp) for op in body.ops):
        return False
    if isinstance(loop.parent_op(), scf.IfOp) and not any(
        isinstance(op, memref.LoadOp | LoadWordOp) for op in body.ops
    ):
        return False
    return 2 * operations_of(loop) <= MOST_OPERATIONS


def operations_of(loop: scf.ForOp) -> int:
    """The operations of an iteration; numbers and indices come with what uses them."""
    return sum(
        not isinstance(op, arith.ConstantOp | scf.YieldOp)
        and not any(isinstance(r.type, IndexType) for r in op.results)
        for op in loop.body.block.ops
    )


def unroll(loop: scf.ForOp, factor: int) -> None:
    """Write `factor` iterations in one, and those that are left behind the loop; of one turn no loop is left."""
    lower, step, trips = constant_of(loop.lb), constant_of(loop.step), trips_of(loop)
    body, outer = loop.body.block, loop.parent
    assert outer is not None and lower is not None and step is not None and trips is not None, "checked: known bounds"
    turns, numbers = trips // factor, Numbers(loop)
    end = last(body)
    ops = [op for op in body.ops if op is not end]
    iteration = Iteration(ops, body.args[0], body.args[1:], end.operands)
    uses = [list(result.uses) for result in loop.results]
    done = factor * turns if turns > 1 else 0
    carried: list[SSAValue] = list(loop.results if done else loop.iter_args)
    straight: list[Operation] = []
    for number in range(done, trips):
        ops, carried = iteration.copy(None, lower + number * step, carried, numbers)
        straight += ops
    outer.insert_ops_after(straight, loop)
    for places, value in zip(uses, carried, strict=True):
        for use in places:
            use.operation.operands[use.index] = value
    if not done:
        outer.erase_op(loop)
        return
    values = list(end.operands)
    for number in range(1, factor):
        ops, values = iteration.copy(body.args[0], number * step, values, numbers)
        body.insert_ops_before(ops, end)
    body.erase_op(end)
    body.add_op(scf.YieldOp(*values))
    loop.operands[1], loop.operands[2] = numbers.of(lower + done * step), numbers.of(factor * step)


def last(block: Block) -> Operation:
    """The terminator."""
    op = block.last_op
    assert op is not None, "verified: a loop's body ends in scf.yield"
    return op


class Numbers:
    """Indices as constants, in front of the loops of a function."""

    def __init__(self, loop: scf.ForOp):
        self.loop, self.known = loop, dict[int, SSAValue]()
        block: Block | None = loop.parent
        while block is not None and not isinstance(block.parent_op(), FuncOp):
            parent = block.parent_op()
            block = None if parent is None else parent.parent
        assert block is not None and block.first_op is not None, "loops stand in functions"
        self.block = block

    def of(self, value: int) -> SSAValue:
        """The constant."""
        if value not in self.known:
            op = arith.ConstantOp(IntegerAttr(value, IndexType()))
            assert self.block.first_op is not None
            self.block.insert_op_before(op, self.block.first_op)
            op.result.name_hint = f"c{value}"
            self.known[value] = op.result
        return self.known[value]


@dataclass(frozen=True)
class Iteration:
    """The operations of an iteration, with its counter, what it takes over and what it leaves."""

    ops: Sequence[Operation]
    counter: SSAValue
    carried: Sequence[SSAValue]
    yields: Sequence[SSAValue]

    def copy(
        self, base: SSAValue | None, offset: int, carried: Sequence[SSAValue], numbers: Numbers
    ) -> tuple[list[Operation], list[SSAValue]]:
        """The operations at the counter `base + offset`, which each use computes for itself, and what they leave."""
        made: list[Operation] = []
        values = dict(zip(self.carried, carried, strict=True))
        for op in self.ops:
            here: dict[SSAValue, SSAValue] = {}
            if self.counter in op.operands:
                here[self.counter] = numbers.of(offset)
                if base is not None:
                    made.append(arith.AddiOp(base, numbers.of(offset)))
                    here[self.counter] = made[-1].results[0]
            made.append(op.clone({**values, **here}))
            values |= zip(op.results, made[-1].results, strict=True)
        return made, [values.get(value, value) for value in self.yields]
