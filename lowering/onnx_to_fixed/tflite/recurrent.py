"""One round of an LSTM of integers (tensorflow/lite/kernels/lstm_eval.cc, 8x8_16; portable_tensor_utils.cc).

Sums of 32 bits become gates' sums of 16 by two roundings, the input's part saturated before the state's is added.
Products of 16 bits are divided by powers of two, ties away from zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from xdsl.dialects.builtin import i32
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.fixed.types import QType, Rounding, power_of_two
from ..bodies import Body
from ..builder import TYPE, FixedBuilder, element_of, shape_of
from ..contractions import lower_gemm
from ..elementwise import elementwise, name_of
from ..requantize import NotInArithmetic
from .elementwise import lower_mul
from .fixed_point import HALVES, logistic, tanh

GATE_BITS = 12
"""Fractional bits of a gate's sum; its function's result has 15."""


ROUND = Counter({"onnx.Gemm": 2, "onnx.Add": 2, "onnx.Sigmoid": 3, "onnx.Tanh": 2, "onnx.Mul": 3})
"""What an LSTM computes in a round, and perhaps a Clip of its cell: a model that is repeated step by step is a scan as
well, but another one."""

OF_TYPES = ("onnx.QuantizeLinear", "onnx.DequantizeLinear", "onnx.Slice", "onnx.Next")


def is_round(op: Operation) -> bool:
    """Whether an op is in a round of an LSTM."""
    scan = op.parent_op()
    if not isinstance(scan, onnx.ScanOp) or len(scan.states) != 2:
        return False
    found = Counter(inner.name for inner in scan.body.block.ops if inner.name not in OF_TYPES)
    return found in (ROUND, ROUND + Counter(["onnx.Clip"]))


def lower_product(builder: FixedBuilder, op: onnx.GemmOp) -> SSAValue:
    """A product with weights in the scale of gates."""
    return lower_gemm(builder, op, product_type(op))


def product_type(op: onnx.GemmOp) -> QType:
    """How a product is stored: the state's keeps 32 bits until it is added."""
    type = QType(i32, 2.0**-GATE_BITS) if is_own(op) else op.attributes[TYPE]
    assert isinstance(type, QType), "every result has a type"
    return type


def is_own(op: onnx.GemmOp) -> bool:
    """Whether this is the product with the state: the second addend of a sum."""
    value = op.results[0]
    for _ in range(2):
        (use, *others) = value.uses
        if others or not isinstance(use.operation, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
            raise NotInArithmetic("it is no part of TFLite's LSTM; use --arithmetic exact")
        value = use.operation.results[0]
    return any(isinstance(use.operation, onnx.AddOp) and use.index == 1 for use in value.uses)


def lower_sum(builder: FixedBuilder, op: onnx.AddOp) -> SSAValue:
    """lhs + rhs, saturated, of addends in one scale."""
    y, inputs = builder.type_of(op.result), [builder.value(op.lhs), builder.value(op.rhs)]
    types = [element_of(value) for value in inputs]
    body = Body([type.storage for type in types if isinstance(type, QType)])
    if any(not isinstance(type, QType) or type.scale != y.scale or type.zp for type in types) or y.zp:
        raise NotInArithmetic("TFLite's LSTM adds what has one scale; use --arithmetic exact")
    total = body.add(*(body.extend(element, i32) for element in body.arguments))
    return elementwise(builder, inputs, y, shape_of(op.result), body, body.to_storage(total, y), name_of(op))


def lower_mul_of_states(builder: FixedBuilder, op: onnx.MulOp) -> SSAValue:
    """lhs * rhs: of 16 bits divided by a power of two, of 8 by a multiplier."""
    types, y = [builder.type_of(op.lhs), builder.type_of(op.rhs)], builder.type_of(op.result)
    if y.bits == 8:
        return lower_mul(builder, op)
    shift = power_of_two(types[0].scale * types[1].scale / y.scale)
    if shift is None or shift >= 0 or any(type.zp or type.bits != 16 for type in (*types, y)):
        raise NotInArithmetic("TFLite's LSTM multiplies in scales that are powers of two; use --arithmetic exact")
    body = Body([type.storage for type in types])
    product = body.mul(*(body.extend(element, i32) for element in body.arguments))
    value = body.to_storage(body.round_shift(product, -shift, Rounding.HALF_AWAY), y)
    inputs = [builder.value(op.lhs), builder.value(op.rhs)]
    return elementwise(builder, inputs, y, shape_of(op.result), body, value, name_of(op))


def lower_function(builder: FixedBuilder, op: onnx.FunctionOp) -> SSAValue:
    """Sigmoid or Tanh by gemmlowp's fixed point of 16 bits."""
    x, y = builder.type_of(op.x), builder.type_of(op.results[0])
    fraction = power_of_two(x.scale)
    sigmoid = op.name == "onnx.Sigmoid"
    least = -GATE_BITS if sigmoid else -HALVES
    if (
        fraction is None
        or not least <= fraction <= -9
        or (x.bits, y.bits, x.zp, y.zp, y.scale)
        != (
            *(16, 16, 0, 0),
            2.0**-HALVES,
        )
    ):
        raise NotInArithmetic("TFLite's LSTM has functions of 16 bits around 0; use --arithmetic exact")
    body = Body([x.storage])
    element = body.extend(body.arguments[0], i32)
    value = logistic(body, element) if sigmoid else tanh(body, element, HALVES + fraction)
    result = body.saturate(value, *y.limits, y.storage)
    return elementwise(builder, [builder.value(op.x)], y, shape_of(op.x), body, result, name_of(op))


def lower_own(builder: FixedBuilder, op: onnx.QuantizeLinearOp | onnx.DequantizeLinearOp) -> SSAValue:
    """Each value in its type: the product with the state keeps its own."""
    if builder.type_of(op.x).bits != 32 and builder.type_of(op.x) != op.attributes[TYPE]:
        raise NotInArithmetic("TFLite's LSTM changes no types; use --arithmetic exact")
    return builder.value(op.x)


OF_ROUNDS: dict[type[Operation], Callable[[FixedBuilder, Any], SSAValue]] = {
    onnx.AddOp: lower_sum,
    onnx.DequantizeLinearOp: lower_own,
    onnx.QuantizeLinearOp: lower_own,
    onnx.GemmOp: lower_product,
    onnx.MulOp: lower_mul_of_states,
    **{op: lower_function for op in onnx.FUNCTIONS.values() if op.name in ("onnx.Sigmoid", "onnx.Tanh")},
}
"""What an LSTM computes in its own way."""
