"""Constants that repeat one number become that number in the bodies that read them: no array, no load."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, IntegerType
from xdsl.dialects.func import FuncOp
from xdsl.rewriter import InsertPoint, Rewriter

from ....dialects.dense import to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.forms import MapOp
from ....dialects.fixed.structured import StructuredForm, scalar_type, segments, shaped_type
from .narrowing import is_unsigned


def fold_uniform(function: FuncOp) -> None:
    """Put such numbers into the bodies of a function's forms."""
    for form in [op for op in function.walk() if isinstance(op, StructuredForm)]:
        for index in reversed(range(len(form.ins) + len(form.params))):
            number = repeated(form, index)
            if number is not None:
                inline(form, index, number)


def repeated(form: StructuredForm, index: int) -> int | None:
    """The one number of an operand that the body reads itself; None where it has several, or is no constant."""
    if index < len(form.ins) and (not isinstance(form, MapOp) or len(form.ins) == 1 or form.is_padded(index)):
        return None
    constant = form.operands[index].owner
    if not isinstance(constant, ConstantOp):
        return None
    if is_unsigned(scalar_type(shaped_type(constant.result).element_type)):
        return None
    integers = to_numpy(constant.value)
    return int(integers.flat[0]) if (integers == integers.flat[0]).all() else None


def inline(form: StructuredForm, index: int, number: int) -> None:
    """Take an operand away; its argument is a number in the body."""
    block = form.body.block
    argument = block.args[index if isinstance(form, MapOp) else index - len(form.ins) + 1]
    assert isinstance(argument.type, IntegerType)
    constant = arith.ConstantOp(IntegerAttr(number, argument.type))
    first = block.first_op
    assert first is not None, "verified: a body yields"
    Rewriter.insert_op(constant, InsertPoint.before(first))
    argument.replace_all_uses_with(constant.result)
    block.erase_arg(argument)
    ins, params, tables, indices = len(form.ins), len(form.params), len(form.tables), form.indices
    ins, params = (ins - 1, params) if index < ins else (ins, params - 1)
    operands = list(form.operands)
    form.operands = [*operands[:index], *operands[index + 1 :]]
    form.properties["operandSegmentSizes"] = segments(ins, params, tables, 0, len(indices))
    maps = list(form.maps.data)
    form.properties["maps"] = ArrayAttr([*maps[:index], *maps[index + 1 :]])
