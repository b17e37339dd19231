"""Importing scalar functions of several tensors: Max, Min, Mean, Mod, Pow, PRelu."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import Float32Type
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import broadcast_shape, element_of, shape_of
from ...dialects.onnx.weights import is_weight, weight_reals
from .check import check_real
from .elementwise import FAN_IN, sum_
from .joins import same
from .node import Node, Unsupported, like

POWERS: dict[float, Callable[[SSAValue, str], onnx.OnnxOp]] = {
    0.5: lambda x, name: onnx.FUNCTIONS["Sqrt"](x, like(x, shape_of(x)), name),
    1.0: lambda x, name: onnx.IdentityOp(x, like(x, shape_of(x)), name),
    2.0: lambda x, name: onnx.MulOp(x, x, like(x, shape_of(x)), name),
    -1.0: lambda x, name: onnx.FUNCTIONS["Reciprocal"](x, like(x, shape_of(x)), name),
}
"""x to a constant power that has an op of its own."""


def real_operands(node: Node) -> list[SSAValue]:
    """All operands, each of float32."""
    operands = [node.operand(index) for index in range(len(node.operands))]
    for index, operand in enumerate(operands):
        check_real(operand, index)
    return operands


def one_number(value: SSAValue) -> float | None:
    """The number that all elements of a constant are; None for anything else."""
    if not is_weight(value) or not isinstance(element_of(value), Float32Type):
        return None
    reals = weight_reals(value)
    equal = reals.size > 0 and bool((reals == reals.reshape(-1)[0]).all())
    return float(reals.reshape(-1)[0]) if equal else None


def extreme(cls: type[onnx.MaxOp] | type[onnx.MinOp]) -> Callable[[Node], onnx.OnnxOp]:
    """The greatest or the least; beside a constant number a Clip, which layers take in."""

    def translate(node: Node) -> onnx.OnnxOp:
        operands = real_operands(node)
        if len(operands) == 1:
            return same(node)
        for bound, x in (operands, operands[::-1]) if len(operands) == 2 else ():
            number = one_number(bound)
            if number is not None and broadcast_shape(shape_of(bound), shape_of(x)) == shape_of(x):
                low, high = (number, np.inf) if cls is onnx.MaxOp else (-np.inf, number)
                return onnx.ClipOp(x, low, high, like(x, shape_of(x)), node.name)
        while len(operands) > FAN_IN:
            operands = [*operands[FAN_IN:], cls(operands[:FAN_IN], f"{node.name}_{len(operands)}").result]
        return cls(operands, node.name)

    return translate


def mean(node: Node) -> onnx.OnnxOp:
    """Of many operands a sum, times a constant."""
    operands = real_operands(node)
    if len(operands) == 1:
        return same(node)
    if len(operands) <= FAN_IN:
        return onnx.MeanOp(operands, node.name)
    total = sum_(node).results[0]
    total.owner.node = None  # pyright: ignore[reportAttributeAccessIssue]
    share = constant(np.asarray(1 / len(operands), np.float32), f"{node.name}_share")
    return onnx.MulOp(total, share, like(total, shape_of(total)), node.name)


def constant(array: NDArray[np.float32], name: str) -> SSAValue:
    """A new constant, in no block."""
    return onnx.ConstantOp(from_numpy(array), name).result


def mod(node: Node) -> onnx.OnnxOp:
    """The remainder of real numbers."""
    lhs, rhs = real_operands(node)
    return onnx.ModOp(
        lhs, rhs, node.attributes.get("fmod", 0), like(lhs, broadcast_shape(shape_of(lhs), shape_of(rhs))), node.name
    )


def pow_(node: Node) -> onnx.OnnxOp:
    """With a constant exponent or base, one number; some exponents have an op of their own."""
    lhs = node.operand(0)
    check_real(lhs, 0)
    rhs = node.operand(1)
    if is_weight(rhs) and not isinstance(element_of(rhs), Float32Type):
        rhs = constant(node.constant(1, "the exponent").astype(np.float32), f"{node.name}_exponent")
    check_real(rhs, 1)
    exponent, shape = one_number(rhs), broadcast_shape(shape_of(lhs), shape_of(rhs))
    if exponent in POWERS and shape == shape_of(lhs):
        return POWERS[exponent](lhs, node.name)
    if exponent is None and one_number(lhs) is None and not (is_weight(lhs) and is_weight(rhs)):
        raise Unsupported("the exponent or the base must be a constant, one number; write a product, or Exp and Log")
    return onnx.PowOp(lhs, rhs, like(lhs, shape), node.name)


def p_relu(node: Node) -> onnx.OnnxOp:
    """With one slope for all elements a LeakyRelu."""
    x, slope = real_operands(node)
    alpha = one_number(slope)
    if alpha is not None:
        return onnx.FUNCTIONS["LeakyRelu"](x, like(x, shape_of(x)), node.name, alpha=alpha)
    return onnx.PReluOp(x, slope, like(x, shape_of(x)), node.name)
