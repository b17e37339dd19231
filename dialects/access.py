"""Access functions: which elements of a tensor a point of an iteration domain touches.

An access map is affine in the domain's dimensions. Planners, executors and lowerings ask these questions of any
structured form instead of knowing operators (the polyhedral view of loops, as in MLIR's linalg).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineMap,
)

Interval = tuple[int, int]
"""A closed interval of integers, least then greatest."""


@dataclass(frozen=True)
class Linear:
    """`sum(coefficients[d] * dim[d]) + offset`: one result of an access map."""

    coefficients: tuple[int, ...]
    offset: int

    def without(self, dim: int | None) -> Linear:
        """The same where a dimension, if one is given, is 0."""
        return Linear(tuple(0 if d == dim else c for d, c in enumerate(self.coefficients)), self.offset)

    def interval(self, box: Sequence[Interval]) -> Interval:
        """The exact range of values over a box of the domain."""
        low = high = self.offset
        for coefficient, (first, last) in zip(self.coefficients, box, strict=True):
            low += coefficient * (first if coefficient >= 0 else last)
            high += coefficient * (last if coefficient >= 0 else first)
        return low, high


def linear(expr: AffineExpr, num_dims: int) -> Linear:
    """Read an affine expression as coefficients and offset. Raises ValueError on floordiv, mod and symbols."""
    match expr:
        case AffineConstantExpr():
            return Linear((0,) * num_dims, expr.value)
        case AffineDimExpr():
            return Linear(tuple(int(d == expr.position) for d in range(num_dims)), 0)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add):
            left, right = linear(expr.lhs, num_dims), linear(expr.rhs, num_dims)
            sums = tuple(a + b for a, b in zip(left.coefficients, right.coefficients, strict=True))
            return Linear(sums, left.offset + right.offset)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul):
            left, right = linear(expr.lhs, num_dims), linear(expr.rhs, num_dims)
            if any(left.coefficients):
                left, right = right, left
            if not any(left.coefficients):
                return Linear(tuple(left.offset * c for c in right.coefficients), left.offset * right.offset)
        case _:
            pass
    raise ValueError(f"`{expr}` is not linear in the domain's dimensions")


@lru_cache(1 << 14)
def linear_map(access: AffineMap) -> tuple[Linear, ...]:
    """Every result of an access map as a `Linear`. Raises ValueError where one is not linear."""
    return tuple(linear(result, access.num_dims) for result in access.results)


def full_box(sizes: Sequence[int]) -> tuple[Interval, ...]:
    """The whole domain as a box."""
    return tuple((0, size - 1) for size in sizes)


def footprint(access: AffineMap, box: Sequence[Interval]) -> tuple[Interval, ...]:
    """The smallest box of tensor indices that holds all accesses from a box of the domain (padding not clipped)."""
    return tuple(result.interval(box) for result in linear_map(access))


def is_in_bounds(access: AffineMap, sizes: Sequence[int], shape: Sequence[int]) -> bool:
    """True when no point of the domain reads outside a tensor of this shape, that is, when nothing is padded."""
    ranges = footprint(access, full_box(sizes))
    return all(low >= 0 and high < size for (low, high), size in zip(ranges, shape, strict=True))


def hold(access: AffineMap, dim: int, value: int) -> AffineMap:
    """The access map where one dimension is held at a value: the map of a slice, over the same dimensions."""
    results: list[Linear] = []
    for result in linear_map(access):
        coefficients = tuple(0 if d == dim else c for d, c in enumerate(result.coefficients))
        results.append(Linear(coefficients, result.offset + value * result.coefficients[dim]))
    return from_linear(results, access.num_dims)


def from_linear(results: Sequence[Linear], num_dims: int) -> AffineMap:
    """The access map over so many dimensions whose results these are: none where the tensor is a scalar."""
    exprs: list[AffineExpr] = []
    for result in results:
        expr: AffineExpr = AffineExpr.constant(result.offset)
        terms = [AffineExpr.dimension(d) * c for d, c in enumerate(result.coefficients) if c]
        for term in reversed(terms):
            expr = term if expr == AffineExpr.constant(0) else term + expr
        exprs.append(expr)
    return AffineMap(num_dims, 0, tuple(exprs))
