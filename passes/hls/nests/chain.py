"""A function as a chain of loops, one inside the other: parallel ones, then those of a reduction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

from xdsl.dialects import arith, func, memref, scf
from xdsl.ir import Block, Operation, OpResult, SSAValue

from ....dialects.mcu import lanes_of
from ...loops.indices.advance import constant_of, trips_of
from ...loops.indices.loop import Loop
from .lanes import PORTS, address_of

COMBINES = (arith.AddiOp, arith.MaxSIOp, arith.MinSIOp, arith.MaxUIOp, arith.MinUIOp)
"""Ops that give the same whatever the order of what they combine."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Loops, outermost first; those from `reduction` on carry values, which each hands to the next one inside."""

    function: func.FuncOp
    loops: tuple[Loop, ...]
    reduction: int

    @property
    def is_reduction(self) -> bool:
        """Whether anything is carried."""
        return self.reduction < len(self.loops)

    @property
    def reducing(self) -> tuple[Loop, ...]:
        """The loops that carry values."""
        return self.loops[self.reduction :]

    def block(self, depth: int) -> Block:
        """The block inside so many loops."""
        return self.function.body.block if depth == 0 else self.loops[depth - 1].op.body.block

    def before(self, depth: int) -> list[Operation]:
        """The ops of a block before the loop inside, or all but its end."""
        ops = list(self.block(depth).ops)
        return ops[: ops.index(self.loops[depth].op)] if depth < len(self.loops) else ops[:-1]

    def behind(self, depth: int) -> list[Operation]:
        """The ops of a block behind the loop inside, but for its end."""
        if depth == len(self.loops):
            return []
        ops = list(self.block(depth).ops)
        return ops[ops.index(self.loops[depth].op) + 1 : -1]


def read_chain(function: func.FuncOp) -> Chain | str:
    """The chain that a function is, or why it is none."""
    loops: list[Loop] = []
    block = function.body.block
    while True:
        inside = [op for op in block.ops if isinstance(op, scf.ForOp)]
        if not inside:
            break
        if len(inside) > 1:
            return "two loops stand side by side"
        loop = read_loop(inside[0])
        if isinstance(loop, str):
            return loop
        loops.append(loop)
        block = loop.op.body.block
    loops = shared_ports(loops) if loops and has_lookups(function) else loops
    carries = [number for number, loop in enumerate(loops) if loop.op.iter_args]
    chain = Chain(function, tuple(loops), carries[0] if carries else len(loops))
    return first_obstacle(chain) or chain


def read_loop(op: scf.ForOp) -> Loop | str:
    """A loop, or why it is none that runs in lanes."""
    trips, lower, step, lanes = trips_of(op), constant_of(op.lb), constant_of(op.step), lanes_of(op)
    if not trips or lower is None or step is None:
        return "the bounds of a loop are no constants"
    if trips % lanes:
        return f"a loop of {trips} iterations does not run in {lanes} lanes"
    return Loop(op, lower, step, trips, lanes)


def has_lookups(function: func.FuncOp) -> bool:
    """True where a place that is read follows from data."""
    for op in function.walk():
        if isinstance(op, memref.LoadOp):
            terms = address_of(op).factors
            if any(times and isinstance(value, OpResult) for value, times in terms.items()):
                return True
    return False


def shared_ports(loops: list[Loop]) -> list[Loop]:
    """The loops with so many lanes together as a table has ports."""
    left, found = PORTS, list[Loop]()
    for loop in loops:
        lanes = gcd(loop.lanes, left)
        found.append(replace(loop, lanes=lanes))
        left //= lanes
    return found


def first_obstacle(chain: Chain) -> str | None:
    """Why loops and what stands between them cannot become one perfect nest; None where they can."""
    if not chain.loops:
        return "there is no loop"
    for depth in range(1, len(chain.loops) + 1):
        if depth < len(chain.loops) and any(isinstance(op, memref.StoreOp) for op in chain.before(depth)):
            return "something is stored before a loop"
        if depth != chain.reduction and chain.behind(depth):
            return "something stands behind a loop"
        if any(isinstance(op, func.CallOp) for op in chain.block(depth).ops):
            return "a loop calls a function"
        if any(isinstance(inner, scf.ForOp) for op in chain.block(depth).ops for inner in nested(op)):
            return "a loop stands inside a condition"
    for outer, inner in zip(chain.reducing, chain.reducing[1:], strict=False):
        last = outer.op.body.block.last_op
        assert last is not None
        if tuple(inner.op.iter_args) != outer.op.body.block.args[1:] or tuple(last.operands) != tuple(inner.op.results):
            return "loops do not hand on what they carry"
    if chain.reduction == 0 and chain.behind(0):
        return None
    return "something stands behind all loops" if chain.behind(0) else None


def nested(op: Operation) -> list[Operation]:
    """What stands inside of an op that is no loop."""
    return [] if isinstance(op, scf.ForOp) else list(op.walk())[1:]


def combination(value: SSAValue, carried: SSAValue) -> type[Operation] | None:
    """The op by which a value combines what is carried with something; None where it does otherwise."""
    op = value.owner
    if isinstance(op, COMBINES) and carried in op.operands:
        return type(op)
    if isinstance(op, scf.IfOp) and value in op.results:
        number = op.results.index(value)  # pyright: ignore
        lasts = [region.block.last_op for region in op.regions if region.blocks]
        if len(lasts) == 2 and all(last is not None for last in lasts):
            then, other = (last.operands[number] for last in lasts if last is not None)
            return combination(then, carried) if other is carried else None
    return None
