"""Reductions of some dimensions of a tensor, and maps that read their results beside its elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects.errors import UserError
from ...dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from ...dialects.fixed.structured import scalar_type
from ...dialects.fixed.types import DomainAttr, QType, Reduction
from .bodies import Body
from .builder import FixedBuilder, Requantizer, access, dimensions, element_of, shape_of
from .elementwise import broadcast_map
from .requantize import accumulator_bits

Finish = Callable[[Body, SSAValue, Sequence[SSAValue]], SSAValue]
"""From a body, its combined value and its other arguments to the value that it yields."""

Scalar = Callable[[Body, Sequence[SSAValue]], SSAValue]
"""From a body and its arguments to the value that it yields."""

WIDEST = (1 << 62) - 1
"""The greatest magnitude of a sum: one bit is left for rounding."""


def reach_of(type: QType) -> int:
    """The greatest magnitude of an integer of a type without its zero point."""
    return max(type.limits[1] - type.zp, type.zp - type.limits[0])


@dataclass(frozen=True)
class Rows:
    """The reduction of some dimensions of a tensor: results keep them as 1."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many elements become one."""
        return prod(self.shape[axis] for axis in self.axes)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """The shape of a result."""
        return tuple(1 if axis in self.axes else n for axis, n in enumerate(self.shape))

    @property
    def domain(self) -> DomainAttr:
        """The other dimensions in their order, then those that are reduced."""
        outer = [n for axis, n in enumerate(self.shape) if axis not in self.axes]
        return DomainAttr(outer, [self.shape[axis] for axis in self.axes])

    def maps(self) -> tuple[AffineMap, AffineMap]:
        """The access to an element, and to the result of its row."""
        outer = [axis for axis in range(len(self.shape)) if axis not in self.axes]
        d = dict(zip((*outer, *self.axes), dimensions(len(self.shape)), strict=True))
        whole = access(len(self.shape), *(d[axis] for axis in range(len(self.shape))))
        kept = access(len(self.shape), *(0 if axis in self.axes else d[axis] for axis in range(len(self.shape))))
        return whole, kept


def accumulator(bound: int, name: str) -> IntegerType:
    """The type of sums up to a magnitude. Raises UserError where none has room for it."""
    if bound > WIDEST:
        raise UserError(f"'{name}': its sums need more than 63 bits: too many elements; use --bits 8, or fewer of them")
    return IntegerType(accumulator_bits(bound))


def change_of_scale(builder: FixedBuilder, factor: float, bound: int) -> Callable[[Body, SSAValue], SSAValue]:
    """What brings a value up to `bound` to another scale in a body; nothing where the scales are equal."""
    if factor == 1.0:
        return lambda body, value: value
    requantizer = Requantizer(builder, np.asarray(factor), bound)
    return requantizer.apply


def yields(body: Body, value: SSAValue, rest: Sequence[SSAValue]) -> SSAValue:
    """The combined value itself."""
    return value


def reduced(
    builder: FixedBuilder,
    kind: Reduction,
    source: SSAValue,
    rows: Rows,
    acc: IntegerType,
    element: QType | IntegerType,
    finish: Finish,
    name: str,
    zero_point: int = 0,
) -> SSAValue:
    """Emit a reduction of rows whose results `finish` makes elements of the given type."""
    whole, kept = rows.maps()
    body = Body([acc])
    region = body.finish(finish(body, body.arguments[0], []))
    type = TensorType(element, rows.kept_shape)
    return builder.emit(ReduceOp(kind, [source], type, rows.domain, [whole, kept], region, acc, zero_point, node=name))


def sum_of_squares(
    builder: FixedBuilder,
    source: SSAValue,
    x: QType,
    rows: Rows,
    element: QType | IntegerType,
    finish: Finish,
    name: str,
    params: Sequence[SSAValue] = (),
    tables: Sequence[SSAValue] = (),
) -> SSAValue:
    """Emit the sum of `(x - zero point)^2` over rows; `params` have one element for each row."""
    whole, kept = rows.maps()
    acc = accumulator(reach_of(x) ** 2 * rows.count, name)
    body = Body([acc, *(scalar_type(element_of(p)) for p in params), *(t.type for t in tables)])
    value, *rest = body.arguments
    region = body.finish(finish(body, value, rest))
    maps = [whole, whole, *(kept for _ in params), kept]
    type = TensorType(element, rows.kept_shape)
    zeros = (x.zp, x.zp)
    return builder.emit(
        ContractOp([source, source], type, rows.domain, maps, region, acc, zeros, params, tables, node=name)
    )


def mapped(
    builder: FixedBuilder,
    inputs: Sequence[SSAValue],
    element: QType | IntegerType,
    shape: Sequence[int],
    scalar: Scalar,
    name: str,
    tables: Sequence[SSAValue] = (),
) -> SSAValue:
    """Emit a map of this shape: its body takes an element of each input, stretched to the shape, then the tables."""
    body = Body([*(scalar_type(element_of(i)) for i in inputs), *(t.type for t in tables)])
    region = body.finish(scalar(body, body.arguments))
    whole = access(len(shape), *dimensions(len(shape)))
    same = [shape_of(i) == tuple(shape) for i in inputs]
    maps = [whole if s else broadcast_map(shape_of(i), shape) for i, s in zip(inputs, same, strict=True)] + [whole]
    type = TensorType(element, shape)
    return builder.emit(MapOp(inputs, type, DomainAttr(tuple(shape)), maps, region, tables=tables, node=name))
