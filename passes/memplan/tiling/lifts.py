"""Shifts of sums that packed weights take over.

Where multipliers of channels are far apart a body shifts sums to the left before it multiplies them, by a number for
each channel: `(sum + bias) << n`. Modulo 2^32 that is the sum with weights, and a bias, that are shifted themselves,
which halves have room for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.ir import BlockArgument, Operation, SSAValue

from ....dialects.access import linear_map
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.scalar import ExtendOp
from ...fixed.fold_zero_points import added_bias, bias_of
from .roles import Roles


@dataclass(frozen=True)
class Lift:
    """The ops of a body that shift sums, the last one the shift, the number of the param that says how far, and how far
    for each channel.
    """

    ops: tuple[Operation, ...]
    param: int
    amounts: NDArray[np.int64]

    @staticmethod
    def of(roles: Roles) -> Lift | None:
        """The shift of a form's sums; None where there is none, or weights of 16 bits have no room for it."""
        form, body, channels = roles.form, roles.form.body.block, roles.channels or roles.both
        ops = [op for op in body.ops if not isinstance(op, arith.ConstantOp)]
        value: SSAValue = body.args[0]
        if added_bias(form) is not None:
            value, ops = ops[0].results[0], ops[1:]
        match ops:
            case [ExtendOp() as extend, arith.ShLIOp() as shift, *_] if (
                shift.rhs is extend.result and extend.result.has_one_use()
            ):
                found, amount = (extend, shift), extend.value
            case [arith.ShLIOp() as shift, *_]:
                found, amount = (shift,), shift.rhs
            case _:
                return None
        if shift.lhs is not value or not value.has_one_use() or not amount.has_one_use() or len(channels) != 1:
            return None
        if not isinstance(amount, BlockArgument) or not 0 < amount.index <= len(form.params):
            return None
        number = amount.index - 1
        moving = {d for r in linear_map(form.param_maps[number]) for d, step in enumerate(r.coefficients) if step}
        if not isinstance(form.params[number].owner, ConstantOp) or not moving <= set(channels):
            return None
        amounts = np.broadcast_to(bias_of(form, number).reshape(-1), form.sizes[channels[0]])
        weights = roles.weights((*channels, *roles.taps)).reshape(len(amounts), -1)
        limit = (1 << 15) - 1
        if amounts.min() < 0 or amounts.max() > 15 or (np.abs(weights).max(axis=1) << amounts).max() > limit:
            return None
        return Lift(found, number, amounts)

    @property
    def lifted(self) -> SSAValue:
        """The sums, shifted."""
        return self.ops[-1].results[0]


def lifted(weights: NDArray[np.int64], amounts: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Weights whose first axis is that of channels, shifted by so much, where there is something to shift."""
    return weights if amounts is None else weights << amounts.reshape(-1, *[1] * (weights.ndim - 1))
