"""Importing scalar functions of one tensor and of several."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import broadcast_shape, shape_of
from ...dialects.onnx.weights import is_weight
from .check import check_real
from .joins import same
from .node import Node, Translation, Unsupported, like

Binary = type[onnx.AddOp] | type[onnx.MulOp] | type[onnx.SubOp]


def binary(cls: Binary) -> Translation:
    """A scalar function of two operands."""

    def translate(node: Node) -> onnx.OnnxOp:
        lhs, rhs = node.operand(0), node.operand(1)
        return cls(lhs, rhs, like(lhs, broadcast_shape(shape_of(lhs), shape_of(rhs))), node.name)

    return translate


FAN_IN = 8

"""Addends that are added one after the other in a Sum: more would round too often, fewer keep more sums in memory."""


def sum_(node: Node) -> onnx.OnnxOp:
    """Additions in groups of up to 8, one after the other; the groups' sums likewise."""
    addends = [node.operand(index) for index in range(len(node.operands))]
    if len(addends) == 1:
        return same(node)
    number = 0
    while len(addends) > 1:
        sums: list[SSAValue] = []
        for first in range(0, len(addends), FAN_IN):
            total = addends[first]
            for other in addends[first + 1 : first + FAN_IN]:
                number += 1
                total = added(total, other, f"{node.name}_{number}")
            sums.append(total)
        addends = sums
    last = addends[0].owner
    assert isinstance(last, onnx.AddOp)
    last.node = StringAttr(node.name)
    return last


def added(lhs: SSAValue, rhs: SSAValue, name: str) -> SSAValue:
    """lhs + rhs"""
    return onnx.AddOp(lhs, rhs, like(lhs, broadcast_shape(shape_of(lhs), shape_of(rhs))), name).result


def div(node: Node) -> onnx.OnnxOp:
    """By a constant: the product with its inverse; by what is computed, a division."""
    lhs = node.operand(0)
    if not is_weight(node.operand(1)):
        check_real(lhs, 0)
        rhs = node.operand(1)
        return onnx.DivOp(lhs, rhs, like(lhs, broadcast_shape(shape_of(lhs), shape_of(rhs))), node.name)
    divisor = node.constant(1, "the divisor")
    if divisor.dtype != np.float32 or not divisor.all():
        raise Unsupported("the divisor must hold float32 numbers other than 0")
    with np.errstate(over="ignore"):  # an infinite weight is refused with the others
        inverse = onnx.ConstantOp(from_numpy(np.float32(1) / divisor), f"{node.name}_inverse").result
    return onnx.MulOp(lhs, inverse, like(lhs, broadcast_shape(shape_of(lhs), divisor.shape)), node.name)


def unary(cls: type[onnx.ReluOp]) -> Translation:
    """A scalar function of one operand, without attributes."""
    return lambda node: cls(node.operand(0), like(node.operand(0), shape_of(node.operand(0))), node.name)


def clip(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    bounds = [node.attributes.get("min", -np.inf), node.attributes.get("max", np.inf)]
    for index in (1, 2):
        if node.optional(index) is not None:
            bounds[index - 1] = node.number(index, "a bound")
    return onnx.ClipOp(x, bounds[0], bounds[1], like(x, shape_of(x)), node.name)
