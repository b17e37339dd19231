"""Squared distances as matrix products: `sum (x - w)^2 = sum x^2 - 2 sum x w + sum w^2`.

With x and w in one type, differences of reals are differences of stored integers times the scale, whatever the zero
point, and the identity holds in integers without any rounding. The sum of products is a contraction; the sums of
squares are its params, that of a constant known now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects import onnx
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.types import DomainAttr
from ...dialects.onnx.weights import is_weight
from .bodies import Body
from .builder import FixedBuilder, Requantizer, access, dimensions, shape_of
from .elementwise import in_type, name_of
from .rows import accumulator
from .shapes import reshaped


def lower_squared_distance(builder: FixedBuilder, op: onnx.SquaredDistanceOp) -> SSAValue:
    """`round(M (sum x^2 - 2 sum x w + sum w^2)) + zy`, on stored integers; with a negative factor of the opposite."""
    sides, y, name = (op.x, op.w), builder.type_of(op.result), name_of(op)
    type = max(map(builder.type_of, sides), key=lambda type: (type.bits, type.scale))
    values = [in_type(builder, builder.value(side), type, f"{name}_{n}") for n, side in enumerate(sides)]
    bound = (2 * max(abs(limit) for limit in type.limits)) ** 2 * op.count
    acc = accumulator(bound, name)
    requantizer = Requantizer(builder, np.asarray(abs(op.times) * type.scale**2 / y.scale), bound, op=op)
    terms = [Side(op, shape_of(side)) for side in sides]
    squares: list[SSAValue] = []
    for number, (side, value, term) in enumerate(zip(sides, values, terms, strict=True)):
        if is_weight(side) and builder.type_of(side) == type:
            integers = term.sum_of_squares(builder.integers(side)[0])
            squares.append(builder.constant(integers, acc, f"{name}_squares{number}"))
        else:
            squares.append(builder.emit(term.squares(value, acc, f"{name}_squares{number}")))
    body = Body([acc, acc, acc])
    product, first, second = body.arguments
    twice, squared = body.mul(product, body.constant(2, acc)), body.add(first, second)
    total = body.sub(squared, twice) if op.times > 0 else body.sub(twice, squared)
    region = body.finish(body.to_storage(requantizer.apply(body, total), y))
    whole = Side(op, op.whole)
    maps = [*(term.access(term.shape) for term in terms), *(term.access(term.kept_shape) for term in terms)]
    maps.append(whole.access(whole.kept_shape))
    result = TensorType(y, whole.kept_shape)
    contract = ContractOp(values, result, whole.domain, maps, region, acc, (0, 0), squares, node=name)
    return reshaped(builder, builder.emit(contract), shape_of(op.result), f"{name}_dropped")


@dataclass(frozen=True)
class Side:
    """A tensor beside the differences of a squared distance: broadcasting aligns it with their last dimensions."""

    op: onnx.SquaredDistanceOp
    shape: tuple[int, ...]

    @property
    def axes(self) -> tuple[int, ...]:
        """The dimensions of the tensor that are summed."""
        start = len(self.op.whole) - len(self.shape)
        return tuple(axis - start for axis in self.op.reduced if axis >= start)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """The shape of its sums."""
        return tuple(1 if axis in self.axes else n for axis, n in enumerate(self.shape))

    @property
    def domain(self) -> DomainAttr:
        """The dimensions of the differences that stay, of size 1 where this tensor is stretched, then the summed."""
        whole, start = self.op.whole, len(self.op.whole) - len(self.shape)
        outer = [axis for axis in range(len(whole)) if axis not in self.op.reduced]
        sizes = [self.shape[axis - start] if axis >= start else 1 for axis in outer]
        return DomainAttr(sizes, [whole[axis] for axis in self.op.reduced])

    def access(self, shape: Sequence[int]) -> AffineMap:
        """The access to this tensor, or to its sums: 0 where it is stretched or summed."""
        rank, start = len(self.op.whole), len(self.op.whole) - len(self.shape)
        outer = [axis for axis in range(rank) if axis not in self.op.reduced]
        d = dict(zip((*outer, *self.op.reduced), dimensions(rank), strict=True))
        return access(rank, *(d[axis] if n > 1 else 0 for axis, n in enumerate(shape, start)))

    def sum_of_squares(self, integers: NDArray[Any]) -> NDArray[np.int64]:
        """The sums of squares of a constant; an element that is stretched along a summed dimension counts as often."""
        inside = prod(self.shape[axis] for axis in self.axes)
        squares = (integers.astype(np.int64) ** 2).sum(axis=self.axes, keepdims=True)
        return squares * (self.op.count // inside)

    def squares(self, value: SSAValue, acc: IntegerType, name: str) -> ContractOp:
        """The sums of squares of a computed tensor."""
        read, kept = self.access(self.shape), self.access(self.kept_shape)
        body = Body([acc])
        region = body.finish(body.arguments[0])
        type = TensorType(acc, self.kept_shape)
        return ContractOp([value, value], type, self.domain, [read, read, kept], region, acc, (0, 0), node=name)
