"""ConvInteger and MatMulInteger: the float operator on integers read at scale 1, whose result is whole.

A Cast to float behind one is that result itself, so that factors after it become part of the layer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from xdsl.dialects.builtin import Float32Type, IntegerType
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import element_of, shape_of
from .node import Node, Translation, Unsupported, like
from .quantization import dequantize_linear

PRODUCTS = (onnx.ConvOp, onnx.MatMulOp)
"""Ops whose result is whole where all operands are."""


def integer_product(operator: str, translation: Translation, channels: int) -> Translation:
    """An operator on integers and their zero points; `channels` is the second operand's dimension of several."""

    def translate(node: Node) -> onnx.OnnxOp:
        operands = (read_at_1(node, 0, 2, 1), read_at_1(node, 1, 3, channels))
        inner = replace(node, op_type=operator, name=f"{node.name}_product", operands=operands)
        product = translation(inner)
        assert isinstance(product, onnx.OnnxOp), "one result"
        value = product.results[0]
        return onnx.CastOp(value, like(value, shape_of(value), IntegerType(32)), node.name)

    return translate


def read_at_1(node: Node, index: int, point: int, axis: int) -> SSAValue:
    """The integers of an operand without their zero point, as reals."""
    x = node.operand(index)
    points = np.zeros((), np.int64) if node.optional(point) is None else node.constant(point, "the zero point")
    if points.ndim > 1 and points.size != 1:
        raise Unsupported(f"zero points of shape {list(points.shape)} are not supported; use one, or one per channel")
    points = points.reshape(()) if points.size == 1 else points
    scale = onnx.ConstantOp(from_numpy(np.ones(points.shape, np.float32))).result
    zero = onnx.ConstantOp(from_numpy(points, element_of(x))).result
    name = f"{node.name}_operand{index}"
    return dequantize_linear(replace(node, name=name, operands=(x, scale, zero), attributes={"axis": axis})).results[0]


def whole_real(value: SSAValue) -> SSAValue | None:
    """The product of integers, as reals, of which an integer is a cast; None for any other integer.

    It is a product of its own, in no block yet: as an integer it has another type, and may not be used at all.
    """
    cast = value.owner
    if not isinstance(cast, onnx.CastOp) or not isinstance(element_of(cast.x), Float32Type):
        return None
    product = cast.x.owner
    if not isinstance(product, PRODUCTS):
        return None
    reads = [operand.owner for operand in product.operands]
    whole = all(isinstance(read, onnx.DequantizeLinearOp) and (read.scales_array == 1).all() for read in reads)
    return product.clone().results[0] if whole else None
