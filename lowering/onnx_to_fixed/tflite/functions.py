"""Functions of one number, of 8 bits as tables (activations.cc, reference/hard_swish.h, leaky_relu.h)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i32
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType
from ..bodies import Body
from ..builder import FixedBuilder, shape_of
from ..elementwise import elementwise, name_of
from ..requantize import NotInArithmetic
from ..rows import reach_of
from .gemmlowp import high, rounded_shift
from .multipliers import multiplied, multipliers_of

F32 = np.float32

Reals = NDArray[np.float32]

Entries = Callable[[Any, QType, QType], NDArray[Any]]
"""The result for each integer of an operand's type, neither saturated nor, where they are floats, rounded."""


def lower_table(builder: FixedBuilder, op: onnx.FunctionOp) -> SSAValue:
    """A table of all results."""
    x, y, name = builder.type_of(op.x), builder.type_of(op.results[0]), name_of(op)
    if x.bits != 8 or y.bits != 8:
        raise NotInArithmetic("of TFLite's functions those of 8 bits are supported; use --arithmetic exact")
    numbers = np.clip(ENTRIES[op.name](op, x, y), *y.limits)
    entries = builder.constant(numbers.astype(np.int16), y.storage, f"{name}_table")
    body = Body([x.storage, entries.type])
    element, table = body.arguments
    value = body.lookup(table, body.offset(body.extend(element, i32), -x.limits[0]), y.storage)
    return elementwise(builder, [builder.value(op.x)], y, shape_of(op.results[0]), body, value, name, [entries])


def lower_leaky_relu(builder: FixedBuilder, op: onnx.FunctionOp) -> SSAValue:
    """x from 0 on, alpha x below: of 8 bits a table, of 16 two products."""
    x, y = builder.type_of(op.x), builder.type_of(op.results[0])
    if x.bits == 8 == y.bits:
        return lower_table(builder, op)
    body = Body([x.storage])
    value = body.offset(body.extend(body.arguments[0], i32), -x.zp)
    below, above = (multiplied(body, value, reach_of(x), factor) for factor in slopes(op, x, y))
    result = body.to_storage(body.choose("sge", value, 0, above, below), y)
    return elementwise(builder, [builder.value(op.x)], y, shape_of(op.results[0]), body, result, name_of(op))


def integers_of(x: QType) -> NDArray[np.int64]:
    """Every integer of a type, without its zero point."""
    return np.arange(x.limits[0], x.limits[1] + 1, dtype=np.int64) - x.zp


def of_floats(function: Callable[[Reals], Reals]) -> Entries:
    """A function of floats: `round(f(scale (q - z)) (1 / scale)) + z`, ties away from zero."""

    def entries(op: onnx.FunctionOp, x: QType, y: QType) -> NDArray[Any]:
        steps = function(F32(x.scale) * integers_of(x).astype(F32)) * (F32(1) / F32(y.scale))
        nearest = np.where(steps >= 0, np.floor(steps + F32(0.5)), np.ceil(steps - F32(0.5)))
        return nearest.astype(np.int64) + y.zp

    return entries


def sigmoid(x: Reals) -> Reals:
    """1 / (1 + exp(-x)); its result is in steps of 1/256."""
    with np.errstate(over="ignore"):
        return F32(1) / (F32(1) + np.exp(-x))


def twice_rounded(values: NDArray[np.int64], factor: float) -> NDArray[np.int64]:
    """Integers times a factor, as `multipliers.multiplied` does."""
    found = multipliers_of(np.asarray(factor))
    return rounded_shift(high(values << int(found.left), int(found.multipliers)), int(found.right))


def leaky_relu(op: onnx.FunctionOp, x: QType, y: QType) -> NDArray[Any]:
    """x from 0 on, alpha x below."""
    values = integers_of(x)
    below, above = (twice_rounded(values, factor) for factor in slopes(op, x, y))
    return np.where(values >= 0, above, below) + y.zp


def slopes(op: onnx.FunctionOp, x: QType, y: QType) -> tuple[float, float]:
    """What a number below 0 and one from 0 on is multiplied with: quotients of floats."""
    scale, result = F32(x.scale), F32(y.scale)
    return float(scale * F32(op.parameters["alpha"]) / result), float(scale / result)


def hard_swish(op: onnx.FunctionOp, x: QType, y: QType) -> NDArray[Any]:
    """x relu6(x + 3) / 6 in 16 bits: x with 7 bits more, and what it is multiplied with, of 15 bits."""
    fine = F32(1 / 128) * F32(x.scale)
    outer, outer_shift = reduced(float(fine / F32(y.scale)))
    inner, inner_shift = reduced(float(fine / (F32(3) / F32(32768))))
    if outer_shift > 0:
        raise NotInArithmetic("TFLite's HARD_SWISH takes no result in so fine a scale; use --arithmetic exact")
    values = integers_of(x) << 7
    product, relu = high(values, outer, 15), values
    if inner_shift > 0:
        relu = saturated(relu << inner_shift - 1)
    relu = high(relu, inner, 15)
    relu = saturated(relu << 1) if inner_shift > 0 else rounded_shift(relu, -inner_shift)
    half = (relu + (1 << 15)) >> 1
    both = half * product
    whole = np.where(both >= 0, both >> 15, -(-both >> 15))
    return rounded_shift(whole, -outer_shift) + y.zp


def reduced(factor: float) -> tuple[int, int]:
    """A multiplier of 15 bits and its shift."""
    found = multipliers_of(np.asarray(factor))
    number = int(found.multipliers)
    return (32767 if number >= (1 << 31) - 1 - (1 << 15) else (number + (1 << 15)) >> 16), int(found.shifts)


def saturated(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values in 16 bits."""
    return np.clip(values, -(1 << 15), (1 << 15) - 1)


ENTRIES: dict[str, Entries] = {
    "onnx.HardSwish": hard_swish,
    "onnx.LeakyRelu": leaky_relu,
    "onnx.Sigmoid": of_floats(sigmoid),
    "onnx.Tanh": of_floats(np.tanh),
}
"""The functions whose TFLite integers are known here."""
