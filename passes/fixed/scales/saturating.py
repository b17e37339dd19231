"""How far a value reaches that matters: what only feeds functions that saturate needs no range beyond.

Where the function changes by less than half a step of its result, numbers farther out give the same result. Nor does
the result of such a function reach farther than the function does, on whatever data.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType
from ....dialects.onnx.shapes import SameElementsOp
from .repeated import seen_range

Bounds = tuple[float, float]

TypeOf = Callable[[Operation], QType | None]
"""The type that an op's result will have; None where it is not known."""


UNBOUNDED = -math.inf, math.inf

MOST_OPS = 4
"""Sums and moves that are looked through, one behind the other."""


IMAGES: dict[str, Bounds] = {
    **dict.fromkeys(("onnx.Cos", "onnx.Erf", "onnx.Sin", "onnx.Softsign", "onnx.Tanh"), (-1.0, 1.0)),
    **dict.fromkeys(("onnx.HardSigmoid", "onnx.Sigmoid", "onnx.Softmax"), (0.0, 1.0)),
}
"""The least and the greatest results of functions that are bounded whatever their attributes."""


def reach_of_result(op: Operation, type_of: TypeOf) -> Bounds:
    """The least and the greatest number beyond which the result of an op does not reach, or no reader sees it."""
    least, greatest = reach_that_matters(op.results[0], type_of)
    low, high = (op.low_value, op.high_value) if isinstance(op, onnx.ClipOp) else IMAGES.get(op.name, UNBOUNDED)
    return max(least, low), min(greatest, high)


def reach_that_matters(value: SSAValue, type_of: TypeOf, depth: int = 0) -> Bounds:
    """The least and the greatest number beyond which no reader of a value tells numbers apart, else infinity."""
    bounds: list[Bounds] = []
    for use in value.uses:
        found = bounds_of(use.operation, use.index, type_of, depth)
        if found is None:
            return UNBOUNDED
        bounds.append(found)
    return min((low for low, _ in bounds), default=-math.inf), max((high for _, high in bounds), default=math.inf)


def bounds_of(op: Operation, operand: int, type_of: TypeOf, depth: int) -> Bounds | None:
    """Where a function of an operand saturates; None where it does not.

    A summand is bounded by the sum's bounds less what the other one adds, at least and at most.
    """
    if isinstance(op, onnx.AddOp | SameElementsOp | onnx.SliceOp | onnx.TransposeOp) and depth < MOST_OPS:
        low, high = reach_that_matters(op.results[0], type_of, depth + 1)
        other = seen_range(op.operands[1 - operand]) if isinstance(op, onnx.AddOp) else (0.0, 0.0)
        return None if other is None or (low, high) == UNBOUNDED else (low - other[1], high - other[0])
    if isinstance(op, onnx.ClipOp):
        return op.low_value, op.high_value
    if isinstance(op, onnx.ReluOp):
        return 0.0, math.inf
    if not isinstance(op, onnx.FunctionOp):
        return None
    pieces = op.pieces
    if pieces is not None:
        flat = len(pieces) > 1 and pieces[0].slope == 0 and pieces[-1].slope == 0
        return (pieces[1].begin, pieces[-1].begin) if flat else None
    type = type_of(op)
    if type is None or op.name not in ENDS:
        return None
    return ENDS[op.name](type.scale / 2)


def symmetric(end: Callable[[float], float]) -> Callable[[float], Bounds]:
    """Both bounds of an odd function (but for a constant) from its upper one."""

    def bounds(half: float) -> Bounds:
        reach = end(min(max(half, 2.0**-40), 0.25))
        return -reach, reach

    return bounds


ENDS: dict[str, Callable[[float], Bounds]] = {
    "onnx.Erf": symmetric(lambda half: math.sqrt(math.log(1 / half))),
    "onnx.Exp": lambda half: (math.log(half), math.inf),
    "onnx.Sigmoid": symmetric(lambda half: math.log((1 - half) / half)),
    "onnx.Tanh": symmetric(lambda half: math.atanh(1 - half)),
}
"""Where a function is half a step from its limits, from half a step; of Erf beyond, as `1 - erf(x) < exp(-x^2)`."""
