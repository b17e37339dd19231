"""Pools and ArgMax as reductions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType, i32
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from ...dialects import onnx
from ...dialects.fixed.forms import ReduceOp
from ...dialects.fixed.types import DomainAttr, Reduction
from ...dialects.onnx.base import taps_inside
from ...passes.fixed.layouts.transposes import transpose
from .bodies import Body
from .builder import FixedBuilder, Requantizer, access, dimensions, shape_of
from .requantize import ScaleError, accumulator_bits

MAX_DIVISORS = 1 << 20
"""The most entries of a table of divisors, one for each position of a mean."""


@dataclass(frozen=True)
class Window:
    """A pooling window per spatial dimension: sizes, strides, dilations, pads before and after."""

    sizes: Sequence[int]
    strides: Sequence[int]
    dilations: Sequence[int]
    pads: Sequence[int]

    def counts(self, positions: Sequence[int], extent: Sequence[int]) -> NDArray[np.int64]:
        """How many taps of the window fall inside the input: one number, or one for each output position.

        Raises ScaleError where these are too many for a table.
        """
        windows = zip(positions, self.sizes, self.strides, self.dilations, self.pads, strict=False)
        inside = [taps_inside(*window, range(size)) for window, size in zip(windows, extent, strict=True)]
        if all(row.min() == row.max() for row in inside):
            return np.asarray(prod(int(row[0]) for row in inside))
        if prod(positions) > MAX_DIVISORS:
            raise ScaleError(f"it divides by another number of elements at each of {prod(positions):,} positions")
        result = np.ones((), np.int64)
        for row in inside:
            result = np.multiply.outer(result, row)
        return result

    def declared_counts(self, positions: Sequence[int], extent: Sequence[int]) -> NDArray[np.int64]:
        """The same with the padding that the model declares counted as input (count_include_pad)."""
        spatial = len(self.sizes)
        padded = [e + self.pads[a] + self.pads[a + spatial] for a, e in enumerate(extent)]
        unpadded = Window(self.sizes, self.strides, self.dilations, [0] * (2 * spatial))
        return unpadded.counts(positions, padded)


def pool_accesses(window: Window, result_shape: Sequence[int]) -> tuple[DomainAttr, AffineMap, AffineMap, AffineMap]:
    """Domain (n, y..., c | window...) on NHWC, the input and output maps, and the map to the position (y...)."""
    spatial = len(window.sizes)
    parallel = tuple(result_shape)
    num_dims = len(parallel) + spatial
    d = dimensions(num_dims)
    index: list[AffineExpr] = []
    for axis in range(spatial):
        tap = d[len(parallel) + axis] * window.dilations[axis]
        index.append(d[1 + axis] * window.strides[axis] + tap - window.pads[axis])
    domain = DomainAttr(parallel, tuple(window.sizes))
    position = d[1 : 1 + spatial]
    return (
        domain,
        access(num_dims, d[0], *index, d[1 + spatial]),
        access(num_dims, *d[: len(parallel)]),
        access(num_dims, *position),
    )


def lower_max_pool(builder: FixedBuilder, op: onnx.MaxPoolOp) -> SSAValue:
    """The greatest stored integer of each window (scales are positive, so it stands for the greatest real)."""
    return pool(builder, op, pool_window(op), Reduction.MAX, shape_of(op.result))


def lower_average_pool(builder: FixedBuilder, op: onnx.AveragePoolOp) -> SSAValue:
    """The sum over each window, rescaled by 1 / count."""
    return pool(builder, op, pool_window(op), Reduction.SUM, shape_of(op.result))


def pool_window(op: onnx.MaxPoolOp | onnx.AveragePoolOp) -> Window:
    """The window as the op's attributes state it."""
    return Window(op.kernel_list, op.stride_list, op.dilation_list, op.pad_list)


def pool(
    builder: FixedBuilder,
    op: onnx.MaxPoolOp | onnx.AveragePoolOp | onnx.GlobalAveragePoolOp | onnx.ReduceMeanOp,
    window: Window,
    kind: Reduction,
    out_shape: tuple[int, ...],
) -> SSAValue:
    """Emit a pool of the kind, between transposes to and from NHWC; `out_shape` is that of the result, [N, C, ...]."""
    name = op.node.data if op.node else op.name
    spatial = len(window.sizes)
    to_nhwc = (0, *range(2, spatial + 2), 1)
    x, y = builder.type_of(op.x), builder.type_of(op.results[0])
    source = builder.emit(transpose(builder.value(op.x), to_nhwc, f"{name}_nhwc"))
    result_shape = tuple(out_shape[axis] for axis in to_nhwc)
    domain, in_map, out_map, position = pool_accesses(window, result_shape)

    reach = max(x.limits[1] - x.zp, x.zp - x.limits[0])
    bound = reach * int(np.prod(window.sizes)) if kind == Reduction.SUM else reach
    acc = IntegerType(accumulator_bits(bound)) if kind == Reduction.SUM else x.storage
    params, maps = list[SSAValue](), list[AffineMap]()
    if kind == Reduction.MAX and x == y:
        body = Body([acc])
        region = body.finish(body.arguments[0])
    else:
        factors = np.asarray(x.scale / y.scale)
        if kind == Reduction.SUM:
            positions, extent = out_shape[2:], shape_of(op.x)[2:]
            include = isinstance(op, onnx.AveragePoolOp) and op.includes_padding
            counts = (window.declared_counts if include else window.counts)(positions, extent)
            factors = factors / counts
        requantizer = Requantizer(builder, np.asarray(factors), bound, position if factors.ndim else None, op)
        params, maps = requantizer.params, requantizer.maps
        elements = [p.type.element_type for p in params if isinstance(p.type, TensorType)]
        body = Body([acc, *elements])
        value, *rest = body.arguments
        value = value if kind == Reduction.SUM else body.offset(body.extend(value, i32), -x.zp)
        region = body.finish(body.to_storage(requantizer.apply(body, value, *rest), y))
    result = builder.emit(
        ReduceOp(
            kind,
            [source],
            TensorType(y, result_shape),
            domain,
            [in_map, *maps, out_map],
            region,
            acc,
            x.zp if kind == Reduction.SUM else 0,
            params,
            node=name,
        )
    )
    return builder.emit(transpose(result, (0, spatial + 1, *range(1, spatial + 1)), f"{name}_nchw"))
