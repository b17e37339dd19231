"""LRN: x times a power of a sum of squares across channels, from two tables: of its mantissa and of its exponent."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import TensorType, i32, i64
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.errors import UserError
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.types import DomainAttr, QType
from . import roots
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, shape_of
from .elementwise import name_of
from .rows import WIDEST, accumulator, reach_of

POWER_BITS = 30
"""Fractional bits of a factor, relative to the greatest."""

STEPS = 512
"""Pieces of the mantissas' table, linear between them: within 2^-19 for powers up to 2."""


def lower_lrn(builder: FixedBuilder, op: onnx.LRNOp) -> SSAValue:
    """`u * (bias + c Q)^-beta` with `c = alpha scale^2 / size`: `W = bias / c + Q`, whose power is the factor.

    Neighbours outside of the tensor contribute nothing.
    """
    x, y, shape, name = builder.type_of(op.x), builder.type_of(op.result), shape_of(op.x), name_of(op)
    before = min((op.neighbours - 1) // 2, shape[1] - 1)
    behind = min(op.neighbours // 2, shape[1] - 1)
    source = builder.value(op.x)
    power = Power(builder, op, x, reach_of(x) ** 2 * (before + behind + 1), name)
    rank = len(shape)
    d = dimensions(rank + 1)
    window = access(rank + 1, d[0], d[1] + d[rank] - before, *d[2:rank])
    place = access(rank + 1, *d[:rank])
    acc = accumulator(power.bound, name)
    body = Body([acc, x.storage, power.mantissas.type, power.exponents.type])
    total, element, mantissas, exponents = body.arguments
    factor = power.factor(body, body.extend(total, i64), mantissas, exponents)
    product = body.mul(body.offset(body.extend(element, i64), -x.zp), factor)
    scale = power.greatest * x.scale / y.scale * 2.0**-POWER_BITS
    value = roots.scaled_to(body, product, scale, reach_of(x) << POWER_BITS)
    return builder.emit(
        ContractOp(
            [source, source],
            TensorType(y, shape),
            DomainAttr(shape, (before + behind + 1,)),
            [window, window, place, place],
            body.finish(body.to_storage(value, y)),
            acc,
            (x.zp, x.zp),
            [source],
            [power.mantissas, power.exponents],
            node=name,
        )
    )


class Power:
    """`W^-beta` relative to the greatest, `(bias / c)^-beta`, for `W = bias / c + Q` with some fractional bits."""

    def __init__(self, builder: FixedBuilder, op: onnx.LRNOp, x: QType, bound: int, name: str):
        alpha, beta, bias = op.alpha.value.data, op.beta.value.data, op.bias.value.data
        unit = alpha * x.scale**2 / op.neighbours
        if not 0 <= beta <= 2:
            raise UserError(f"'{name}': beta {beta:g} is not supported, only from 0 to 2")
        self.bound = bound
        if bias > unit * bound * 2.0**34:
            self.offset, self.up = 1 << 61, -1
        else:
            room = 61 - math.ceil(math.log2(bias / unit + bound + 1))
            self.up = min(max(room, 0), 24)
            self.offset = max(1, round(bias / unit * 2.0**self.up))
        if self.offset + (bound << max(self.up, 0)) > WIDEST:
            raise UserError(f"'{name}': its sums need more than 63 bits; use --bits 8")
        self.greatest = bias**-beta if self.up < 0 else (self.offset * 2.0**-self.up * unit) ** -beta
        least = int(self.offset).bit_length()
        places = 0.5 + np.arange(STEPS + 1) / (2 * STEPS)
        relative = 2.0**least / self.offset
        powers = places**-beta * 2.0 ** (POWER_BITS - 2)
        self.mantissas = builder.constant(np.rint(powers).astype(np.int32), i32, f"{name}_mantissas")
        scale = (relative * 2.0 ** np.arange(64 - least)) ** -beta * 2.0**POWER_BITS
        self.exponents = builder.constant(np.rint(scale).astype(np.int32), i32, f"{name}_exponents")
        self.least = least

    def factor(self, body: Body, squares: SSAValue, mantissas: SSAValue, exponents: SSAValue) -> SSAValue:
        """The factor with POWER_BITS fractional bits, from 0 to 1."""
        squares = body.saturate(squares, 0, self.bound, i64)
        if self.up >= 0:
            total = body.offset(body.mul(squares, body.constant(1 << self.up, i64)), self.offset)
        else:
            total = body.constant(self.offset, i64)
        e, m = roots.exponent(body, total, 1), roots.mantissa(body, total, 1)
        index = body.offset(body.saturate(roots.floor_shift(body, m, 21), STEPS, 2 * STEPS - 1, i32), -STEPS)
        part = body.add_op(arith.AndIOp(m, body.constant((1 << 21) - 1, i64)))
        low = body.extend(body.lookup(mantissas, index, i32), i64)
        high = body.extend(body.lookup(mantissas, body.offset(index, 1), i32), i64)
        between = body.add(low, body.round_shift(body.mul(body.sub(high, low), part), 21))
        scale = body.lookup(exponents, body.offset(body.saturate(e, self.least, 63, i32), -self.least), i32)
        product = body.round_shift(body.mul(between, body.extend(scale, i64)), POWER_BITS - 2)
        return body.saturate(product, 0, 1 << POWER_BITS, i64)
