"""Indices as affine functions of the loops around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith, scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from .advance import advance, constant_of, trips_of


@dataclass(frozen=True)
class Affine:
    """`base + sum of steps[loop] * (iteration of the loop) + sum of factors[value] * value`."""

    base: int
    steps: dict[scf.ForOp, int] = field(default_factory=dict[scf.ForOp, int])
    factors: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        """`self + factor * other`."""
        steps, factors = dict(self.steps), dict(self.factors)
        for loop, step in other.steps.items():
            steps[loop] = steps.get(loop, 0) + factor * step
        for value, times in other.factors.items():
            factors[value] = factors.get(value, 0) + factor * times
        return Affine(self.base + factor * other.base, steps, factors)

    @property
    def moves(self) -> dict[scf.ForOp, int]:
        """The steps that are not 0."""
        return {loop: step for loop, step in self.steps.items() if step}

    @property
    def is_constant(self) -> bool:
        """True where nothing changes it."""
        return not self.moves and not any(self.factors.values())


def affine_of(value: SSAValue) -> Affine:
    """A value as an affine function; what is none is a term of its own."""
    number = constant_of(value)
    if number is not None:
        return Affine(number)
    if isinstance(value, BlockArgument):
        return of_argument(value)
    match value.owner:
        case arith.AddiOp() as op:
            return affine_of(op.lhs).plus(affine_of(op.rhs))
        case arith.SubiOp() as op:
            return affine_of(op.lhs).plus(affine_of(op.rhs), -1)
        case arith.MuliOp() as op:
            left, right = affine_of(op.lhs), affine_of(op.rhs)
            if left.is_constant:
                left, right = right, left
            return Affine(0).plus(left, right.base) if right.is_constant else Affine(0, {}, {value: 1})
        case _:
            return Affine(0, {}, {value: 1})


def of_argument(value: BlockArgument) -> Affine:
    """The variable of a loop with constant bounds, or what it carries and moves by a constant."""
    loop = value.block.parent_op()
    term = Affine(0, {}, {value: 1})
    if not isinstance(loop, scf.ForOp) or trips_of(loop) is None:
        return term
    if value.index == 0:
        lower, step = constant_of(loop.lb), constant_of(loop.step)
        assert lower is not None and step is not None
        return Affine(lower, {loop: step})
    moved = advance(loop, value.index - 1)
    return term if moved is None else affine_of(loop.iter_args[value.index - 1]).plus(Affine(0, {loop: moved}))


def loops_around(op: Operation) -> list[scf.ForOp]:
    """The loops around an op, the outermost first."""
    found: list[scf.ForOp] = []
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.ForOp):
            found.append(parent)
        parent = parent.parent_op()
    return found[::-1]


def linear(indices: Sequence[SSAValue], shape: Sequence[int]) -> Affine:
    """The row-major number of an element."""
    total, stride = Affine(0), 1
    for index, size in zip(reversed(indices), reversed(shape), strict=True):
        total = total.plus(affine_of(index), stride)
        stride *= size
    return total
