"""Bodies that vectors compute: a sum, with its bias, becomes a number of 8 bits by a multiplier and one shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, i8, i32
from xdsl.ir import BlockArgument, SSAValue

from ....dialects.access import linear_map
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import ContractOp
from ....dialects.fixed.scalar import RescaleOp, SaturateOp, YieldOp
from ....dialects.fixed.structured import scalar_type, shaped_type
from ....dialects.fixed.types import Rounding
from ...fixed.fold_zero_points import added_bias, bias_of
from .lifts import Lift
from .roles import Roles

WORD = 32

LONGEST = 31
"""The longest shift of a word."""

LARGEST = 1 << 30
"""What a high word of a product takes as an addend without leaving 32 bits."""


@dataclass(frozen=True)
class Requantized:
    """`clamp(high word of ((sum + bias) * multiplier) + addend >> shift, low, high)`; params are numbers of params.

    Without a shift the high word is rounded: `(product + 2^31) >> 32`.
    """

    roles: Roles
    bias: int | None
    multiplier: int
    shift: int
    addend: int
    low: int
    high: int

    @staticmethod
    def of(roles: Roles, lift: Lift | None = None) -> Requantized | None:
        """The body of a form with these roles, behind what lifts its sums; None for any other body."""
        form, bias = roles.form, added_bias(roles.form)
        ops = [op for op in form.body.block.ops if not isinstance(op, arith.ConstantOp)]
        value: SSAValue = form.body.block.args[0]
        if bias is not None:
            value, ops = ops[0].results[0], ops[1:]
        if lift is not None:
            value, ops = lift.lifted, [op for op in ops if op not in lift.ops]
        match ops:
            case [RescaleOp() as rescale, arith.AddiOp() as zero, SaturateOp() as saturate, YieldOp() as last]:
                added = [known(operand) for operand in zero.operands if operand is not rescale.result]
                steps = zero.operands[0] is rescale.result and saturate.value is zero.result
            case [RescaleOp() as rescale, SaturateOp() as saturate, YieldOp() as last]:
                added, steps = [0], saturate.value is rescale.result
            case _:
                return None
        multiplier = param_number(form, rescale.multiplier)
        shift = rescale.shift.value.data - WORD
        if not steps or len(added) != 1 or added[0] is None or multiplier is None or rescale.value is not value:
            return None
        if (
            rescale.rounding.data is not Rounding.HALF_UP
            or not 0 <= shift <= LONGEST
            or last.values[0] != saturate.result
        ):
            return None
        if scalar_type(shaped_type(form.target).element_type) != i8 or rescale.result.type != i32:
            return None
        addend = (1 << shift - 1 if shift else 0) + (added[0] << shift)
        return Requantized(roles, bias, multiplier, shift, addend, *saturate.bounds) if abs(addend) < LARGEST else None

    def table(self, order: NDArray[np.int64] | None = None) -> NDArray[np.int32]:
        """What is added to sums, and multipliers: shape (2, channels), in groups of an order where there is one.

        The channels of a last group of four are filled up with zeros.
        """
        (dim,) = self.roles.channels or self.roles.both
        count = self.roles.form.sizes[dim]
        found = np.zeros((2, -(-count // 4) * 4), np.int32)
        found[0, :count] = self.roles.start(self.bias)
        found[1, :count] = bias_of(self.roles.form, self.multiplier).reshape(-1).astype(np.int32)
        return found if order is None else found.reshape(2, -1, len(order))[:, :, order].reshape(2, -1)


def known(value: SSAValue) -> int | None:
    """The number, where it is a constant."""
    op = value.owner
    return op.value.value.data if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr) else None


def param_number(form: ContractOp, value: SSAValue | None) -> int | None:
    """The number of a param of constant words that only channels move."""
    if not isinstance(value, BlockArgument) or not 0 < value.index <= len(form.params):
        return None
    number = value.index - 1
    param, roles = form.params[number], Roles.of(form)
    if roles is None or not isinstance(param.owner, ConstantOp) or value.type != i32:
        return None
    used = {dim for index in linear_map(form.param_maps[number]) for dim, step in enumerate(index.coefficients) if step}
    return number if used <= set(roles.channels or roles.both) else None
