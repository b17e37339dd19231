"""One table for all sigmoids and hyperbolic tangents of a model: tanh(x) = 2 s(2x) - 1.

Where integer i is a step of S for a sigmoid and of S / 2 for a tangent, both are the same function of i; with results
in steps of 2^-8 from -128 on, and of 2^-7 around 0, they are the same integers, and constants with the same elements
are stored once.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import i8
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.settings import Setting, setting_of
from ....dialects.fixed.types import QType
from .ranges import RangeTypes
from .repeated import seen_range

REACH = 6.0
"""Where a sigmoid is 0.6 steps from its limit: of 4.5 to 7 the best SNR on four models (FastGRNN, Bonsai)."""

STEPS = {"onnx.Sigmoid": REACH / 127, "onnx.Tanh": REACH / 254}
"""The steps of what is read."""

RESULTS = {"onnx.Sigmoid": QType(i8, 2.0**-8, -128), "onnx.Tanh": QType(i8, 2.0**-7)}

MOST_STEPS = 1.6
"""Steps of what a function reads may become longer by this, 0.7 bits, than its own range asks."""


def sharing(ops: Iterable[Operation], ranges: RangeTypes) -> set[Operation]:
    """The functions that read one table, where they would have several."""
    functions = (op for op in ops if isinstance(op, onnx.FunctionOp) and op.name in STEPS)
    found: dict[Operation, tuple[str, QType]] = {op: own_table(op, ranges) for op in functions if may_share(op, ranges)}
    return set(found) if len(set(found.values())) > 1 else set()


def may_share(op: onnx.FunctionOp, ranges: RangeTypes) -> bool:
    """Whether a function's operand, which it alone reads, has a range that bears the steps of the table."""
    free = all(setting_of(value) in (Setting(), Setting(bits=8)) for value in (op.x, op.result))
    if ranges.bits > 8 or ranges.pow2 or not free or not op.x.has_one_use() or seen_range(op.x) is None:
        return False
    return STEPS[op.name] <= MOST_STEPS * own_table(op, ranges)[1].scale


def own_table(op: onnx.FunctionOp, ranges: RangeTypes) -> tuple[str, QType]:
    """The table that a function would have: its name, and about the type of its operand."""
    seen, reach = seen_range(op.x) or (0.0, 0.0), 127 * STEPS[op.name]
    return op.name, ranges.of_range(*(min(max(end, -reach), reach) for end in seen))


def type_of_operand(value: SSAValue, shared: set[Operation]) -> QType | None:
    """The type of a value that a function reads which shares its table; None of others."""
    reader = next(iter(value.uses)).operation if value.has_one_use() else None
    if not isinstance(reader, onnx.FunctionOp) or reader not in shared:
        return None
    return QType(i8, STEPS[reader.name])
