"""`fixed-fold-zero-points`: the input's zero point leaves the loop of a contraction and becomes part of its bias.

    sum((x - zx) * (w - zw)) + b  =  sum(x * (w - zw)) + (b - zx * sum(w - zw))

Jacob et al. (CVPR 2018), equation 7, for weights that are known. A padded contraction keeps its zero point: outside the
tensor an element contributes nothing, which is not what x = 0 would contribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, IntegerType, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.dense import from_numpy, to_numpy
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.structured import segments
from ...dialects.fixed.types import IntsAttr, storage_limits
from ...targets.executors.views import accessed, used_sizes
from .constants import insert_constant
from .intervals.analysis import Analysis, is_tensor_function
from .intervals.combine import contraction

Array = NDArray[Any]


@dataclass(frozen=True)
class FoldZeroPointsPass(ModulePass):
    """Fold the input's zero point into the bias of every contraction that is not padded and whose weights are known.

    Not where the sums without it, or the new bias, would leave the accumulator's type, nor where a dimension is held at
    an index: the bias would be as many numbers more.
    """

    name = "fixed-fold-zero-points"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_tensor_function(function):
                forms = [op for op in function.walk() if isinstance(op, ContractOp) and may_fold(op)]
                analysis = Analysis(function) if forms else None
                for form in forms:
                    assert analysis is not None
                    fold(form, analysis)


def may_fold(form: ContractOp) -> bool:
    """Whether the first operand has a zero point that known weights meet everywhere."""
    known = isinstance(form.ins[1].owner, ConstantOp)
    return form.zero_points.data[0] != 0 and known and not form.is_padded(0) and not form.held_dims


def fold(form: ContractOp, analysis: Analysis) -> None:
    """Fold the zero point of a contraction's first operand, where numbers stay in their types."""
    zero_x, zero_w = form.zero_points.data
    weights = form.ins[1].owner
    assert isinstance(weights, ConstantOp)
    old = form.zero_points
    form.properties["zero_points"] = IntsAttr((0, zero_w))
    limits = storage_limits(form.acc)
    partial = contraction(form, analysis.tensors[form.ins[0]], analysis.tensors[form.ins[1]]).partial
    known = added_bias(form)
    bias = -zero_x * sums_of(form, to_numpy(weights.value), zero_w)
    if known is not None:
        bias = bias + bias_of(form, known)
    if not partial.within(*limits) or bias.min() < limits[0] or bias.max() > limits[1]:
        form.properties["zero_points"] = old
        return
    set_bias(form, known, bias)


def sums_of(form: ContractOp, weights: Array, zero_point: int) -> Array:
    """The sum of `w - zero_point` at each point of the parallel domain, 1 long where the weights do not vary."""
    access, parallel = form.in_maps[1], len(form.domain.parallel.data)
    sizes = (*used_sizes(access, form.sizes)[:parallel], *form.domain.reduction.data)
    view = accessed(weights.astype(np.int64)[None] - zero_point, access, sizes)[0]
    return view.sum(axis=tuple(range(parallel, view.ndim)))


def added_bias(form: ContractOp) -> int | None:
    """The number of the param that the body adds to the accumulator first, used for nothing else, if it is known."""
    acc, first = form.body.block.args[0], form.body.block.first_op
    if not isinstance(first, arith.AddiOp) or acc not in first.operands or not acc.has_one_use():
        return None
    (other,) = [operand for operand in first.operands if operand is not acc] or [acc]
    if not isinstance(other, BlockArgument) or not other.has_one_use() or not 0 < other.index <= len(form.params):
        return None
    return other.index - 1 if isinstance(form.params[other.index - 1].owner, ConstantOp) else None


def bias_of(form: ContractOp, number: int) -> Array:
    """A param at each point of the parallel domain, 1 long where it does not vary."""
    constant, access = form.params[number].owner, form.param_maps[number]
    assert isinstance(constant, ConstantOp)
    parallel = len(form.domain.parallel.data)
    view = accessed(to_numpy(constant.value).astype(np.int64)[None], access, used_sizes(access, form.sizes))[0]
    return view.reshape(view.shape[:parallel])


def set_bias(form: ContractOp, number: int | None, bias: Array) -> None:
    """Make this bias, over the parallel domain, the param of that number, or a new one that the body adds first."""
    dims = [d for d, size in enumerate(bias.shape) if size > 1] or [0]
    values = bias.reshape([bias.shape[d] for d in dims])
    access = AffineMap(len(form.sizes), 0, tuple(AffineExpr.dimension(d) for d in dims))
    if values.size == 1:
        access = AffineMap(len(form.sizes), 0, (AffineExpr.constant(0),))
    type = form.acc
    name = None if form.node is None else f"{form.node.data}_bias"
    constant = ConstantOp(from_numpy(values, type), TensorType(type, values.shape), name)
    insert_constant(constant, form)
    maps = list(form.maps.data)
    if number is not None:
        operands = list(form.operands)
        old = operands[len(form.ins) + number].owner
        operands[len(form.ins) + number] = constant.result
        form.operands = operands
        maps[len(form.ins) + number] = AffineMapAttr(access)
        form.properties["maps"] = ArrayAttr(maps)
        assert isinstance(old, ConstantOp)
        if not old.result.uses.get_length():
            Rewriter.erase_op(old)
        return
    tables, indices = list(form.tables), list(form.indices)
    form.operands = [*form.ins, constant.result, *form.params, *tables, *indices]
    form.properties["operandSegmentSizes"] = segments(len(form.ins), len(maps) - 2, len(tables), 0, len(indices))
    maps.insert(2, AffineMapAttr(access))
    form.properties["maps"] = ArrayAttr(maps)
    add_first(form, type)


def add_first(form: ContractOp, type: IntegerType) -> None:
    """A new first argument after the accumulator, which the body adds to it before all else."""
    block = form.body.block
    acc, first = block.args[0], block.first_op
    assert first is not None, "verified: a body yields"
    argument = block.insert_arg(type, 1)
    total = arith.AddiOp(acc, argument)
    acc.replace_uses_with_if(total.result, lambda use: use.operation is not total)
    Rewriter.insert_op(total, InsertPoint.before(first))
