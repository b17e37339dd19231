"""When the values of a model are alive, in the order of its ops: what its RAM depends on, before plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import filterfalse

from xdsl.dialects.builtin import Float32Type
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import element_of
from ...dialects.onnx.weights import is_weight
from ...passes.fixed.scales.in_bodies import REARRANGING, stays_in_body, stays_in_merged


def lives(function: FuncOp, ops: Sequence[Operation], merge: bool) -> dict[SSAValue, slice]:
    """The steps in which each stored value is alive; what moves nothing is its operand, which lives on.

    With `merge` maps of several inputs become one: what is between them is not stored.
    """

    def is_inside(value: SSAValue) -> bool:
        return stays_in_body(value) or (merge and stays_in_merged(value))

    number = {op: index for index, op in enumerate(ops)}
    found: dict[SSAValue, slice] = {a: slice(0, len(ops)) for a in function.body.block.args}
    for op in ops:
        found.update(dict.fromkeys(filterfalse(is_inside, within(op)), slice(number[op], number[op] + 1)))
    for op in reversed(ops):
        for value in op.results:
            if is_weight(value) or is_inside(value):
                continue
            last = max((last_use(use.operation, number, found) for use in value.uses), default=0)
            if isinstance(op, REARRANGING) and not isinstance(op, (onnx.GatherOp, onnx.TransposeOp)):
                found[value] = slice(last, last)
            else:
                found[value] = slice(number[op], max(last, number[op] + 1))
    return {value: life for value, life in found.items() if isinstance(element_of(value), Float32Type)}


def within(op: Operation) -> list[SSAValue]:
    """What the body of a scan stores: the values of one round."""
    inner = [each for region in op.regions for each in region.walk() if not isinstance(each, REARRANGING)]
    return [v for each in inner for v in each.results if not is_weight(v)]


def last_use(user: Operation, number: Mapping[Operation, int], found: Mapping[SSAValue, slice]) -> int:
    """The step behind the one in which a reader is done with a value."""
    while user not in number:
        if not isinstance(parent := user.parent_op(), onnx.ScanOp):  # the terminator: an output
            return len(number)
        user = parent
    if isinstance(user, onnx.ScanOp):
        return number[user] + 1
    result = user.results[0]
    if isinstance(user, REARRANGING) and result in found:
        return max(found[result].stop, number[user] + 1)
    if stays_in_body(result):
        return max(last_use(use.operation, number, found) for use in result.uses)
    return number[user] + 1
