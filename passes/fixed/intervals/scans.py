"""The ranges of states that are carried from round to round: a fixpoint, reached from the states' types downwards.

Any integers of a state's type are a sound range of it. What the body makes of them, with what it begins with, is sound
as well and no wider (Cousot and Cousot, POPL 1977: a decreasing iteration that may stop anywhere).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.ir import SSAValue

from ....dialects.fixed import ScanOp
from ....dialects.fixed.structured import scalar_type, shaped_type
from .ranges import Range
from .reads import uniform

STEPS = 2
"""How often the ranges of states are narrowed."""

Tensors = dict[SSAValue, Range]


def scan_ranges(op: ScanOp, tensors: Tensors, run_body: Callable[[], None]) -> list[Range]:
    """The ranges of a scan's results. `run_body` finds those of its body from the ones of its arguments in `tensors`.

    The last run of the body is on ranges that hold in every round.
    """
    for whole, part, axis in zip(op.ins, op.slice_arguments, op.in_axes.data, strict=True):
        tensors[part] = without_axis(tensors[whole], axis)
    current = [any_of(state) for state in op.states]
    for _ in range(STEPS):
        narrower = after_a_round(op, tensors, current, run_body)
        if not all(lies_within(new, old) for new, old in zip(narrower, current, strict=True)):
            break
        current = narrower
    following = after_a_round(op, tensors, current, run_body)
    stacked = [with_axis(tensors[part], axis) for part, axis in zip(op.end.outs, op.out_axes.data, strict=True)]
    return [*following, *stacked]


def after_a_round(op: ScanOp, tensors: Tensors, states: list[Range], run_body: Callable[[], None]) -> list[Range]:
    """What the states are before or after a round that begins with these ranges, or with the first states."""
    tensors.update(zip(op.state_arguments, states, strict=True))
    run_body()
    return [tensors[first].hull(tensors[n]) for first, n in zip(op.states, op.end.states, strict=True)]


def any_of(value: SSAValue) -> Range:
    """All integers of a tensor's type."""
    type = shaped_type(value)
    return uniform(Range.of_type(scalar_type(type.element_type)), type.get_num_dims())


def lies_within(inner: Range, outer: Range) -> bool:
    """Whether each interval lies in the one at its place."""
    return bool(np.all(outer.low <= inner.low) and np.all(inner.high <= outer.high))


def without_axis(range: Range, axis: int) -> Range:
    """All that the slices of a tensor along a dimension hold."""
    return Range.of(range.low.min(axis), range.high.max(axis))


def with_axis(range: Range, axis: int) -> Range:
    """A tensor of which every slice has this range."""
    return Range.of(np.expand_dims(range.low, axis), np.expand_dims(range.high, axis))
