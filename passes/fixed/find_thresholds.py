"""`fixed-find-thresholds`: a body that makes one of two numbers of a sum compares the sum itself.

    0 <= round(acc * m / 2^s)  ->  T <= acc

A comparison of a layer's result with a constant needs no change of scale: the least sum at which it holds is found by
computing the body for every sum that interval analysis leaves possible, which proves that there is no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ...dialects.dense import dtype_of
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.scalar import YieldOp
from ...targets.executors.scalars import evaluate_body
from ...targets.executors.values import Values
from .intervals.analysis import Analysis, FormRanges, is_tensor_function

MOST_SUMS = 1 << 20
"""So many sums are looked at; where there may be more the body stays."""

MOST_RESULTS = 255
"""So far apart may be what a body yields."""


@dataclass(frozen=True)
class FindThresholdsPass(ModulePass):
    """Write bodies of sums that yield one of two numbers, the second from some sum on, as one comparison."""

    name = "fixed-find-thresholds"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_tensor_function(function):
                for form, ranges in Analysis(function).forms.items():
                    if isinstance(form, ContractOp) and decides(form, ranges):
                        compare(form, ranges)


def decides(form: ContractOp, ranges: FormRanges) -> bool:
    """Whether a body of a sum alone makes few numbers of it, by way of a comparison."""
    ops = list(form.body.block.ops)
    last = ops[-1]
    assert isinstance(last, YieldOp)
    result = ranges.values[last.values[0]]
    compares = any(isinstance(op, arith.CmpiOp) for op in ops)
    return not form.params and not form.tables and compares and result.greatest - result.least <= MOST_RESULTS


def compare(form: ContractOp, ranges: FormRanges) -> None:
    """Replace a body where its results change at most once over all sums."""
    acc, old = form.body.block.args[0], form.body.block
    low, high = ranges.values[acc].least, ranges.values[acc].greatest
    if high - low >= MOST_SUMS:
        return
    assert isinstance(acc.type, IntegerType)
    sums = np.arange(low, high + 1).astype(dtype_of(acc.type))
    node = form.name if form.node is None else form.node.data
    results = np.broadcast_to(evaluate_body(old, [Values.measured(sums)], node).array, sums.shape)
    changes = np.flatnonzero(results[1:] != results[:-1])
    if len(changes) > 1:
        return
    block = Block(arg_types=[acc.type])
    last = old.last_op
    assert isinstance(last, YieldOp)
    type = last.values[0].type
    assert isinstance(type, IntegerType)

    def emit(op: Operation) -> SSAValue:
        block.add_op(op)
        return op.results[0]

    def number(value: int, type: IntegerType) -> SSAValue:
        return emit(arith.ConstantOp(IntegerAttr(value, type)))

    result = number(int(results[-1]), type)
    if len(changes):
        threshold = number(int(sums[changes[0] + 1]), acc.type)
        reached = emit(arith.CmpiOp(threshold, block.args[0], "sle"))
        result = emit(arith.SelectOp(reached, result, number(int(results[0]), type)))
    block.add_op(YieldOp(result))
    form.detach_region(form.body)
    form.add_region(Region(block))
