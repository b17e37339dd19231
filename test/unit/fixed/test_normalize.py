"""`fixed.exponent` and `fixed.mantissa` against Python's integers, and what is built of them against real numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType, i32, i64
from xdsl.ir import Attribute, Block

from tinyml_opt.dialects.dense import to_numpy
from tinyml_opt.dialects.fixed import ConstantOp
from tinyml_opt.dialects.fixed.normalize import ExponentOp, MantissaOp
from tinyml_opt.dialects.fixed.scalar import YieldOp
from tinyml_opt.lowering.onnx_to_fixed import roots
from tinyml_opt.lowering.onnx_to_fixed.bodies import Body
from tinyml_opt.lowering.onnx_to_fixed.builder import FixedBuilder
from tinyml_opt.passes.fixed.intervals.ranges import Range
from tinyml_opt.passes.fixed.intervals.scalars import SCALARS, Leaves
from tinyml_opt.targets.executors.scalars import evaluate_body
from tinyml_opt.targets.executors.values import IntegerOverflow, Values

POSITIVE = st.integers(1, 62).flatmap(lambda bits: st.integers(1 << bits - 1, (1 << bits) - 1))


def run(block: Block, *arguments: list[int]) -> list[int]:
    """What a body yields for arrays of arguments."""
    values = [Values.measured(np.asarray(a, np.int64)) for a in arguments]
    return np.atleast_1d(evaluate_body(block, values, "n").array).tolist()


def exponents(x: int, step: int) -> int:
    """By the words of the definition."""
    e = 0
    while x >= 1 << e:
        e += step
    return e


@given(st.lists(POSITIVE | st.just(0), min_size=1), st.sampled_from([1, 2]))
def test_exponents_and_mantissas(xs: list[int], step: int):
    block = Block(arg_types=[i64])
    op = ExponentOp(block.args[0], step, i32)
    block.add_ops([op, YieldOp(op.result)])
    assert run(block, xs) == [exponents(x, step) for x in xs]
    block = Block(arg_types=[i64])
    op = MantissaOp(block.args[0], 31, step, i32)
    block.add_ops([op, YieldOp(op.result)])
    expected = [(x << 31) >> exponents(x, step) for x in xs]
    assert run(block, xs) == expected


@given(POSITIVE, POSITIVE, st.sampled_from([1, 2]))
def test_intervals_hold_what_they_should(a: int, b: int, step: int):
    low, high = min(a, b), max(a, b)
    block = Block(arg_types=[i64])
    for op in (ExponentOp(block.args[0], step, i32), MantissaOp(block.args[0], 20, step, i32)):
        range = SCALARS[type(op)](op, [Range.of(low, high)])
        for x in (low, (low + high) // 2, high):
            e = exponents(x, step)
            value = e if isinstance(op, ExponentOp) else (x << 20) >> e
            assert range.least <= value <= range.greatest


@pytest.mark.parametrize("cls", [ExponentOp, MantissaOp])
def test_negative_operands_are_refused(cls: type[ExponentOp] | type[MantissaOp]):
    block = Block(arg_types=[i64])
    (x,) = block.args
    op = ExponentOp(x, 1, i32) if cls is ExponentOp else MantissaOp(x, 31, 1, i32)
    block.add_ops([op, YieldOp(op.result)])
    with pytest.raises(IntegerOverflow, match="outside"):
        run(block, [-1])
    with pytest.raises(Leaves, match="outside"):
        SCALARS[cls](op, [Range.of(-1, 5)])


def tables() -> tuple[NDArray[Any], NDArray[Any]]:
    """The numbers of the tables of roots and logarithms."""
    builder = FixedBuilder(Block())
    owners = [table.owner for table in (roots.root_table(builder, "n"), roots.log_table(builder, "n"))]
    first, second = (to_numpy(owner.value) for owner in owners if isinstance(owner, ConstantOp))
    return first, second


@given(st.lists(POSITIVE, min_size=1))
def test_roots_and_logarithms(xs: list[int]):
    """Within 2^-25 of an inverse root, 2^-18 of a logarithm."""
    root_table, log_table = tables()
    types: list[Attribute] = [i64, TensorType(IntegerType(32), [len(root_table)])]
    body = Body(types)
    value, table = body.arguments
    body.finish(roots.inverse_root(body, roots.mantissa(body, value, 2), table))
    for x, found in zip(xs, run(body.block, xs, root_table.tolist()), strict=True):
        exact = 2.0 ** (roots.ROOT_BITS + exponents(x, 2) / 2) / math.sqrt(x)
        assert abs(found / exact - 1) < 2.0**-25
    body = Body([i64, TensorType(IntegerType(32), [len(log_table)])])
    value, table = body.arguments
    body.finish(roots.logarithm(body, value, table))
    for x, found in zip(xs, run(body.block, xs, log_table.tolist()), strict=True):
        assert abs(found * 2.0**-roots.LOG_BITS - math.log(x)) < 2.0**-18
