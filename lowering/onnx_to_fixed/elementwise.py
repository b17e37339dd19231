"""Elementwise operators as maps: Add, clamps, changes of type."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import TensorType, i32, i64
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects import onnx
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.types import DomainAttr, QType
from .addends import exact_multipliers
from .bodies import Body
from .builder import WIDE_PRODUCT, FixedBuilder, Requantizer, access, dimensions, element_of, shape_of
from .requantize import GREATEST_FACTOR, LEAST_FACTOR
from .ties import is_quantized, rounding_of

SPAN = 2.0**17
"""More than any two numbers of 16 bits lie apart."""

GREATEST_WIDE_FACTOR, UNHEARD_OF = 2.0**40, 2.0**100
"""Factors of addends that 64 bits hold; no greater ones are looked at."""


def broadcast_map(shape: Sequence[int], result_shape: Sequence[int]) -> AffineMap:
    """The access of an operand that numpy-style broadcasting stretches to the result's shape."""
    rank = len(result_shape)
    d = dimensions(rank)[rank - len(shape) :]
    return access(rank, *(0 if size == 1 else dim for size, dim in zip(shape, d, strict=True)))


def elementwise(
    builder: FixedBuilder,
    inputs: Sequence[SSAValue],
    y: QType,
    result_shape: Sequence[int],
    body: Body,
    value: SSAValue,
    name: str,
    tables: Sequence[SSAValue] = (),
) -> SSAValue:
    """Emit a map over `inputs` (broadcast to the result) whose body yields `value`."""
    maps = [broadcast_map(shape_of(i), result_shape) for i in inputs]
    rank = len(result_shape)
    maps.append(access(rank, *dimensions(rank)))
    type, domain = TensorType(y, result_shape), DomainAttr(tuple(result_shape))
    return builder.emit(MapOp(inputs, type, domain, maps, body.finish(value), tables=tables, node=name))


def lower_add(builder: FixedBuilder, op: onnx.AddOp) -> SSAValue:
    """lhs + rhs"""
    return weighted_sum(builder, op, (op.lhs, op.rhs), (1, 1))


def lower_sub(builder: FixedBuilder, op: onnx.SubOp) -> SSAValue:
    """lhs - rhs"""
    return weighted_sum(builder, op, (op.lhs, op.rhs), (1, -1))


def weighted_sum(
    builder: FixedBuilder, op: Operation, addends: Sequence[SSAValue], weights: Sequence[float]
) -> SSAValue:
    """`round((a - za) * ma + (b - zb) * mb + ...) + zy` with one shift for all addends.

    The weights differ in sign alone.
    """
    types = [builder.type_of(addend) for addend in addends]
    y = builder.type_of(op.results[0])
    reaches = [max(t.limits[1] - t.zp, t.zp - t.limits[0]) for t in types]
    factors = addend_factors(types, y, abs(weights[0]), reaches)
    wide = i64 if max(reaches) > 256 or max(factors) > GREATEST_FACTOR else i32
    room = wide.width.data - 2
    shift = room - int(np.ceil(np.log2(sum(r * f for r, f in zip(reaches, factors, strict=True)) + 1)))
    shift = max(1, min(shift, room - max(reaches).bit_length()))
    signed = [math.copysign(factor, weight) for factor, weight in zip(factors, weights, strict=True)]
    multipliers = [math.floor(factor * 2.0**shift + 0.5) for factor in signed]
    if builder.product_bits == WIDE_PRODUCT and is_quantized(op):
        multipliers = exact_multipliers(types, y, signed, multipliers, shift)
    body = Body([t.storage for t in types])
    total: SSAValue | None = None
    for element, type, multiplier in zip(body.arguments, types, multipliers, strict=True):
        centred = body.offset(body.extend(element, wide), -type.zp)
        term = body.mul(centred, body.constant(multiplier, wide))
        total = term if total is None else body.add(total, term)
    assert total is not None
    value = body.to_storage(body.round_shift(total, shift, rounding_of(op, np.array(factors))), y)
    inputs = [builder.value(addend) for addend in addends]
    return elementwise(builder, inputs, y, shape_of(op.results[0]), body, value, name_of(op))


def addend_factors(types: Sequence[QType], y: QType, weight: float, reaches: Sequence[int]) -> list[float]:
    """From the scales of addends to the result's, times a weight.

    An addend of which every integer but 0 saturates the result, whatever the others are, gets no more than that asks:
    a constant of zeros has any scale. Where several do and may cancel each other, their ratio counts.
    """
    factors = [min(weight * t.scale / y.scale, UNHEARD_OF) for t in types]
    terms = [reach * factor for reach, factor in zip(reaches, factors, strict=True)]
    others = [sum(terms[:index]) + sum(terms[index + 1 :]) for index in range(len(terms))]
    asked = [max(GREATEST_FACTOR, other + SPAN) for other in others]
    bounded = [min(factor, enough) for factor, enough in zip(factors, asked, strict=True)]
    excess = max(1.0, max(bounded) / GREATEST_WIDE_FACTOR)
    return [max(factor / excess, LEAST_FACTOR) for factor in bounded]


def lower_mul(builder: FixedBuilder, op: onnx.MulOp) -> SSAValue:
    """`round((a - za) * (b - zb) * M) + zy`"""
    types = [builder.type_of(op.lhs), builder.type_of(op.rhs)]
    y = builder.type_of(op.results[0])
    bound = int(np.prod([max(t.limits[1] - t.zp, t.zp - t.limits[0]) for t in types]))
    wide = i32 if bound < 1 << 31 else i64
    requantizer = Requantizer(builder, np.asarray(types[0].scale * types[1].scale / y.scale), bound, op=op)
    body = Body([t.storage for t in types])
    elements = zip(body.arguments, types, strict=True)
    lhs, rhs = (body.offset(body.extend(element, wide), -type.zp) for element, type in elements)
    value = body.to_storage(requantizer.apply(body, body.mul(lhs, rhs)), y)
    inputs = [builder.value(op.lhs), builder.value(op.rhs)]
    return elementwise(builder, inputs, y, shape_of(op.results[0]), body, value, name_of(op))


def name_of(op: Operation) -> str:
    """The ONNX node's name, or the op's where it has none."""
    node = getattr(op, "node", None)
    return node.data if node is not None else op.name


def rescaled(
    builder: FixedBuilder, body: Body, element: SSAValue, x: QType, y: QType, op: Operation | None = None
) -> SSAValue:
    """An element of type x in y's scale without y's zero point, as i32; unchanged where the types are equal."""
    centred = body.offset(body.extend(element, i32), -x.zp)
    if x.scale == y.scale:
        return centred
    bound = max(x.limits[1] - x.zp, x.zp - x.limits[0])
    return Requantizer(builder, np.asarray(x.scale / y.scale), bound, op=op).apply(body, centred)


def clamp(builder: FixedBuilder, op: Operation, low: float, high: float) -> SSAValue:
    """`min(max(x, low), high)` on stored integers, with a change of type where there is one."""
    x, y = builder.type_of(op.operands[0]), builder.type_of(op.results[0])
    low_q, high_q = (int(q) for q in quantize(np.array([low, high]), y))
    body = Body([x.storage])
    value = body.arguments[0]
    if x != y:
        value = body.offset(rescaled(builder, body, value, x, y, op), y.zp)
    value = body.saturate(value, low_q, high_q, y.storage)
    return elementwise(builder, [builder.value(op.operands[0])], y, shape_of(op.results[0]), body, value, name_of(op))


def lower_relu(builder: FixedBuilder, op: onnx.ReluOp) -> SSAValue:
    """max(x, 0)"""
    return clamp(builder, op, 0.0, np.inf)


def lower_clip(builder: FixedBuilder, op: onnx.ClipOp) -> SSAValue:
    """min(max(x, low), high)"""
    return clamp(builder, op, op.low_value, op.high_value)


def lower_quantize(builder: FixedBuilder, op: onnx.QuantizeLinearOp) -> SSAValue:
    """A change of type; nothing where the operand is already stored so."""
    if builder.type_of(op.x) == builder.type_of(op.results[0]):
        return builder.value(op.x)
    return clamp(builder, op, -np.inf, np.inf)


def in_type(builder: FixedBuilder, value: SSAValue, y: QType, name: str, op: Operation | None = None) -> SSAValue:
    """A `fixed` tensor as one of type y: itself, or a map that changes its type."""
    x = element_of(value)
    assert isinstance(x, QType)
    if x == y:
        return value
    body = Body([x.storage])
    element = body.to_storage(rescaled(builder, body, body.arguments[0], x, y, op), y)
    return elementwise(builder, [value], y, shape_of(value), body, element, f"{name}_rescaled")
