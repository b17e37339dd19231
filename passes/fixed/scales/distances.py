"""The one type of what is subtracted in a squared distance: differences of integers are then those of reals."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.weights import is_weight, weight_reals

Bounds = tuple[float, float]

Seen = Callable[[SSAValue], Bounds | None]
"""The calibrated range of a value."""


def range_beside(value: SSAValue, users: Iterable[Operation], seen: Seen) -> Bounds | None:
    """The range of a value together with what it is subtracted from; None where that is nothing, or has no range."""
    found = [user for user in users if isinstance(user, onnx.SquaredDistanceOp)]
    ranges = [seen(value), *(bounds(side, seen) for user in found for side in user.operands if side is not value)]
    known = [pair for pair in ranges if pair is not None]
    if not found or len(known) < len(ranges):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def bounds(value: SSAValue, seen: Seen) -> Bounds | None:
    """The range of a value, or of a constant's numbers."""
    if not is_weight(value):
        return seen(value)
    values = weight_reals(value)
    return float(values.min()), float(values.max())
