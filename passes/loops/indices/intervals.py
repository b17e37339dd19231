"""Which numbers an index can be: from the constant bounds of loops, and what is carried and moves by a constant."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.ir import BlockArgument, OpResult, SSAValue

from .advance import advance, constant_of, trips_of

Interval = tuple[int, int]


def hull(*intervals: Interval) -> Interval:
    """The least interval around some."""
    return min(low for low, _ in intervals), max(high for _, high in intervals)


class Intervals:
    """The intervals of the index values of a function; None where one is not known."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, Interval | None] = {}

    def of(self, value: SSAValue) -> Interval | None:
        """Both ends of what a value can be."""
        if value not in self._known:
            self._known[value] = None
            self._known[value] = self._find(value)
        return self._known[value]

    def _find(self, value: SSAValue) -> Interval | None:
        number = constant_of(value)
        if number is not None:
            return number, number
        if isinstance(value, BlockArgument):
            return self._of_argument(value)
        assert isinstance(value, OpResult)
        match value.op:
            case scf.ForOp() as loop:
                return self._moved(loop, value.index, trips_of(loop), last_only=True)
            case arith.AddiOp() | arith.SubiOp() | arith.MuliOp() | arith.MaxSIOp() | arith.MinSIOp():
                return self._combined(value.op)
            case arith.AndIOp() as op:
                return self._masked(constant_of(op.rhs))
            case _:
                return None

    def _of_argument(self, value: BlockArgument) -> Interval | None:
        loop = value.block.parent_op()
        trips = trips_of(loop) if isinstance(loop, scf.ForOp) else None
        if not isinstance(loop, scf.ForOp) or not trips:
            return None
        if value.index > 0:
            return self._moved(loop, value.index - 1, trips - 1, last_only=False)
        lower, step = constant_of(loop.lb), constant_of(loop.step)
        assert lower is not None and step is not None
        return lower, lower + step * (trips - 1)

    def _masked(self, mask: int | None) -> Interval | None:
        """What any number is that keeps the bits of a mask."""
        return None if mask is None or mask < 0 else (0, mask)

    def _moved(self, loop: scf.ForOp, number: int, times: int | None, last_only: bool) -> Interval | None:
        """What is carried, after some iterations, or after any up to these."""
        start, step = self.of(loop.iter_args[number]), advance(loop, number)
        if start is None or step is None or times is None:
            return None
        end = start[0] + step * times, start[1] + step * times
        return end if last_only else hull(start, end)

    def _combined(
        self, op: arith.AddiOp | arith.SubiOp | arith.MuliOp | arith.MaxSIOp | arith.MinSIOp
    ) -> Interval | None:
        left, right = self.of(op.lhs), self.of(op.rhs)
        if left is None or right is None:
            return None
        match op:
            case arith.AddiOp():
                return left[0] + right[0], left[1] + right[1]
            case arith.SubiOp():
                return left[0] - right[1], left[1] - right[0]
            case arith.MuliOp():
                products = [a * b for a in left for b in right]
                return min(products), max(products)
            case arith.MaxSIOp():
                return max(left[0], right[0]), max(left[1], right[1])
            case _:
                return min(left[0], right[0]), min(left[1], right[1])
