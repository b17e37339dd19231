"""Writing a change of scale in 32-bit products, in place of a `fixed.rescale` in a form's body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, TensorType, i32
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.dense import from_numpy, to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.scalar import ExtendOp, RescaleOp
from ....dialects.fixed.structured import StructuredForm, shaped_type
from ....dialects.fixed.types import Rounding
from ..constants import insert_constant
from .products import Plan, rounded


class Writer:
    """Puts ops on i32 before an op of a body; constants are written where they are needed. `word` halves products."""

    def __init__(self, before: Operation, word: int = 16):
        self.word = word
        self.point = InsertPoint.before(before)

    def add_op(self, op: Operation) -> SSAValue:
        """Insert an op with one result."""
        Rewriter.insert_op(op, self.point)
        return op.results[0]

    def constant(self, value: int) -> SSAValue:
        """An integer."""
        return self.add_op(arith.ConstantOp(IntegerAttr(value, i32)))

    def extended(self, value: SSAValue) -> SSAValue:
        """A value of at most 32 bits as i32."""
        return value if value.type == i32 else self.add_op(ExtendOp(value, i32))

    def floor_shift(self, value: SSAValue, shift: int) -> SSAValue:
        """floor(x / 2^shift)"""
        return self.add_op(arith.ShRSIOp(value, self.constant(shift))) if shift else value

    def low(self, value: SSAValue) -> SSAValue:
        """x mod 2^w"""
        return self.add_op(arith.AndIOp(value, self.constant((1 << self.word) - 1)))

    def mul(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """left * right"""
        return self.add_op(arith.MuliOp(left, right))

    def add(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """left + right"""
        return self.add_op(arith.AddiOp(left, right))

    def round_shift(self, value: SSAValue, shift: int, most: int = 1 << 30) -> SSAValue:
        """round(x / 2^shift) for |x| <= most; where half a unit more leaves 32 bits, floor(x / 2^(shift - 1)) first."""
        if shift and most + (1 << shift >> 1) >= 1 << 31:
            value, shift = self.floor_shift(value, shift - 1), 1
        return self.add_op(RescaleOp(value, shift, Rounding.HALF_UP, i32, i32)) if shift else value


def replace_shift(op: RescaleOp, most: int) -> None:
    """Write a rounding shift of a value of magnitude at most `most` in 32 bits."""
    writer = Writer(op)
    Rewriter.replace_op(op, [], [writer.round_shift(writer.extended(op.value), op.shift.value.data, most)])


def replace_product(form: StructuredForm, op: RescaleOp, plan: Plan, most: int, word: int = 16) -> None:
    """Write a product as planned, of a value of magnitude at most `most`, in two words."""
    multiplier = op.multiplier
    assert multiplier is not None
    writer = Writer(op, word)
    factors = halves(form, op, plan, writer)
    value = writer.extended(op.value)
    if plan.right > 0:
        value = writer.round_shift(value, plan.right, most)
    elif plan.right < 0:
        value = writer.mul(value, writer.constant(1 << -plan.right))
    if plan.way == "narrow":
        result = writer.add_op(RescaleOp(value, plan.shift, Rounding.HALF_UP, IntegerType(2 * word), i32, factors[0]))
    else:
        result = split_product(writer, value, factors, plan.shift)
    Rewriter.replace_op(op, [], [result])
    if isinstance(multiplier, BlockArgument):
        form.body.block.erase_arg(multiplier)


def split_product(writer: Writer, value: SSAValue, factors: list[SSAValue], shift: int) -> SSAValue:
    """The product of a value with one factor of 15 bits, or with two that make one of 30 bits; or of 7 and 14."""
    word = writer.word
    high, low = writer.floor_shift(value, word), writer.low(value)
    top, bottom = writer.mul(high, factors[0]), writer.mul(low, factors[0])
    if len(factors) == 2:
        two = writer.constant(2)
        rest = writer.floor_shift(writer.mul(low, factors[1]), word - 1)
        rest = writer.add(writer.mul(writer.mul(high, factors[1]), two), rest)
        top = writer.add(top, writer.floor_shift(rest, word))
        bottom = writer.add(bottom, writer.low(rest))
        shift -= word - 1
    return writer.round_shift(writer.add(top, writer.floor_shift(bottom, word)), shift - word)


def halves(form: StructuredForm, op: RescaleOp, plan: Plan, writer: Writer) -> list[SSAValue]:
    """The planned multiplier as values of the body, as i32: whole, or for the exact way its high and low 15 bits.

    One per channel is a new constant before the form: of 16 bits, or with a half in each 16 of 32 bits; of words of 8
    bits half as many.
    """
    assert op.multiplier is not None
    word, bits = writer.word, writer.word - 1
    exact, by = plan.way == "exact", op.shift.value.data - plan.right - plan.shift
    owner = op.multiplier.owner
    if isinstance(owner, arith.ConstantOp):
        assert isinstance(owner.value, IntegerAttr)
        whole = int(rounded(np.asarray(owner.value.value.data), by))
        parts = (whole >> bits, whole & (1 << bits) - 1) if exact else (whole,)
        return [writer.constant(part) for part in parts]
    integers = rounded(to_numpy(constant_of(form, op.multiplier).value).astype(np.int64), by)
    if not exact:
        return [writer.extended(new_param(form, op.multiplier, integers, IntegerType(word)))]
    packed = new_param(form, op.multiplier, packed_halves(integers, word), IntegerType(2 * word))
    packed = writer.extended(packed)
    return [writer.floor_shift(packed, word), writer.low(packed)]


def packed_halves(integers: NDArray[np.int64], word: int) -> NDArray[np.int64]:
    """The high 15 bits of 30 moved up to the upper 16 of 32, the low ones below; or 7 of 14 to the upper 8 of 16."""
    return (integers >> word - 1 << word) | (integers & (1 << word - 1) - 1)


def constant_of(form: StructuredForm, argument: SSAValue) -> ConstantOp:
    """The constant whose element an argument of the body is."""
    owner = form.params[param_index(form, argument)].owner
    assert isinstance(owner, ConstantOp)
    return owner


def param_index(form: StructuredForm, argument: SSAValue) -> int:
    """Which param's element an argument of the body is."""
    assert isinstance(argument, BlockArgument)
    return argument.index - (len(form.body.block.args) - len(form.params) - len(form.tables))


def new_param(form: StructuredForm, argument: SSAValue, integers: NDArray[np.int64], type: IntegerType) -> SSAValue:
    """Another constant in place of the param whose element an argument of the body is, and an argument for it."""
    index = param_index(form, argument)
    constant = ConstantOp(from_numpy(integers, type), TensorType(type, shaped_type(form.params[index]).get_shape()))
    insert_constant(constant, form)
    form.operands[len(form.ins) + index] = constant.result
    assert isinstance(argument, BlockArgument)
    return form.body.block.insert_arg(type, argument.index)
