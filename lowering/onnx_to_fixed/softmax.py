"""Softmax in integers: subtract the maximum, look exp up, add, divide (the scheme of TFLite's int8 softmax)."""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, TensorType, i16, i32
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects import onnx
from ...dialects.fixed.forms import MapOp, ReduceOp
from ...dialects.fixed.types import DomainAttr, QType, Reduction
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, shape_of
from .exponentials import wide_softmax
from .rows import Rows

EXP_ONE = (1 << 15) - 1
"""exp(0) = 1 as the tables store it."""

NARROW_INVERSE = 1 << 15
"""The greatest 1 / scale of a result that is computed in 32 bits."""

WHOLE = 2.0**-16
"""How far 1 / scale may be from a whole number, relatively: it makes a 2^-8th of a step."""


NARROW_COUNT = 1 << 8
"""The greatest number of exponentials whose roundings to 15 bits are, in their sum, half a step of 8 bits at most."""


def lower_softmax(builder: FixedBuilder, op: onnx.SoftmaxOp | onnx.MaskedSoftmaxOp) -> SSAValue:
    """`e[i] = exp(x[i] - max x)`, `y[i] = e[i] / sum e` along one axis.

    In 32 bits where elements have 8 bits and the result's scale is one of a whole number up to 2^15, else in 64, as
    with a mask.
    """
    name = op.node.data if op.node else op.name
    shape = shape_of(op.x)
    axis = op.axis_index % len(shape)
    x, y = builder.type_of(op.x), builder.type_of(op.results[0])
    mask = op.mask if isinstance(op, onnx.MaskedSoftmaxOp) else None
    if mask is not None or not is_narrow(x, y, shape[axis]):
        kept = None if mask is None else builder.value(mask)
        return wide_softmax(builder, builder.value(op.x), x, y, Rows(shape, (axis,)), name, kept)
    whole, domain, reduced, reduced_shape = softmax_accesses(shape, axis)
    source = builder.value(op.x)

    body = Body([x.storage])
    region = body.finish(body.arguments[0])
    type = TensorType(x, reduced_shape)
    greatest = builder.emit(
        ReduceOp(Reduction.MAX, [source], type, domain, [whole, reduced], region, x.storage, node=f"{name}_max")
    )
    exponentials = exponential(builder, x, [source, greatest], shape, axis, f"{name}_exp")
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


def is_narrow(x: QType, y: QType, count: int) -> bool:
    """Whether 15 fractional bits of exponentials and a division of 32 bits do."""
    inverse = 1.0 / y.scale
    whole = inverse >= 1 and abs(inverse - round(inverse)) <= inverse * WHOLE
    return max(x.bits, y.bits) <= 8 and whole and round(inverse) <= NARROW_INVERSE and count <= NARROW_COUNT


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


def exponential(
    builder: FixedBuilder, x: QType, inputs: list[SSAValue], shape: tuple[int, ...], axis: int, name: str
) -> SSAValue:
    """exp(x - max) with 15 fractional bits, as i16, of 8-bit elements."""
    fine = np.rint(np.exp(-np.arange(256) * x.scale) * EXP_ONE)
    table = builder.constant(fine.astype(np.int16), i16, f"{name}_fine")
    body = Body([x.storage, x.storage, table.type])
    element, greatest, entries = body.arguments
    distance = body.sub(body.extend(greatest, i32), body.extend(element, i32))
    value = body.lookup(entries, distance, i16)
    return builder.emit(row_map(inputs, i16, shape, axis, body, value, [table], name))


def divide(
    builder: FixedBuilder, y: QType, inputs: list[SSAValue], shape: tuple[int, ...], axis: int, name: str
) -> SSAValue:
    """`(e / scale + sum / 2) / sum` in i32: at most 2^15 * 2^15 + 2^30 before the division."""
    body = Body([i16, i32])
    element, total = body.arguments
    numerator = body.mul(body.extend(element, i32), body.constant(round(1.0 / y.scale), i32))
    half = body.add_op(arith.ShRSIOp(total, body.constant(1, i32)))
    quotient = body.add_op(arith.DivSIOp(body.add(numerator, half), total))
    return builder.emit(row_map(inputs, y, shape, axis, body, body.to_storage(quotient, y), [], name))
