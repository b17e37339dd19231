"""A loop as one step of the function around it: what planners see that order, stream or move the steps there.

The stand-in is an opaque step with the storage that the loop shares with the rest of the function, and with one buffer
for all that only the loop uses, as large as the most of that which is alive at once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType, i8
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from ....dialects.memplan import BufferOp, LoopOp, OpaqueOp, RowsOp, ViewOp
from ....dialects.memplan.liveness import Life, Liveness, StepOp, destinations, live_bytes, root_of


@dataclass(frozen=True)
class OuterStep:
    """A step of a function: an op of its block, and what stands for it; itself but for a loop."""

    op: Operation
    step: StepOp


@contextmanager
def outer_steps(function: FuncOp) -> Generator[list[OuterStep]]:
    """The steps of a function that is not placed. The stand-ins use its memrefs as long as the block runs."""
    ops = list(function.body.block.ops)
    liveness = Liveness(function) if any(isinstance(op, LoopOp) for op in ops) else None
    steps: list[OuterStep] = []
    made: list[Operation] = []
    for op in ops:
        if isinstance(op, StepOp):
            steps.append(OuterStep(op, op))
        elif isinstance(op, LoopOp) and liveness is not None:
            stand_in, *scratch = stands_for(op, liveness)
            made += [stand_in, *scratch]
            steps.append(OuterStep(op, stand_in))
    yield steps
    for op in made:
        op.erase()


def stands_for(loop: LoopOp, liveness: Liveness) -> tuple[OpaqueOp, *tuple[Operation, ...]]:
    """The stand-in of a loop, and the buffer that it has of its own, if any."""
    forms = loop.forms
    written = dict.fromkeys(root_of(value) for form in forms for value in destinations(form))
    used = dict.fromkeys(root_of(value) for form in forms for value in form.operands)
    shared = [root for root in used if root in liveness.carried[loop] or not is_scratch(root)]
    own = [root for root in used if root not in shared]
    ins, outs = [root for root in shared if root not in written], [root for root in shared if root in written]
    node = loop.node.data if loop.node is not None else None
    bytes = most_alive([life for root in own for life in liveness.by_root[root]], len(liveness.steps))
    if not bytes and outs:
        return (OpaqueOp(ins, outs, node),)
    scratch = BufferOp(MemRefType(i8, [max(1, bytes)]))
    return OpaqueOp(ins, [*outs, scratch.result], node), scratch


def is_scratch(root: SSAValue) -> bool:
    """True for memory of the function itself."""
    return not isinstance(root, BlockArgument) and isinstance(root.owner, BufferOp | ViewOp | RowsOp)


def most_alive(lives: Sequence[Life], steps: int) -> int:
    """The most bytes of some lives at one step."""
    return max(live_bytes(lives, steps), default=0)
