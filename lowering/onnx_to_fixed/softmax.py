"""Softmax in integers: subtract the maximum, look exp up, add, divide (the scheme of TFLite's int8 softmax)."""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, TensorType, i16, i32
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects import onnx
from ...dialects.dense import dtype_of
from ...dialects.errors import UserError
from ...dialects.fixed.forms import MapOp, ReduceOp
from ...dialects.fixed.types import DomainAttr, QType, Reduction
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, shape_of

EXP_ONE = (1 << 15) - 1
"""exp(0) = 1 as the tables store it."""

FINE_BITS = 17
"""Fractional bits of exponentials for results with steps below 2^-15."""


def lower_softmax(builder: FixedBuilder, op: onnx.SoftmaxOp) -> SSAValue:
    """`e[i] = exp(x[i] - max x)`, `y[i] = e[i] / sum e` along one axis.

    The exponential has 15 or 17 fractional bits: one table for 8-bit inputs, the product of two (high and low byte of
    the difference) for 16-bit inputs. Raises UserError where so many elements add up that the sum leaves 32 bits.
    """
    name = op.node.data if op.node else op.name
    shape = shape_of(op.x)
    axis = op.axis_index % len(shape)
    x, y = builder.type_of(op.x), builder.type_of(op.results[0])
    if shape[axis] >= 1 << 16:
        raise UserError(f"{op.name} '{name}': {shape[axis]} elements are too many for a 32-bit sum")
    whole, domain, reduced, reduced_shape = softmax_accesses(shape, axis)
    source = builder.value(op.x)

    body = Body([x.storage])
    region = body.finish(body.arguments[0])
    type = TensorType(x, reduced_shape)
    greatest = builder.emit(
        ReduceOp(Reduction.MAX, [source], type, domain, [whole, reduced], region, x.storage, node=f"{name}_max")
    )
    bits = exponential_bits(y, shape[axis], name)
    exponentials = exponential(builder, x, [source, greatest], shape, axis, bits, f"{name}_exp")
    body = Body([i32])
    region = body.finish(body.arguments[0])
    total = builder.emit(
        ReduceOp(
            Reduction.SUM,
            [exponentials],
            TensorType(i32, reduced_shape),
            domain,
            [whole, reduced],
            region,
            i32,
            node=f"{name}_sum",
        )
    )
    return divide(builder, y, [exponentials, total], shape, axis, name)


def softmax_accesses(shape: tuple[int, ...], axis: int) -> tuple[AffineMap, DomainAttr, AffineMap, tuple[int, ...]]:
    """For a reduction along an axis: the input's map, the domain, the output's map and shape (the axis kept as 1)."""
    rank = len(shape)
    outer = [a for a in range(rank) if a != axis]
    d = dimensions(rank)
    position = dict(zip(outer, d, strict=False))
    whole = access(rank, *(d[-1] if a == axis else position[a] for a in range(rank)))
    reduced = access(rank, *(0 if a == axis else position[a] for a in range(rank)))
    domain = DomainAttr([shape[a] for a in outer], [shape[axis]])
    return whole, domain, reduced, tuple(1 if a == axis else shape[a] for a in range(rank))


def row_map(
    inputs: list[SSAValue],
    type: QType | IntegerType,
    shape: tuple[int, ...],
    axis: int,
    body: Body,
    value: SSAValue,
    tables: list[SSAValue],
    name: str,
) -> MapOp:
    """A map of a whole tensor and one value per row of it."""
    d = dimensions(len(shape))
    whole = access(len(shape), *d)
    row = access(len(shape), *(0 if a == axis else d[a] for a in range(len(shape))))
    domain = DomainAttr(shape)
    region = body.finish(value)
    return MapOp(inputs, TensorType(type, shape), domain, [whole, row, whole], region, tables=tables, node=name)


def exponential_bits(y: QType, count: int, name: str) -> int:
    """Fractional bits of the exponentials of `count` elements.

    Raises UserError for scales of the result above 1 or below 2^-16, and where `divide` would leave 32 bits.
    """
    inverse = round(1.0 / y.scale)
    if inverse < 1 or inverse > 1 << 16:
        raise UserError(f"Softmax '{name}': the output scale {y.scale} must lie between 2^-16 and 1")
    if inverse <= 1 << 15:
        return 15
    if count << FINE_BITS + FINE_BITS - 13 < 1 << 31:
        return FINE_BITS
    if count << 17 >= 1 << 31:
        raise UserError(f"Softmax '{name}': {count} elements are too many for a scale of {y.scale}; use 2^-15")
    return 15


def exponential(
    builder: FixedBuilder, x: QType, inputs: list[SSAValue], shape: tuple[int, ...], axis: int, bits: int, name: str
) -> SSAValue:
    """exp(x - max) with `bits` fractional bits, as i16 where they fit."""
    steps = np.arange(256)
    storage = i16 if bits <= 15 else i32
    one, entry = (EXP_ONE, i16) if x.bits > 8 else ((1 << bits) - 1, storage)
    fine = np.rint(np.exp(-steps * x.scale) * one)
    tables = [builder.constant(fine.astype(dtype_of(entry)), entry, f"{name}_fine")]
    if x.bits > 8:
        coarse = np.rint(np.exp(-steps * 256 * x.scale) * EXP_ONE)
        tables.append(builder.constant(coarse.astype(np.int16), i16, f"{name}_coarse"))
    body = Body([x.storage, x.storage, *(t.type for t in tables)])
    element, greatest, *entries = body.arguments
    distance = body.sub(body.extend(greatest, i32), body.extend(element, i32))
    if x.bits <= 8:
        value = body.lookup(entries[0], distance, storage)
    else:
        low = body.add_op(arith.AndIOp(distance, body.constant(255, i32)))
        high = body.add_op(arith.ShRSIOp(distance, body.constant(8, i32)))
        parts = [body.extend(body.lookup(t, i, i16), i32) for t, i in zip(entries, (low, high), strict=True)]
        value = body.saturate(body.round_shift(body.mul(*parts), 30 - bits), 0, (1 << bits) - 1, storage)
    return builder.emit(row_map(inputs, storage, shape, axis, body, value, tables, name))


def divide(
    builder: FixedBuilder, y: QType, inputs: list[SSAValue], shape: tuple[int, ...], axis: int, name: str
) -> SSAValue:
    """`(e / scale + sum / 2) / sum` in i32: at most 2^15 * 2^15 + 2^30 before the division.

    Where 1 / scale exceeds 2^15 the product does not fit: with `1 / scale = 2^s a + b` the division of `e a` gives the
    high bits, and that of what it leaves, `2^s r + b e + sum / 2`, less than 2^(s + 1) sums, the s low ones.
    """
    inverse = round(1.0 / y.scale)
    element_type = integer_element(inputs[0])
    shift = 0 if inverse <= 1 << 15 else 1 if element_type == i16 else FINE_BITS - 14
    body = Body([element_type, i32])
    element, total = body.arguments
    element = body.extend(element, i32) if element_type != i32 else element
    numerator = body.mul(element, body.constant(inverse >> shift, i32))
    half = body.add_op(arith.ShRSIOp(total, body.constant(1, i32)))
    if shift == 0:
        quotient = body.add_op(arith.DivSIOp(body.add(numerator, half), total))
        return builder.emit(row_map(inputs, y, shape, axis, body, body.to_storage(quotient, y), [], name))
    high = body.add_op(arith.DivSIOp(numerator, total))
    factor = body.constant(1 << shift, i32)
    rest = body.mul(body.sub(numerator, body.mul(high, total)), factor)
    rest = body.add(rest, body.mul(element, body.constant(inverse & (1 << shift) - 1, i32)))
    low = body.add_op(arith.DivSIOp(body.add(rest, half), total))
    quotient = body.add(body.mul(high, factor), low)
    return builder.emit(row_map(inputs, y, shape, axis, body, body.to_storage(quotient, y), [], name))


def integer_element(value: SSAValue) -> IntegerType:
    """The element type of plain integers."""
    assert isinstance(value.type, TensorType)
    element = value.type.element_type
    assert isinstance(element, IntegerType)
    return element
