"""`fixed-legalize-bitwidths`: changes of scale in products that the target computes well.

`convert-onnx-to-fixed` multiplies accumulators by 31-bit integers in 64 bits. On cores where such a product is a call
of hundreds of cycles this pass writes it as products of 32 bits (bitwidths/products.py), as exact as the result's steps
ask, from the bounds that interval analysis gives each channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue
from xdsl.passes import ModulePass

from ...dialects.dense import to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.scalar import RescaleOp, SaturateOp
from ...dialects.fixed.structured import StructuredForm
from ...dialects.fixed.types import Rounding
from .bitwidths.products import Scaling, plan
from .bitwidths.rescales import param_index, replace_product, replace_shift
from .bitwidths.storage import widen_storage
from .bitwidths.sums import shorten
from .bodies.uniform import fold_uniform
from .intervals.analysis import Analysis, FormRanges, is_tensor_function


@dataclass(frozen=True)
class LegalizeBitwidthsPass(ModulePass):
    """Write changes of scale in products of `product_bits`, 64 or, for 8-bit cores, 32 or 16; store integers as C can.

    With 16 those of 8 by 8 bits, four at most, where results of 8 bits are exact enough then; others as with 32.

    With `storage` every quantized type has 8, 16 or 32 bits. Inputs of other widths are the caller's: their integers
    must be of that width.
    """

    name = "fixed-legalize-bitwidths"
    product_bits: int = 64
    storage: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.product_bits not in (16, 32, 64):
            raise UserError(f"{self.name}: product-bits is 16, 32 or 64, got {self.product_bits}")
        for function in op.ops:
            if not isinstance(function, FuncOp) or not is_tensor_function(function):
                continue
            if self.product_bits < 64:
                fold_uniform(function)
                for form, ranges in Analysis(function).forms.items():
                    for rescale in sums(form):
                        shorten(rescale, ranges, self.product_bits // 2)
            if self.product_bits == 16:
                rewrite(function, 8)
            if self.product_bits < 64:
                rewrite(function, 16)
            if self.storage:
                widen_storage(function)


def rewrite(function: FuncOp, word: int) -> None:
    """Write the changes of scale of a function in products of two words, where a way is found."""
    for form, ranges in Analysis(function).forms.items():
        for rescale in wide_rescales(form):
            legalize(form, ranges, rescale, word)


def sums(form: StructuredForm) -> list[RescaleOp]:
    """The rescales of a form that only shift, and round half up."""
    rescales = [op for op in form.body.block.ops if isinstance(op, RescaleOp)]
    return [op for op in rescales if op.multiplier is None and op.rounding.data is Rounding.HALF_UP]


def wide_rescales(form: StructuredForm) -> Iterator[RescaleOp]:
    """The rescales of a form whose products of 32-bit values have 64 bits, and that round half up."""
    for op in list(form.body.block.ops):
        if isinstance(op, RescaleOp) and op.product.width.data == 64 and op.rounding.data is Rounding.HALF_UP:
            values = [*op.operands, op.result]
            if all(isinstance(value.type, IntegerType) and value.type.width.data <= 32 for value in values):
                yield op


def legalize(form: StructuredForm, ranges: FormRanges, op: RescaleOp, word: int) -> None:
    """Replace one rescale where a way in two words is found; one that only shifts is written in 32 bits."""
    value, multiplier = ranges.values[op.value], op.multiplier
    bound = np.maximum(abs(value.low), abs(value.high))
    most = int(bound.max())
    if most >= 1 << 31:
        return
    if multiplier is None:
        if op.shift.value.data < 32:
            replace_shift(op, most)
    elif is_known(form, multiplier):
        multipliers, bounds = np.broadcast_arrays(ranges.values[multiplier].low, bound)
        found = plan(Scaling(multipliers.astype(np.int64), op.shift.value.data, bounds, reach(op.result), word))
        if found is not None:
            replace_product(form, op, found, most, word)


def is_known(form: StructuredForm, multiplier: SSAValue) -> bool:
    """Whether a multiplier is a positive constant, or an element of one that the body reads once."""
    if isinstance(multiplier.owner, arith.ConstantOp):
        assert isinstance(multiplier.owner.value, IntegerAttr)
        return multiplier.owner.value.value.data > 0
    if not isinstance(multiplier, BlockArgument) or not multiplier.has_one_use():
        return False
    index = param_index(form, multiplier)
    constant = form.params[index].owner if 0 <= index < len(form.params) else None
    return isinstance(constant, ConstantOp) and int(to_numpy(constant.value).min()) >= 0


def reach(result: SSAValue) -> float:
    """Beyond this magnitude a clamp behind makes one number of all; infinite where there is none."""
    offset = 0
    while len(users := list(result.uses)) == 1:
        user = users[0].operation
        if isinstance(user, SaturateOp):
            return float(max(abs(bound - offset) for bound in user.bounds))
        other = user.operands[1 - users[0].index] if isinstance(user, arith.AddiOp) else None
        if other is None or not isinstance(other.owner, arith.ConstantOp):
            break
        assert isinstance(other.owner.value, IntegerAttr)
        offset, result = offset + other.owner.value.value.data, user.results[0]
    return float("inf")
