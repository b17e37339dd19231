"""Compare: integers as they are, reals in the order that their integers stand for, exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import Float32Type, i16, i32
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.errors import UserError
from ....dialects.fixed.types import QType, storage_limits
from ....dialects.onnx.weights import is_weight, weight_reals
from ..bodies import Body
from ..builder import FixedBuilder, element_of, shape_of
from ..elementwise import elementwise, name_of
from ..takes import taken
from .bounds import bounds_of
from .fractions import order_preserving
from .numbers import Number, Numbers, TooWide

PREDICATES = {"equal": "eq", "less": "slt", "less_or_equal": "sle"}
"""arith.cmpi's names."""

DECISIONS = {"eq": np.equal, "slt": np.less, "sle": np.less_equal}
"""The same on arrays."""


def lower_compare(builder: FixedBuilder, op: onnx.CompareOp) -> SSAValue:
    """A map to 0 and 1."""
    sides = (op.lhs, op.rhs)
    is_real = isinstance(element_of(op.lhs), Float32Type)
    constant = next((index for index, side in enumerate(sides) if is_real and is_known(side)), None)
    type = builder.type_of(sides[1 - constant] if constant is not None else op.lhs)
    if constant is not None and (decided := decided_by(op, constant, type)) is not None:
        builder.bounds[op.result] = (0, 1)
        return builder.constant(decided, builder.type_of(op.result), name_of(op))
    inputs = [builder.value(side) if index != constant else None for index, side in enumerate(sides)]
    if constant is not None:
        inputs[constant] = known(builder, op, constant, type)
    values = [value for value in inputs if value is not None]
    body = Body([storage_of(value) for value in values])
    n = Numbers(body)
    if constant is not None:
        given = n.argument(1 - constant, *type.limits)
        reals = n.argument(constant, type.limits[0] - 1, type.limits[1] + 1)
        pair = (reals, given) if constant == 0 else (given, reals)
    elif is_real:
        pair = in_one_scale(n, builder.type_of(op.lhs), builder.type_of(op.rhs), name_of(op))
    else:
        pair = tuple(n.argument(index, *bounds_of(builder, side)) for index, side in enumerate(sides))
    flag = n.flag(n.test(PREDICATES[op.function.data], *pair))
    y = builder.type_of(op.result)
    builder.bounds[op.result] = (0, 1)
    return elementwise(builder, values, y, shape_of(op.result), body, n.stored(flag, y.storage), name_of(op))


def decided_by(op: onnx.CompareOp, side: int, type: QType) -> NDArray[np.uint8] | None:
    """The result where the numbers on a side all lie beyond what the other's type holds, whatever that is."""
    source = (op.lhs, op.rhs)[side]
    if not is_weight(source):
        return None
    low, high = type.limits
    integers = thresholds(weight_reals(source), type)
    if not ((integers < low) | (integers > high)).all():
        return None
    pair = (integers, low) if side == 0 else (low, integers)
    flags = DECISIONS[PREDICATES[op.function.data]](*pair)
    return np.broadcast_to(flags, shape_of(op.result)).astype(np.uint8)


def is_known(side: SSAValue) -> bool:
    """Whether a side is constant, or chosen from a constant."""
    return is_weight(side) or (isinstance(side.owner, onnx.TakeOp) and is_weight(side.owner.x))


def known(builder: FixedBuilder, op: onnx.CompareOp, side: int, type: QType) -> SSAValue:
    """The integers with which those of the other side are compared."""
    source = (op.lhs, op.rhs)[side]
    if not isinstance(source.owner, onnx.TakeOp) or is_weight(source):
        return builder.constant(thresholds(weight_reals(source), type), i32)
    integers = thresholds(weight_reals(source.owner.x), type)
    fitting = (s for s in (type.storage, i16, i32) if within(integers, *storage_limits(s)))
    table = builder.constant(integers, next(fitting), f"{name_of(op)}_thresholds")
    return taken(builder, source.owner, table)


def within(integers: NDArray[np.int32], low: int, high: int) -> bool:
    """Whether integers lie between bounds."""
    return bool(low <= integers.min() and integers.max() <= high)


def lower_not_finite(builder: FixedBuilder, op: onnx.NotFiniteOp) -> SSAValue:
    """False: integers stand for finite numbers."""
    return builder.constant(np.zeros(shape_of(op.result), np.uint8), builder.type_of(op.result), name_of(op))


def storage_of(value: SSAValue) -> Any:
    """The integers of a tensor at `fixed`."""
    element = element_of(value)
    return element.storage if isinstance(element, QType) else element


def thresholds(reals: NDArray[np.float64], type: QType) -> NDArray[np.int32]:
    """Constants rounded to the grid of what they are compared with; those beyond it are one step beyond its limits.

    So a number that the model finds equal to a constant is stored as that constant is, and what rounds to it counts
    as equal.
    """
    low, high = type.limits
    with np.errstate(over="ignore"):
        steps = np.rint(reals / type.scale) + type.zp
    return np.clip(steps, low - 1, high + 1).astype(np.int32)


def in_one_scale(n: Numbers, lhs: QType, rhs: QType, name: str) -> tuple[Number, Number]:
    """Two reals multiplied by integers, which so compare as `lhs.scale * (a - za)` and `rhs.scale * (b - zb)` do."""
    numbers = [n.argument(index, *type.limits) for index, type in enumerate((lhs, rhs))]
    a, b = (n.sub(x, n.constant(t.zp)) if t.zp else x for x, t in zip(numbers, (lhs, rhs), strict=True))
    reach_a, reach_b = (max(abs(x.low), abs(x.high)) for x in (a, b))
    p, q = order_preserving(Fraction(lhs.scale) / Fraction(rhs.scale), reach_a, reach_b)
    try:
        return (n.mul(a, n.constant(p)) if p > 1 else a), (n.mul(b, n.constant(q)) if q > 1 else b)
    except TooWide:
        raise UserError(f"onnx.Compare '{name}': {lhs} and {rhs} have no common scale within 64 bits") from None
