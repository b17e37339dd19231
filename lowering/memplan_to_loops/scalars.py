"""The scalar ops of `fixed` as `arith`: requantization in integers, one formula per rounding mode.

Values are signless here, so each expansion looks at the types of the op that it replaces for the sign of its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects.errors import UserError
from ...dialects.fixed.normalize import ExponentOp, MantissaOp
from ...dialects.fixed.scalar import ExtendOp, LookupOp, RescaleOp, SaturateOp, YieldOp
from ...dialects.fixed.types import Rounding, storage_limits
from .emit import Emitter, is_unsigned, signless
from .floating import expand_exponent, expand_mantissa

Values = dict[SSAValue, SSAValue]
"""From the values of a form's body to those of the loops."""


def integer_type(value: SSAValue) -> IntegerType:
    """The type of a scalar in a body."""
    assert isinstance(value.type, IntegerType)
    return value.type


def inline_body(emit: Emitter, body: Block, values: Values, done: Collection[Operation] = ()) -> SSAValue:
    """Write a form's body; `values` holds its arguments. Returns what it yields, as the bits of the output element.

    `done` are ops that nobody needs any more: `values` holds the result of the last one.

    Raises UserError on an op that is neither of `arith` nor a scalar op of `fixed`.
    """
    for op in body.ops:
        if isinstance(op, YieldOp):
            return values[op.values[0]]
        if op in done:
            continue
        values[op.results[0]] = expand(emit, op, values)
        values[op.results[0]].name_hint = op.results[0].name_hint or values[op.results[0]].name_hint
    raise AssertionError("verified: a body ends in fixed.yield")


def expand(emit: Emitter, op: Operation, values: Values) -> SSAValue:
    """Write one op of a body."""
    match op:
        case arith.ConstantOp():
            return emit.constant(op.value.value.data, integer_type(op.result))  # pyright: ignore
        case RescaleOp():
            return expand_rescale(emit, op, values)
        case SaturateOp():
            return expand_saturate(emit, op, values[op.value])
        case LookupOp():
            return expand_lookup(emit, op, values)
        case ExponentOp():
            return expand_exponent(emit, op, values[op.value])
        case MantissaOp():
            return expand_mantissa(emit, op, values[op.value])
        case ExtendOp():
            return emit.convert(values[op.value], integer_type(op.value), op.result.type)
        case _ if op.name.startswith("arith.") and len(op.results) == 1:
            return emit.do(op.clone(dict(values)))
        case _:
            raise UserError(
                f"convert-memplan-to-loops cannot write `{op.name}` in a form's body: use arith or fixed ops"
            )


def expand_rescale(emit: Emitter, op: RescaleOp, values: Values) -> SSAValue:
    """`round(x * m / 2^s)` in the product's type; the product plus the rounding constant must fit there too."""
    product, shift = op.product, op.shift.value.data
    value = emit.convert(values[op.value], integer_type(op.value), product)
    if op.multiplier is not None:
        factor = emit.convert(values[op.multiplier], integer_type(op.multiplier), product)
        value = emit.do(arith.MuliOp(value, factor))
    return emit.convert(ROUNDINGS[op.rounding.data](emit, value, shift), product, op.result.type)


def shift_right(emit: Emitter, value: SSAValue, shift: int) -> SSAValue:
    """`floor(x / 2^s)`."""
    return emit.do(arith.ShRSIOp(value, emit.constant(shift, integer_type(value)))) if shift else value


def plus(emit: Emitter, value: SSAValue, addend: int) -> SSAValue:
    """`x + addend`."""
    return emit.do(arith.AddiOp(value, emit.constant(addend, integer_type(value)))) if addend else value


def half_up(emit: Emitter, value: SSAValue, shift: int) -> SSAValue:
    """`(x + 2^(s-1)) >> s`."""
    return shift_right(emit, plus(emit, value, 1 << (shift - 1)), shift) if shift else value


def half_even(emit: Emitter, value: SSAValue, shift: int) -> SSAValue:
    """`(x + 2^(s-1) - 1 + ((x >> s) & 1)) >> s`: an odd quotient makes a tie round up."""
    if shift == 0:
        return value
    one = emit.constant(1, integer_type(value))
    odd = emit.do(arith.AndIOp(shift_right(emit, value, shift), one))
    biased = plus(emit, value, (1 << (shift - 1)) - 1)
    return shift_right(emit, emit.do(arith.AddiOp(biased, odd)), shift)


def half_away(emit: Emitter, value: SSAValue, shift: int) -> SSAValue:
    """`(x + 2^(s-1) - (x < 0)) >> s`."""
    if shift == 0:
        return value
    sign = shift_right(emit, value, integer_type(value).width.data - 1)
    biased = emit.do(arith.AddiOp(plus(emit, value, 1 << (shift - 1)), sign))
    return shift_right(emit, biased, shift)


def tflite(emit: Emitter, value: SSAValue, shift: int) -> SSAValue:
    """gemmlowp: the high half of the doubled product, ties up, then the rest of the shift, ties away from zero.

    gemmlowp truncates `(x + (x < 0 ? 1 - 2^30 : 2^30)) / 2^31`, which is `(x + 2^30) >> 31` for either sign. Its one
    saturating case, both factors -2^31, cannot occur with a 31-bit multiplier.
    """
    return half_away(emit, half_up(emit, value, 31), shift - 31)


def truncate(emit: Emitter, value: SSAValue, shift: int) -> SSAValue:
    """`(x + (x < 0 ? 2^s - 1 : 0)) >> s`."""
    if shift == 0:
        return value
    sign = shift_right(emit, value, integer_type(value).width.data - 1)
    bias = emit.do(arith.AndIOp(sign, emit.constant((1 << shift) - 1, integer_type(value))))
    return shift_right(emit, emit.do(arith.AddiOp(value, bias)), shift)


ROUNDINGS: dict[Rounding, Callable[[Emitter, SSAValue, int], SSAValue]] = {
    Rounding.HALF_UP: half_up,
    Rounding.HALF_EVEN: half_even,
    Rounding.HALF_AWAY: half_away,
    Rounding.TFLITE: tflite,
    Rounding.TRUNCATE: truncate,
    Rounding.FLOOR: shift_right,
}


def expand_saturate(emit: Emitter, op: SaturateOp, value: SSAValue) -> SSAValue:
    """`min(max(x, low), high)`, without a bound that the operand's type implies."""
    source = integer_type(op.value)
    least, greatest = storage_limits(source)
    low, high = op.bounds
    unsigned = is_unsigned(source)
    if low > least:
        largest = arith.MaxUIOp if unsigned else arith.MaxSIOp
        value = emit.do(largest(value, emit.constant(low, signless(source))))
    if high < greatest:
        smallest = arith.MinUIOp if unsigned else arith.MinSIOp
        value = emit.do(smallest(value, emit.constant(high, signless(source))))
    return emit.convert(value, source, op.result.type)


def expand_lookup(emit: Emitter, op: LookupOp, values: Values) -> SSAValue:
    """`table[index]`; an unsigned index is widened first, since `arith.index_cast` is signed."""
    source = integer_type(op.index)
    index = values[op.index]
    if is_unsigned(source):
        index = emit.convert(index, source, IntegerType(2 * source.width.data))
    position = emit.do(arith.IndexCastOp(index, IndexType()))
    return emit.do(memref.LoadOp.get(values[op.table], [position]))
