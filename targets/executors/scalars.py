"""The meaning of the scalar ops of a body on numpy arrays, exact and never silent about overflow.

A flat table gives each op its function; `fixed.rescale` has a file of its own (`rescaling`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, Operation, SSAValue

from ...dialects.fixed.normalize import ExponentOp, MantissaOp
from ...dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from .floating import exponent, mantissa
from .rescaling import rescale
from .values import IntegerOverflow, Operands, Scalar, Values, binary, container, limits, width


def bit_and(op: arith.AndIOp, operands: Operands) -> Values:
    """Bitwise and; with a non-negative operand the result is between 0 and that operand."""
    left, right = operands
    array = left.widened(right.low, right.high) & right.widened(left.low, left.high)
    least, greatest = limits(op.result.type)
    positive = [v.high for v in operands if v.low >= 0]
    return Values(array, 0 if positive else least, min(positive, default=greatest))


def bits_of(function: Callable[[Any, Any], Any]) -> Scalar:
    """A bitwise op that gives no more bits than the longer operand has; its sign bit is that of the signs."""

    def compute(op: Operation, operands: Operands) -> Values:
        left, right = operands
        array = function(left.widened(right.low, right.high), right.widened(left.low, left.high))
        bits = max((b if b >= 0 else ~b).bit_length() for v in operands for b in (v.low, v.high))
        return Values(array, 0 if left.low >= 0 <= right.low else -(1 << bits), (1 << bits) - 1)

    return compute


def shift_left(op: arith.ShLIOp, operands: Operands) -> Values:
    """x * 2^k, for k less than the width."""
    return binary(operator.lshift)(op, (operands[0], amount(op, operands[1])))


def shift_right(op: arith.ShRSIOp, operands: Operands) -> Values:
    """floor(x / 2^k), for k less than the width."""
    return binary(operator.rshift)(op, (operands[0], amount(op, operands[1])))


def amount(op: Operation, shift: Values) -> Values:
    """The amount of a shift. Raises IntegerOverflow where one is negative, or the width or more."""
    last = width(op.results[0].type) - 1
    if not shift.within(0, last):
        raise IntegerOverflow(f"{op.name}: an amount outside [0, {last}]")
    return Values(shift.array, max(shift.low, 0), min(shift.high, last))


def divide(op: arith.DivSIOp, operands: Operands) -> Values:
    """The quotient rounded towards zero, as in C."""
    left, right = operands
    if not np.all(right.array):
        raise IntegerOverflow(f"{op.name}: division by zero")
    bound = max(abs(left.low), abs(left.high))
    dividend = left.widened(min(right.low, -bound), max(right.high, bound))
    divisor = right.widened(min(left.low, -bound), max(left.high, bound))
    quotient = abs(dividend) // abs(divisor)
    return Values(np.where((dividend < 0) != (divisor < 0), -quotient, quotient), -bound, bound)


COMPARISONS: tuple[Callable[[Any, Any], Any], ...] = (
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
)
"""By the value of `arith.cmpi`'s predicate; the last four compare without sign."""


def compare(op: arith.CmpiOp, operands: Operands) -> Values:
    """An i1, whose true is -1 (the two's complement of one bit)."""
    left, right = operands
    predicate = op.predicate.value.data
    a, b = left.array.astype(np.int64), right.array.astype(np.int64)
    if predicate >= 6:
        mask = np.uint64((1 << width(op.lhs.type)) - 1)
        a, b = a.view(np.uint64) & mask, b.view(np.uint64) & mask
    return Values(-np.asarray(COMPARISONS[predicate](a, b)).astype(np.int32), -1, 0)


def select(op: arith.SelectOp, operands: Operands) -> Values:
    """The second operand where the condition holds, else the third."""
    condition, yes, no = operands
    low, high = min(yes.low, no.low), max(yes.high, no.high)
    return Values(np.where(condition.array != 0, yes.widened(low, high), no.widened(low, high)), low, high)


def constant(op: arith.ConstantOp, operands: Operands) -> Values:
    """One integer; an i1 true is -1."""
    assert isinstance(op.value, IntegerAttr)
    value = op.value.value.data
    least, greatest = limits(op.result.type)
    if value > greatest:
        value += 2 * least
    return Values(np.asarray(value, container(value, value)), value, value)


def same(op: Operation, operands: Operands) -> Values:
    """The value in another type."""
    return operands[0]


def saturate(op: SaturateOp, operands: Operands) -> Values:
    """min(max(x, low), high)."""
    (x,), (low, high) = operands, op.bounds
    if low <= x.low and x.high <= high:
        return x
    array = np.minimum(np.maximum(x.widened(low, high), low), high)
    return Values(array, min(max(x.low, low), high), max(min(x.high, high), low))


def lookup(op: LookupOp, operands: Operands) -> Values:
    """table[index]; raises IntegerOverflow for an index outside the table."""
    table, index = operands
    if not index.within(0, table.array.size - 1):
        raise IntegerOverflow(f"{op.name}: an index outside [0, {table.array.size - 1}]")
    return Values(table.array[index.array.astype(np.intp, copy=False)], table.low, table.high)


SCALARS: Mapping[type[Operation], Scalar] = {
    arith.ConstantOp: constant,
    arith.AddiOp: binary(operator.add),
    arith.SubiOp: binary(operator.sub),
    arith.MuliOp: binary(operator.mul),
    arith.MaxSIOp: binary(np.maximum, max),
    arith.MinSIOp: binary(np.minimum, min),
    arith.AndIOp: bit_and,
    arith.OrIOp: bits_of(operator.or_),
    arith.XOrIOp: bits_of(operator.xor),
    arith.ShLIOp: shift_left,
    arith.ShRSIOp: shift_right,
    arith.DivSIOp: divide,
    arith.CmpiOp: compare,
    arith.SelectOp: select,
    arith.ExtSIOp: same,
    arith.TruncIOp: same,
    RescaleOp: rescale,
    SaturateOp: saturate,
    LookupOp: lookup,
    ExponentOp: exponent,
    ExtendOp: same,
    MantissaOp: mantissa,
}


def evaluate_body(block: Block, arguments: Sequence[Values], node: str) -> Values:
    """The value that a body yields for its arguments (arrays that broadcast together).

    Raises IntegerOverflow, naming the node and the op, where a result does not fit its type; NotImplementedError for
    an op that has no meaning here.
    """
    values: dict[SSAValue, Values] = dict(zip(block.args, arguments, strict=True))
    for op in block.ops:
        operands = [values[operand] for operand in op.operands]
        if isinstance(op, YieldOp):
            return operands[0]
        scalar = SCALARS.get(type(op))
        if scalar is None:
            raise NotImplementedError(f"node `{node}`: `{op.name}` is not a scalar op of a body")
        try:
            value = scalar(op, operands)
            least, greatest = limits(op.results[0].type)
            if not value.within(least, greatest):
                raise IntegerOverflow(f"{op.name}: a result leaves {op.results[0].type}")
        except IntegerOverflow as error:
            raise IntegerOverflow(f"node `{node}`: {error}") from None
        values[op.results[0]] = Values(value.array, max(value.low, least), min(value.high, greatest))
    raise ValueError(f"node `{node}`: the body does not yield")
