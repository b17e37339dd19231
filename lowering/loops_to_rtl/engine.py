"""Steps through a domain: a counter for each loop, flags where loops begin and end, registers that run along."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from ...dialects import rtl
from .pipeline import REGISTERED, Pipeline, Value, Wire


class Engine:
    """The counters of loops (outermost first, by their turns), of which the innermost moves where `step` is 1."""

    def __init__(self, pipeline: Pipeline, turns: Sequence[int], step: SSAValue):
        self.pipeline, self.turns, self.step = pipeline, tuple(turns), step
        self.moves: list[SSAValue] = [step] * len(turns)
        """For each loop the flag of the clocks in which its next iteration begins, or that of a loop around it."""
        self.ends: list[SSAValue | None] = [None] * len(turns)
        self.counters: list[Wire | None] = [None] * len(turns)
        flag = step
        for loop in reversed(range(len(turns))):
            self.moves[loop] = flag
            if turns[loop] > 1:
                op = rtl.CounterOp(turns[loop], flag)
                op.value.name_hint, op.end.name_hint = f"i{loop}", f"end{loop}"
                pipeline.block.add_op(op)
                self.ends[loop], self.counters[loop] = op.end, Wire(op.value, 0)
                flag = self._and(flag, op.end)
        self.finish = flag
        """1 in the last step."""
        self._running: dict[tuple[int, tuple[int, ...]], Value] = {}
        self._firsts: dict[int, Value] = {}

    def _and(self, left: SSAValue, right: SSAValue) -> SSAValue:
        op = rtl.ComputeOp("and", [left, right], 1)
        self.pipeline.block.add_op(op)
        return op.result

    def first(self, depth: int) -> Value:
        """A bit: all loops from a depth on are at their first iteration."""
        if depth not in self._firsts:
            flag: Value = -1
            for counter in self.counters[depth:]:
                if counter is not None:
                    zero = self.pipeline.compute("eq", [counter, 0], 1)
                    flag = zero if isinstance(flag, int) else self.pipeline.compute("and", [flag, zero], 1)
            self._firsts[depth] = flag
        return self._firsts[depth]

    def last(self, depth: int) -> SSAValue:
        """The flag of the steps in which all loops from a depth on are at their last iteration."""
        return self.finish if depth == 0 else self.moves[depth - 1]

    def running(self, base: int, steps: Sequence[int]) -> Value:
        """`base + sum of steps * turns`, in a register of its own."""
        steps = tuple(s if n > 1 else 0 for s, n in zip(steps, self.turns, strict=True))
        if not any(steps):
            return base
        key = (base, steps)
        if key not in self._running:
            self._running[key] = self._register(base, steps)
        return self._running[key]

    def _register(self, base: int, steps: Sequence[int]) -> Wire:
        """Each flag moves by its loop's step, and back by what the loops inside have moved."""
        moves: list[tuple[SSAValue, int]] = []
        back = 0
        for loop in reversed(range(len(steps))):
            if self.turns[loop] > 1:
                moves.append((self.moves[loop], steps[loop] - back))
                back += steps[loop] * (self.turns[loop] - 1)
        moves.append((self.finish, -back))
        kept = [moves[0]]
        for flag, delta in moves[1:]:
            if delta != kept[-1][1]:
                kept.append((flag, delta))
        spans = [s * (n - 1) for s, n in zip(steps, self.turns, strict=True)]
        low, high = base + sum(s for s in spans if s < 0), base + sum(s for s in spans if s > 0)
        flags, deltas = [flag for flag, _ in reversed(kept)], [delta for _, delta in reversed(kept)]
        op = rtl.RunningOp(base, deltas, flags, rtl.signed_bits(low, high))
        op.result.name_hint = "at"
        self.pipeline.block.add_op(op)
        return Wire(op.result, 0, REGISTERED)
