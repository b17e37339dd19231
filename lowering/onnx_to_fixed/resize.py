"""Resize as a contraction with a band of weights: each element of the result reads a few neighbours of the operand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType, i16
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr

from ...dialects import onnx
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.types import DomainAttr
from ...dialects.onnx.weights import weight_reals
from ...passes.fixed.layouts.transposes import inverse, transpose
from .bodies import Body
from .builder import FixedBuilder, Requantizer, access, dimensions, shape_of
from .elementwise import name_of
from .requantize import accumulator_bits

WEIGHT_BITS = 14
"""Fractional bits of the weights, which are below 2 in magnitude."""


@dataclass(frozen=True)
class Band:
    """Result `q * count + p` reads the operand from `q * step + p * slope + start` on: weights (q * count + p, tap)."""

    count: int
    step: int
    slope: int
    start: int
    taps: int

    def weights(self, first: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The weights of rows that begin at `first` as those of the band."""
        q, p = np.divmod(np.arange(len(first)), self.count)
        shift = first - (q * self.step + p * self.slope + self.start)
        band = np.zeros((len(first), self.taps), np.int64)
        place = shift[:, None] + np.arange(rows.shape[1])
        inside = (place >= 0) & (place < self.taps)
        assert not rows[~inside].any(), "the band holds every weight"
        band[np.nonzero(inside)[0], place[inside]] = rows[inside]
        return band


def narrowest_band(first: NDArray[np.int64], rows: NDArray[np.int64], before: int) -> Band:
    """The band of the fewest taps that an affine access reads; among these that of the fewest phases."""
    used = rows != 0
    low, high = first + used.argmax(axis=1), first + rows.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
    after, ratio = len(first), before / len(first)
    bands: list[Band] = []
    for count in divisors(after):
        q, p = np.divmod(np.arange(after), count)
        for step in {math.floor(count * ratio), math.ceil(count * ratio)}:
            for slope in {0, math.floor(ratio), math.ceil(ratio)} if count > 1 else {0}:
                base = q * step + p * slope
                start = int((low - base).min())
                bands.append(Band(count, step, slope, start, int((high - base).max()) - start + 1))
    return min(bands, key=lambda band: (band.taps, band.count))


def divisors(number: int) -> list[int]:
    """The divisors of a number, up to 64 and the number itself."""
    return [n for n in range(1, min(number, 64) + 1) if number % n == 0] + ([number] if number > 64 else [])


def integer_weights(reals: NDArray[np.float64]) -> NDArray[np.int64]:
    """Weights with `WEIGHT_BITS` fractional bits; each row adds up to what its reals do, so that a constant stays."""
    rows = np.rint(reals * 2.0**WEIGHT_BITS).astype(np.int64)
    missing = np.rint(reals.sum(axis=1) * 2.0**WEIGHT_BITS).astype(np.int64) - rows.sum(axis=1)
    rows[np.arange(len(rows)), reals.argmax(axis=1)] += missing
    return rows


def lower_resize(builder: FixedBuilder, op: onnx.ResizeOp) -> SSAValue:
    """`round(M * sum((x - zx) * w)) + zy`, channels last."""
    name, shape = name_of(op), shape_of(op.x)
    x, y = builder.type_of(op.x), builder.type_of(op.result)
    order = (0, *range(2, len(shape)), 1) if len(shape) >= 3 else tuple(range(len(shape)))
    axis = order.index(op.axis_index)
    rows = integer_weights(weight_reals(op.w))
    first = np.asarray(op.first_list, np.int64)
    band = narrowest_band(first, rows, shape[op.axis_index])
    weights = band.weights(first, rows)

    result_shape = [shape_of(op.result)[a] for a in order]
    split = [n for n in (result_shape[axis] // band.count, band.count) if n > 1] or [1]
    parallel = [*result_shape[:axis], *split, *result_shape[axis + 1 :]]
    d = dimensions(len(parallel) + 1)
    q: AffineExpr | int = d[axis] if band.count < result_shape[axis] else 0
    p: AffineExpr | int = d[axis + len(split) - 1] if band.count > 1 else 0
    outer, inner = d[:axis], d[axis + len(split) : -1]
    written = AffineExpr.constant(0) + q * band.count + p
    read = d[-1] + q * band.step + p * band.slope + band.start

    reach = max(x.limits[1] - x.zp, x.zp - x.limits[0])
    bound = int(np.abs(weights).sum(axis=1).max()) * reach
    requantizer = Requantizer(builder, np.asarray(x.scale / y.scale * 2.0**-WEIGHT_BITS), bound)
    body = Body([IntegerType(accumulator_bits(bound))])
    acc = body.arguments[0].type
    assert isinstance(acc, IntegerType)
    source = builder.emit(transpose(builder.value(op.x), order, f"{name}_nhwc"))
    result = builder.emit(
        ContractOp(
            [source, builder.constant(weights.astype(np.int16), i16, f"{name}_weights")],
            TensorType(y, result_shape),
            DomainAttr(parallel, [band.taps]),
            [
                access(len(d), *outer, read, *inner),
                access(len(d), written, d[-1]),
                access(len(d), *outer, written, *inner),
            ],
            body.finish(body.to_storage(requantizer.apply(body, body.arguments[0]), y)),
            acc,
            (x.zp, 0),
            node=name,
        )
    )
    return builder.emit(transpose(result, inverse(order), f"{name}_nchw"))
