"""States that a concatenation puts beside each other, as those of both directions: of one type they need no copy."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.shapes import SameElementsOp

REARRANGING = (SameElementsOp, onnx.TransposeOp)
"""Ops whose result holds all elements of their one operand."""

MOST_STEPS = 2.0
"""A state takes the range of all that stand beside it where its own is at least this part of it: it loses a bit."""

Range = tuple[float, float]


def joined(argument: SSAValue, scan: onnx.ScanOp) -> list[onnx.ConcatOp]:
    """The concatenations of nothing but states of scans that a state, last or of all rounds, is a part of."""
    number = list(scan.state_arguments).index(argument)
    stacked = zip(scan.stacked, scan.end.outs, strict=True)
    waiting = [scan.last_states[number], *(whole for whole, part in stacked if part is scan.end.states[number])]
    found: list[onnx.ConcatOp] = []
    while waiting:
        for use in waiting.pop().uses:
            op = use.operation
            if isinstance(op, REARRANGING):
                waiting.append(op.results[0])
            elif isinstance(op, onnx.ConcatOp) and op not in found and all(map(state_in, op.parts)):
                found.append(op)
    return found


def state_in(part: SSAValue) -> SSAValue | None:
    """The state that a part of a concatenation holds, as its scan's body sees it; None for anything else."""
    while isinstance(part.owner, REARRANGING):
        part = part.owner.operands[0]
    scan = part.owner
    if not isinstance(scan, onnx.ScanOp):
        return None
    number = scan.results.index(part)
    following = list(scan.end.states)
    if number >= len(following):
        value = scan.end.outs[number - len(following)]
        number = following.index(value) if value in following else -1
    return scan.state_arguments[number] if number >= 0 else None


def beside(argument: SSAValue, scan: onnx.ScanOp) -> set[SSAValue]:
    """The states that stand beside one, itself included."""
    found, waiting = {argument}, [argument]
    while waiting:
        state = waiting.pop()
        owner = state.owner
        parent = None if isinstance(owner, Operation) else owner.parent_op()
        assert isinstance(parent, onnx.ScanOp), "a state is an argument of a scan's body"
        others = {s for concat in joined(state, parent) for s in map(state_in, concat.parts) if s is not None}
        waiting += others - found
        found |= others
    return found


def widened(own: Range, all: Range) -> Range:
    """The range of all states beside each other where one loses no more than a bit by it, else its own."""
    return all if all[1] - all[0] <= MOST_STEPS * (own[1] - own[0]) else own
