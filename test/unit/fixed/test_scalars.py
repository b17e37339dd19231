"""The scalar ops against exact arithmetic on Python's fractions, and their refusal to overflow."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, TensorType, i1, i8, i16, i32, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue

from tinyml_opt.dialects.fixed.scalar import LookupOp, RescaleOp, SaturateOp, YieldOp
from tinyml_opt.dialects.fixed.types import Rounding
from tinyml_opt.targets.executors.scalars import evaluate_body
from tinyml_opt.targets.executors.values import IntegerOverflow, Values

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def run(types: list[Attribute], build: Callable[..., list[Operation]], *arguments: int | list[int]) -> list[int]:
    """Evaluate a body whose ops `build` makes from the block arguments and whose last op gives the result."""
    block = Block(arg_types=types)
    ops = build(*block.args)
    block.add_ops([*ops, YieldOp(ops[-1].results[0])])
    arrays = [np.asarray(a, np.int64) for a in arguments]
    return np.atleast_1d(evaluate_body(block, [Values.measured(a) for a in arrays], "n").array).tolist()


def exact(x: Fraction, mode: Rounding) -> int:
    """Round a fraction by the words of the mode's definition."""
    match mode:
        case Rounding.HALF_UP:
            return math.floor(x + Fraction(1, 2))
        case Rounding.HALF_EVEN:
            return round(x)
        case Rounding.HALF_AWAY:
            return int(math.copysign(math.floor(abs(x) + Fraction(1, 2)), x))
        case Rounding.TRUNCATE:
            return math.trunc(x)
        case _:
            return math.floor(x)


PLAIN_MODES = [m for m in Rounding if m is not Rounding.TFLITE]


@given(
    st.lists(st.integers(-(1 << 20), 1 << 20), min_size=1),
    st.integers(0, (1 << 31) - 1),
    st.integers(0, 52),
    st.sampled_from(PLAIN_MODES),
)
def test_rescale_rounds_the_exact_product(xs: list[int], multiplier: int, shift: int, mode: Rounding):
    def build(x: SSAValue, m: SSAValue) -> list[Operation]:
        return [RescaleOp(x, shift, mode, i64, i64, m)]

    expected = [exact(Fraction(x * multiplier, 1 << shift), mode) for x in xs]
    assert run([i32, i32], build, xs, multiplier) == expected


@given(st.lists(st.integers(-(1 << 29), 1 << 29), min_size=1), st.integers(0, 30), st.sampled_from(PLAIN_MODES))
def test_rounding_shift_in_32_bits(xs: list[int], shift: int, mode: Rounding):
    def build(x: SSAValue) -> list[Operation]:
        return [RescaleOp(x, shift, mode, i32, i32)]

    assert run([i32], build, xs) == [exact(Fraction(x, 1 << shift), mode) for x in xs]


def gemmlowp(x: int, multiplier: int, shift: int) -> int:
    """The two roundings in the words of gemmlowp's fixedpoint.h, on Python integers."""
    if x == multiplier == -(1 << 31):
        high = (1 << 31) - 1
    else:
        product = x * multiplier
        high = math.trunc(Fraction(product + ((1 << 30) if product >= 0 else 1 - (1 << 30)), 1 << 31))
    mask = (1 << shift) - 1
    return (high >> shift) + int(high & mask > (mask >> 1) + (high < 0))


@given(INT32, INT32, st.integers(31, 62))
def test_tflite_rounds_twice(x: int, multiplier: int, shift: int):
    def build(a: SSAValue, m: SSAValue) -> list[Operation]:
        return [RescaleOp(a, shift, Rounding.TFLITE, i64, i32, m)]

    assert run([i32, i32], build, [x], multiplier) == [gemmlowp(x, multiplier, shift - 31)]


def test_tflite_saturates_the_one_product_that_overflows():
    least = -(1 << 31)

    def build(a: SSAValue, m: SSAValue) -> list[Operation]:
        return [RescaleOp(a, 31, Rounding.TFLITE, i64, i32, m)]

    assert run([i32, i32], build, [least], least) == [(1 << 31) - 1]


BINARY: list[tuple[type[Operation], Callable[[int, int], int]]] = [
    (arith.AddiOp, lambda a, b: a + b),
    (arith.SubiOp, lambda a, b: a - b),
    (arith.MuliOp, lambda a, b: a * b),
    (arith.MaxSIOp, max),
    (arith.MinSIOp, min),
    (arith.AndIOp, lambda a, b: a & b),
    (arith.DivSIOp, lambda a, b: math.trunc(Fraction(a, b)) if b else 1 << 64),
    (arith.ShLIOp, lambda a, b: a << b if 0 <= b < 64 else 1 << 64),
    (arith.ShRSIOp, lambda a, b: a >> b if 0 <= b < 64 else 1 << 64),
]


@pytest.mark.parametrize(("op", "meaning"), BINARY, ids=lambda v: getattr(v, "name", ""))
@given(a=INT64 | INT32 | st.integers(-99, 99), b=INT64 | INT32 | st.integers(-3, 70))
def test_arith_is_exact_or_refused(op: type[Operation], meaning: Callable[[int, int], int], a: int, b: int):
    def build(x: SSAValue, y: SSAValue) -> list[Operation]:
        return [op(x, y)]  # pyright: ignore[reportCallIssue]

    expected = meaning(a, b)
    if -(1 << 63) <= expected < 1 << 63:
        assert run([i64, i64], build, [a], b) == [expected]
    else:
        with pytest.raises(IntegerOverflow, match=rf"node `n`: {op.name}"):
            run([i64, i64], build, [a], b)


@given(INT32, INT32)
def test_comparisons_and_select(a: int, b: int):
    mask = (1 << 32) - 1
    signed = [a == b, a != b, a < b, a <= b, a > b, a >= b]
    unsigned = [a & mask < b & mask, a & mask <= b & mask, a & mask > b & mask, a & mask >= b & mask]
    for predicate, expected in enumerate(signed + unsigned):

        def build(x: SSAValue, y: SSAValue, predicate: int = predicate) -> list[Operation]:
            condition = arith.CmpiOp(x, y, predicate)
            return [condition, arith.SelectOp(condition, x, y)]

        assert run([i32, i32], build, a, b) == [a if expected else b]


@given(INT32, st.integers(-128, 127), st.integers(-128, 127))
def test_saturate(x: int, a: int, b: int):
    low, high = min(a, b), max(a, b)

    def build(v: SSAValue) -> list[Operation]:
        return [SaturateOp(v, low, high, i8)]

    assert run([i32], build, [x]) == [min(max(x, low), high)]


def test_true_is_minus_one_and_extends_so():
    def build(x: SSAValue) -> list[Operation]:
        true = arith.ConstantOp.from_int_and_width(1, i1)
        return [true, arith.ExtSIOp(true.result, i32)]

    assert run([i32], build, 0) == [-1]


@pytest.mark.parametrize("index", [-1, 3])
def test_lookup_stays_in_the_table(index: int):
    types: list[Attribute] = [TensorType(i16, [3]), i32]

    def build(table: SSAValue, i: SSAValue) -> list[Operation]:
        return [LookupOp(table, i, i16)]

    assert run(types, build, [5, 6, 7], [2, 0]) == [7, 5]
    with pytest.raises(IntegerOverflow, match=r"fixed\.lookup: an index outside \[0, 2\]"):
        run(types, build, [5, 6, 7], [index])


def refused(x: int, op: Callable[[SSAValue], Operation], type: IntegerType) -> str:
    """The message with which a body of one op refuses x."""

    def build(v: SSAValue) -> list[Operation]:
        return [op(v)]

    with pytest.raises(IntegerOverflow) as caught:
        run([type], build, [0, x])
    return str(caught.value)


def test_what_does_not_fit_is_named():
    assert refused(128, lambda v: arith.TruncIOp(v, i8), i32) == "node `n`: arith.trunci: a result leaves i8"
    large = (1 << 31) - 1
    message = refused(large, lambda v: RescaleOp(v, 4, Rounding.HALF_UP, i32, i32), i32)
    assert message == "node `n`: fixed.rescale: the product, or what rounding adds to it, leaves i32"
    message = refused(large, lambda v: RescaleOp(v, 0, Rounding.FLOOR, i32, i32, v), i32)
    assert message == "node `n`: fixed.rescale: the product, or what rounding adds to it, leaves i32"
    message = refused(large, lambda v: RescaleOp(v, 4, Rounding.FLOOR, i32, i8), i32)
    assert message == "node `n`: fixed.rescale: a result leaves i8"
