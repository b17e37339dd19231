"""Steps through a domain: a counter for each loop, flags where loops begin and end, registers that run along."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from ...dialects import rtl
from .pipeline import REGISTERED, Pipeline, Value, Wire

LATE = 3
"""From this stage on a register that moves alike in each step takes less there than those that bring its bits there."""


class Engine:
    """The counters of loops (outermost first, by their turns), of which the innermost moves where `step` is 1."""

    def __init__(self, pipeline: Pipeline, turns: Sequence[int], step: SSAValue):
        self.pipeline, self.turns, self.step = pipeline, tuple(turns), step
        self.moves: list[SSAValue] = [step] * len(turns)
        """For each loop the flag of the clocks in which its next iteration begins, or that of a loop around it."""
        self.counters: list[Wire | None] = [None] * len(turns)
        self._inside: list[SSAValue] = [step] * len(turns)
        """The same flag, but 1 between steps as well."""
        ended: SSAValue | None = None
        following: SSAValue | None = None
        for loop in reversed(range(len(turns))):
            if ended is not None:
                self.moves[loop], self._inside[loop] = self._and(step, ended), ended
            if turns[loop] > 1:
                op = rtl.CounterOp(turns[loop], self.moves[loop])
                op.value.name_hint, op.end.name_hint = f"i{loop}", f"end{loop}"
                pipeline.block.add_op(op)
                self.counters[loop] = Wire(op.value, 0)
                ended, following = self._ended(op, ended, following)
        self._all = step if ended is None else ended
        self.finish = step if ended is None else self._and(step, ended)
        """1 in the last step."""
        self._running: dict[tuple[int, tuple[int, ...], int], Value] = {}
        self._firsts: dict[int, Value] = {}

    def _ended(
        self, counter: rtl.CounterOp, inside: SSAValue | None, following: SSAValue | None
    ) -> tuple[SSAValue, SSAValue]:
        """A register that is 1 where a loop and those inside it are at their last iteration, and what it becomes.

        That is known a step before: the innermost loop is at its last but one, and those around it do not move then.
        """
        if inside is None or following is None:
            before = rtl.ComputeOp("eq", [counter.value, self.pipeline.constant(counter.trips.value.data - 2)], 1)
            self.pipeline.block.add_op(before)
            return counter.end, before.result
        following = self._and(following, counter.end)
        op = rtl.HeldOp(following, self.step)
        op.result.name_hint = "ended"
        self.pipeline.block.add_op(op)
        return op.result, following

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

    def running(self, base: int, steps: Sequence[int], stage: int = 0) -> Value:
        """`base + sum of steps * turns`, in a register of its own, which is asked for in a stage.

        What moves alike in each step but the last has its register there: flags of these come that far anyway.
        """
        steps = tuple(s if n > 1 else 0 for s, n in zip(steps, self.turns, strict=True))
        if not any(steps):
            return base
        moves = self._moves(steps)
        is_even = [flag for flag, _ in moves] == [self.step, self._all]
        key = (base, steps, stage if stage >= LATE and is_even else 0)
        if key not in self._running:
            self._running[key] = self._register(base, steps, moves, key[-1])
        return self._running[key]

    def _moves(self, steps: Sequence[int]) -> list[tuple[SSAValue, int]]:
        """Flags and by how much they move: each by its loop's step, and back by what the loops inside have moved."""
        moves: list[tuple[SSAValue, int]] = []
        back = 0
        for loop in reversed(range(len(steps))):
            if self.turns[loop] > 1:
                moves.append((self._inside[loop], steps[loop] - back))
                back += steps[loop] * (self.turns[loop] - 1)
        moves.append((self._all, -back))
        kept = [moves[0]]
        for flag, delta in moves[1:]:
            if delta != kept[-1][1]:
                kept.append((flag, delta))
        return kept

    def _register(self, base: int, steps: Sequence[int], moves: Sequence[tuple[SSAValue, int]], stage: int) -> Wire:
        """The register of what moves so, in a stage."""
        spans = [s * (n - 1) for s, n in zip(steps, self.turns, strict=True)]
        low, high = base + sum(s for s in spans if s < 0), base + sum(s for s in spans if s > 0)
        flags, deltas = [flag for flag, _ in reversed(moves)], [delta for _, delta in reversed(moves)]
        if stage:
            flags = [self.pipeline.valid(flag, stage) for flag in (self.finish, self.step)]
        op = rtl.RunningOp(base, deltas, flags, rtl.signed_bits(low, high))
        op.result.name_hint = "at"
        self.pipeline.block.add_op(op)
        return Wire(op.result, stage, REGISTERED)
