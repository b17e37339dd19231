"""Where: one of two numbers, both in the type of the result."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, i32, i64
from xdsl.ir import SSAValue

from ....dialects import onnx
from ..bodies import Body
from ..builder import FixedBuilder, element_of, shape_of
from ..elementwise import elementwise, name_of, rescaled
from .bounds import bounds_of
from .narrow import narrow_constants, stored_type
from .numbers import Numbers


def lower_where(builder: FixedBuilder, op: onnx.WhereOp) -> SSAValue:
    """A map that rescales the branches and selects."""
    operands = (op.condition, op.x, op.y)
    if not isinstance(element_of(op.result), Float32Type):
        narrow_constants(builder, op.x, op.y)
    types, y = [builder.type_of(operand) for operand in operands], builder.type_of(op.result)
    body = Body([type.storage for type in types])
    n = Numbers(body)
    condition = n.test("ne", n.argument(0, *bounds_of(builder, op.condition)), n.constant(0))
    if isinstance(element_of(op.result), Float32Type):
        branches = [
            body.offset(rescaled(builder, body, argument, type, y), y.zp) if type != y else body.extend(argument, i32)
            for argument, type in zip(body.arguments[1:], types[1:], strict=True)
        ]
        wide = i64 if any(branch.type == i64 for branch in branches) else i32
        branches = [body.extend(branch, wide) for branch in branches]
        value = body.saturate(body.add_op(arith.SelectOp(condition, *branches)), *y.limits, y.storage)
    else:
        result = n.choose(condition, *(n.argument(i, *bounds_of(builder, operands[i])) for i in (1, 2)))
        builder.bounds[op.result] = (result.low, result.high)
        y = stored_type(builder, op.result, result.low, result.high)
        value = n.stored(result, y.storage)
    inputs = [builder.value(operand) for operand in operands]
    return elementwise(builder, inputs, y, shape_of(op.result), body, value, name_of(op))
