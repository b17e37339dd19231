"""`fixed-shorten-biases`: a bias is added behind the shift that narrows an accumulator, where it needs fewer bytes.

    round((acc + b) / 2^s) * m  ->  (round(acc / 2^s) + round(b / 2^s)) * m

The bias loses what is below a unit of the narrowed accumulator, of which the result's steps have several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects.dense import from_numpy, to_numpy
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.scalar import ExtendOp, RescaleOp
from ...dialects.fixed.types import Rounding
from .bitwidths.rescales import param_index
from .bodies.narrowing import BYTES, width_of
from .constants import insert_constant
from .intervals.analysis import is_tensor_function

TOLERATED = 0.25
"""Of a bias so much of the result's steps may be lost: a shift that never varies, half of what rounding may do."""


@dataclass(frozen=True)
class Bias:
    """The sum of an accumulator and a constant `param`, shifted by `narrowing`, times `product`'s multiplier."""

    param: BlockArgument
    total: arith.AddiOp
    narrowing: RescaleOp
    product: RescaleOp


@dataclass(frozen=True)
class ShortenBiasesPass(ModulePass):
    """Store biases in 8 or 16 bits where a shift of the accumulator leaves no more of them that counts.

    At most a quarter of a step of the result is lost, by the actual numbers of each channel. For 8-bit cores, where
    flash is short and a sum of two bytes is cheaper than one of three.
    """

    name = "fixed-shorten-biases"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in op.ops:
            if isinstance(function, FuncOp) and is_tensor_function(function):
                for form in list(function.walk()):
                    if isinstance(form, ContractOp) and (bias := bias_of(form)) is not None:
                        shorten(form, bias)


def bias_of(form: ContractOp) -> Bias | None:
    """The bias of a form whose body begins as the module says; None for others."""
    acc = only_reader(form.body.block.args[0])
    acc = only_reader(acc.result) if isinstance(acc, ExtendOp) else acc
    if not isinstance(acc, arith.AddiOp) or not isinstance(narrowing := only_reader(acc.result), RescaleOp):
        return None
    product = only_reader(narrowing.result)
    if not isinstance(product, RescaleOp) or product.multiplier is None or product.value is not narrowing.result:
        return None
    halves_up = {narrowing.rounding.data, product.rounding.data} == {Rounding.HALF_UP}
    params = [v for v in acc.operands if is_known(form, v)]
    if not halves_up or narrowing.multiplier is not None or len(params) != 1:
        return None
    (param,) = params
    assert isinstance(param, BlockArgument)
    return Bias(param, acc, narrowing, product)


def only_reader(value: SSAValue) -> object:
    """The op that reads a value, where it is one; None where several do."""
    return next(iter(value.uses)).operation if value.has_one_use() else None


def is_known(form: ContractOp, value: SSAValue) -> bool:
    """Whether a value of a body is an element of a constant, used once."""
    if not isinstance(value, BlockArgument) or not value.has_one_use():
        return False
    index = param_index(form, value)
    return 0 <= index < len(form.params) and isinstance(form.params[index].owner, ConstantOp)


def shorten(form: ContractOp, bias: Bias) -> None:
    """Write a body's bias behind its shift, where its constant gets narrower and not much is lost."""
    index, shift = param_index(form, bias.param), bias.narrowing.shift.value.data
    constant = form.params[index].owner
    assert isinstance(constant, ConstantOp)
    old = to_numpy(constant.value).astype(np.int64)
    new = (old + (1 << shift >> 1)) >> shift
    factors = factors_of(form, bias.product)
    if factors is None or not narrower(new, old):
        return
    lost = np.abs(new - old / 2.0**shift).max() * factors.max()
    if lost > TOLERATED:
        return
    type = bias.total.result.type
    assert isinstance(type, IntegerType)
    stored = width_of((int(new.min()), int(new.max())), BYTES.all)
    node = None if constant.node is None else constant.node.data
    replacement = ConstantOp(from_numpy(new, stored), TensorType(stored, new.shape), node)
    insert_constant(replacement, form)
    form.operands[len(form.ins) + index] = replacement.result
    move_behind(form, bias, stored)
    if not constant.result.uses.get_length():
        Rewriter.erase_op(constant)


def narrower(new: NDArray[Any], old: NDArray[Any]) -> bool:
    """Whether integers are stored in fewer bytes than others."""
    widths = [width_of((int(values.min()), int(values.max())), BYTES.all).width.data for values in (new, old)]
    return widths[0] < widths[1]


def factors_of(form: ContractOp, product: RescaleOp) -> NDArray[np.float64] | None:
    """How many steps of the result a unit of the narrowed accumulator is, per channel; None where it is not known."""
    multiplier = product.multiplier
    while multiplier is not None and isinstance(multiplier.owner, ExtendOp):
        multiplier = multiplier.owner.value
    if multiplier is None:
        return None
    if isinstance(multiplier.owner, arith.ConstantOp) and isinstance(multiplier.owner.value, IntegerAttr):
        integers = np.array([multiplier.owner.value.value.data])
    elif isinstance(multiplier, BlockArgument) and is_known(form, multiplier):
        constant = form.params[param_index(form, multiplier)].owner
        assert isinstance(constant, ConstantOp)
        integers = to_numpy(constant.value)
    else:
        return None
    return np.abs(integers.astype(np.float64)) * 2.0**-product.shift.value.data


def move_behind(form: ContractOp, bias: Bias, stored: IntegerType) -> None:
    """Add the argument that a body reads, of a narrower type now, to what the shift leaves."""
    argument = form.body.block.insert_arg(stored, bias.param.index)
    (acc,) = [v for v in bias.total.operands if v is not bias.param]
    narrowed = RescaleOp(
        acc, bias.narrowing.shift.value.data, Rounding.HALF_UP, bias.narrowing.product, bias.narrowing.result.type
    )
    extended = ExtendOp(argument, bias.narrowing.result.type)
    total = arith.AddiOp(narrowed.result, extended.result)
    for op in (narrowed, extended, total):
        Rewriter.insert_op(op, InsertPoint.before(bias.narrowing))
    bias.narrowing.result.replace_all_uses_with(total.result)
    Rewriter.erase_op(bias.narrowing)
    Rewriter.erase_op(bias.total)
    form.body.block.erase_arg(bias.param)
