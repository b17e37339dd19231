"""Sums and extremes over all rows of an input, taken apart so that they can take it row by row."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Region
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.access import Linear, from_linear, linear_map
from ...dialects.fixed.forms import MapOp, ReduceOp
from ...dialects.fixed.scalar import YieldOp
from ...dialects.fixed.structured import scalar_type, shaped_type
from ...dialects.fixed.types import DomainAttr, Reduction, storage_limits
from ...dialects.memplan import BufferOp, accumulates
from ...dialects.memplan.slices import slice_dimension


@dataclass(frozen=True)
class SplitReductionsPass(ModulePass):
    """Split each reduction over the rows of its input into one that only accumulates, and a map that finishes.

    The accumulators get a buffer of their own, in 8, 16 or 32 bits, whichever holds all sums. `memplan-stream` can then
    run the reduction slice by slice: a global pool needs its input one row at a time.
    """

    name = "memplan-split-reductions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp):
                for form in [op for op in function.body.block.ops if isinstance(op, ReduceOp)]:
                    along = slice_dimension(form) if form.outs is not None else None
                    if along is not None and along >= len(form.domain.parallel.data) and not accumulates(form):
                        split(form)


WIDTHS = (8, 16, 32)
"""Of partial results in memory."""


def split(form: ReduceOp) -> None:
    """Replace a reduction on memrefs by an accumulation and a map of its body."""
    parallel = form.domain.parallel.data
    acc = accumulator(form)
    node = None if form.node is None else form.node.data
    buffer = BufferOp(MemRefType(acc, parallel), None if node is None else f"{node}_sum")
    each = AffineMap(len(form.sizes), 0, AffineMap.identity(len(parallel)).results)
    block = Block(arg_types=[acc])
    block.add_op(YieldOp(block.args[0]))
    partial = ReduceOp(
        form.kind.data,
        form.ins,
        buffer.result,
        form.domain,
        [*form.in_maps, each],
        Region(block),
        acc,
        form.zero_point.data[0],
        node=None if node is None else f"{node}_sum",
    )
    maps = [
        AffineMap.identity(len(parallel)),
        *(on_parallel(m, len(parallel)) for m in (*form.param_maps, form.out_map)),
    ]
    body = form.detach_region(form.body)
    widen(body.block, acc, form.acc)
    finish = MapOp(
        [buffer.result],
        form.target,
        DomainAttr(parallel),
        maps,
        body,
        form.params,
        form.tables,
        node,
    )
    Rewriter.insert_op([buffer, partial, finish], InsertPoint.before(form))
    Rewriter.erase_op(form)


def accumulator(form: ReduceOp) -> IntegerType:
    """The narrowest of 8, 16 and 32 bits that holds every partial result, if that is narrower than the form's own.

    Or if the form's own is one that memory does not hold.
    """
    low, high = storage_limits(scalar_type(shaped_type(form.ins[0]).element_type))
    if form.kind.data is Reduction.SUM:
        count = 1
        for size in form.domain.reduction.data:
            count *= size
        zero_point = form.zero_point.data[0]
        low, high = min(0, count * (low - zero_point)), max(0, count * (high - zero_point))
    for bits in WIDTHS:
        least, greatest = storage_limits(IntegerType(bits))
        if least <= low and high <= greatest and (bits < form.acc.width.data or form.acc.width.data not in WIDTHS):
            return IntegerType(bits)
    return form.acc


def widen(block: Block, narrow: IntegerType, wide: IntegerType) -> None:
    """Give the first argument of a body another type; the body goes on in the one that it had."""
    argument = block.args[0]
    if narrow == wide:
        return
    new = block.insert_arg(narrow, 0)
    convert = arith.ExtSIOp if narrow.width.data < wide.width.data else arith.TruncIOp
    extended = convert(new, wide)
    first = block.first_op
    assert first is not None, "a body ends in fixed.yield"
    block.insert_op_before(extended, first)
    argument.replace_all_uses_with(extended.result)
    block.erase_arg(argument)


def on_parallel(access: AffineMap, parallel: int) -> AffineMap:
    """An access map that uses parallel dimensions only, over these alone."""
    return from_linear([Linear(r.coefficients[:parallel], r.offset) for r in linear_map(access)], parallel)
