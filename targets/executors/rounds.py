"""Runs a scan, of the level `onnx` or `fixed`, round by round in numpy."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from ...dialects import fixed, onnx
from .interface import OnValue

Values = MutableMapping[SSAValue, NDArray[Any]]

RunBlock = Callable[[Block, OnValue | None], None]
"""Computes the ops of a block on the values known so far; its terminator is left to the caller."""


def run_rounds(
    op: onnx.ScanOp | fixed.ScanOp, values: Values, run_block: RunBlock, on_value: OnValue | None
) -> list[NDArray[Any]]:
    """The results of a scan, (B or 1, *shape): the last states, then the stacked outputs.

    `values` has what the scan and its body use, and gets the body's. An op in it is shown to `on_value` once, with its
    values of all rounds in their order, (B or 1, rounds, *shape).
    """
    shown: dict[Operation, list[NDArray[Any]]] = {}

    def keep(inner: Operation, value: NDArray[Any]) -> None:
        shown.setdefault(inner, []).append(value)

    states = [values[state] for state in op.states]
    parts: list[list[NDArray[Any]]] = [[] for _ in op.stacked]
    for turn in range(op.trips):
        values.update(zip(op.state_arguments, states, strict=True))
        for number, (argument, whole) in enumerate(zip(op.slice_arguments, op.ins, strict=True)):
            place = op.trips - 1 - turn if op.in_reversed.data[number] else turn
            values[argument] = values[whole].take(place, axis=op.in_axes.data[number] + 1)
        run_block(op.body.block, keep if on_value is not None else None)
        states = [values[state] for state in op.end.states]
        for stack, part in zip(parts, op.end.outs, strict=True):
            stack.append(values[part])
    if on_value is not None:
        for inner, rounds in shown.items():
            on_value(inner, stacked(rounds, 1))
    directions = zip(parts, op.out_axes.data, op.out_reversed.data, strict=True)
    return [*states, *(stacked(stack[::-1] if flag else stack, axis + 1) for stack, axis, flag in directions)]


def stacked(rounds: Sequence[NDArray[Any]], axis: int) -> NDArray[Any]:
    """The values of all rounds beside each other along a new axis; what does not depend on the input is repeated."""
    batch = max(len(value) for value in rounds)
    return np.stack([np.broadcast_to(value, (batch, *value.shape[1:])) for value in rounds], axis)


def operands_within(op: Operation) -> list[SSAValue]:
    """What an op reads, or the ops of a scan's body."""
    if not isinstance(op, onnx.ScanOp | fixed.ScanOp):
        return list(op.operands)
    return [*op.operands, *(operand for inner in op.body.block.ops for operand in operands_within(inner))]


def is_of(value: SSAValue, block: Block) -> bool:
    """Whether a value is an argument of a block, or the result of an op that stands in it."""
    return (
        value.block is block
        if isinstance(value, BlockArgument)
        else isinstance(value.owner, Operation) and value.owner.parent is block
    )


def rounds_around(op: Operation) -> int:
    """How often an op runs."""
    rounds = 1
    while (parent := op.parent_op()) is not None:
        rounds *= parent.trips if isinstance(parent, onnx.ScanOp | fixed.ScanOp) else 1
        op = parent
    return rounds
