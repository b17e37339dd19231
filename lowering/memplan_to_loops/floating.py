"""`fixed.exponent` and `fixed.mantissa` as `arith`: the highest bit by halving, then shifts."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ...dialects.fixed.normalize import ExponentOp, MantissaOp
from .emit import Emitter


def expand_exponent(emit: Emitter, op: ExponentOp, value: SSAValue) -> SSAValue:
    """The number of bits, rounded up."""
    source, target = op.value.type, op.result.type
    assert isinstance(source, IntegerType) and isinstance(target, IntegerType)
    return emit.convert(exponent_of(emit, value, op.step.value.data), source, target)


def expand_mantissa(emit: Emitter, op: MantissaOp, value: SSAValue) -> SSAValue:
    """`(x >> max(-s, 0)) << max(s, 0)` with `s = bits - e`: one of the two shifts is by 0."""
    source, target = op.value.type, op.result.type
    assert isinstance(source, IntegerType) and isinstance(target, IntegerType)
    zero = emit.constant(0, source)
    bits = emit.constant(op.bits.value.data, source)
    exponent = exponent_of(emit, value, op.step.value.data)
    right = emit.do(arith.MaxSIOp(emit.do(arith.SubiOp(exponent, bits)), zero))
    left = emit.do(arith.MaxSIOp(emit.do(arith.SubiOp(bits, exponent)), zero))
    shifted = emit.do(arith.ShLIOp(emit.do(arith.ShRSIOp(value, right)), left))
    return emit.convert(shifted, source, target)


def exponent_of(emit: Emitter, value: SSAValue, step: int) -> SSAValue:
    """In the type of the value: 32, 16, .. bits are counted and shifted out where the rest has more than that."""
    type = value.type
    assert isinstance(type, IntegerType)
    zero, count = emit.constant(0, type), None
    width = 1 << (type.width.data - 1).bit_length() - 1
    while width:
        least = emit.constant(1 << width, type)
        reaches = emit.do(arith.CmpiOp(value, least, "sge"))
        amount = emit.do(arith.SelectOp(reaches, emit.constant(width, type), zero))
        count = amount if count is None else emit.do(arith.AddiOp(count, amount))
        value = emit.do(arith.ShRSIOp(value, amount))
        width //= 2
    assert count is not None, "at least 32 bits"
    count = emit.do(arith.AddiOp(count, value))
    if step == 1:
        return count
    one = emit.constant(1, type)
    return emit.do(arith.AddiOp(count, emit.do(arith.AndIOp(count, one))))
