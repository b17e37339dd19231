"""Rows that a module counts, and those of others that it waits for before it begins one of its own."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, SSAValue

from ...dialects import rtl
from ...dialects.dataflow import Await
from .engine import Engine
from .nest import Nest
from .pipeline import Value, bits_of


class Waits:
    """What a module waits for: names of modules, and how many of their rows."""

    def __init__(self, block: Block, awaited: Sequence[tuple[str, Await]]):
        self.block = block
        self.awaited = [(rtl.AwaitOp(name), wait) for name, wait in awaited]
        for op, _ in self.awaited:
            op.result.name_hint = "ready"
            block.add_op(op)

    def step(self, run: SSAValue) -> SSAValue:
        """1 in the clocks in which the module takes a step."""
        for op, _ in self.awaited:
            both = rtl.ComputeOp("and", [run, op.result], 1)
            self.block.add_op(both)
            run = both.result
        if self.awaited:
            run.name_hint = "step"
        return run

    def need(self, engine: Engine, nest: Nest) -> None:
        """How many rows of the others each row needs; the last of several lanes of rows counts."""
        depth = row_depth(nest)
        for op, wait in self.awaited:
            lanes = 1 if depth is None else nest.loops[depth].lanes
            base, scale = wait.base + wait.scale * (lanes - 1), wait.scale * lanes
            rows: Value = engine.running(base, [scale if d == depth else 0 for d in range(len(nest.loops))])
            if isinstance(rows, int):
                rows = min(rows >> wait.shift, wait.rows)
                moves = engine.finish
            else:
                if wait.shift:
                    rows = engine.pipeline.compute("shr", [rows], max(1, bits_of(rows) - wait.shift), wait.shift)
                bits = max(bits_of(rows), rtl.signed_bits(0, wait.rows))
                rows = engine.pipeline.compute("min", [rows, wait.rows], bits, stage=0)
                moves = engine.finish if depth is None else engine.moves[depth]
            self.block.add_op(rtl.NeedOp(op.result, engine.pipeline.at(rows, 0), moves))


def row_depth(nest: Nest) -> int | None:
    """The loop whose iterations are the rows of a form."""
    return next((d for d, loop in enumerate(nest.loops[: nest.parallel]) if loop.trips > 1), None)


def signal(engine: Engine, nest: Nest, stage: int) -> rtl.SignalOp:
    """The op that counts rows which are written in a stage of what finishes them."""
    depth = row_depth(nest)
    if depth is None:
        return rtl.SignalOp(1, 1, engine.pipeline.valid(engine.finish, stage))
    loop = nest.loops[depth]
    return rtl.SignalOp(loop.trips, loop.lanes, engine.pipeline.valid(engine.moves[depth], stage))
