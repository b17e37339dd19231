"""Translations of matrix products: Gemm, and MatMul of any rank."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import Float32Type
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.onnx.base import broadcast_shape, element_of, shape_of
from ...dialects.onnx.weights import is_weight
from .node import Node, Unsupported, like


def gemm(node: Node) -> onnx.OnnxOp:
    """Brought to x w^T + b: constants absorb transB, alpha and beta; of computed operands a product, and a sum."""
    x, w, bias = node.operand(0), node.operand(1), node.optional(2)
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    require_matrices(x, w)
    if node.attributes.get("transA", 0):
        x = swapped(x, f"{node.name}_transposed")
    if not is_weight(w) or (bias is not None and not is_channels(bias, shape_of(w), node)):
        return general_gemm(node, x, w, bias)
    if alpha != 1.0:
        w = scaled_constant(w, alpha)
    if not node.attributes.get("transB", 0):
        w = swapped(w)
    channels = shape_of(w)[0]
    if bias is not None and shape_of(bias) != (channels,):
        bias = reshaped_bias(bias, channels)
    if bias is not None and beta != 1.0:
        bias = scaled_constant(bias, beta)
    return onnx.GemmOp(x, w, bias, like(x, (shape_of(x)[0], channels)), node.name)


def is_channels(bias: SSAValue, w: Sequence[int], node: Node) -> bool:
    """Whether a bias is a constant with one number, or one per output channel."""
    channels, shape = w[0 if node.attributes.get("transB", 0) else 1], shape_of(bias)
    return is_weight(bias) and shape[:-1] in ((), (1,)) and shape[-1:] in ((), (1,), (channels,))


def general_gemm(node: Node, x: SSAValue, w: SSAValue, bias: SSAValue | None) -> onnx.OnnxOp:
    """alpha x w + beta bias as a product, factors and a sum."""
    if node.attributes.get("transB", 0):
        w = swapped(w, f"{node.name}_columns")
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    result = like(x, (shape_of(x)[0], shape_of(w)[1]))
    plain = alpha == 1.0 and bias is None
    product: onnx.OnnxOp = onnx.MatMulOp(x, w, result, node.name if plain else f"{node.name}_product")
    if alpha != 1.0:
        name = node.name if bias is None else f"{node.name}_scaled"
        product = times(product.results[0], alpha, name)
    if bias is None:
        return product
    if beta != 1.0:
        bias = times(bias, beta, f"{node.name}_beta").results[0]
    if broadcast_shape(shape_of(bias), result.get_shape()) != result.get_shape():
        raise Unsupported(f"a bias of shape {list(shape_of(bias))} does not stretch to {list(result.get_shape())}")
    return onnx.AddOp(product.results[0], bias, result, node.name)


def times(value: SSAValue, factor: float, name: str) -> onnx.OnnxOp:
    """A value times a number."""
    number = onnx.ConstantOp(from_numpy(np.array(factor, np.float32)), f"{name}_factor").result
    return onnx.MulOp(value, number, like(value, shape_of(value)), name)


def scaled_constant(value: SSAValue, factor: float) -> SSAValue:
    """A float constant times a factor."""
    owner = value.owner
    if not isinstance(owner, onnx.ConstantOp) or not isinstance(element_of(value), Float32Type):
        raise Unsupported("alpha and beta other than 1 are supported on float weights only")
    return onnx.ConstantOp(from_numpy(to_numpy(owner.value) * np.float32(factor)), owner.label).result


def reshaped_bias(value: SSAValue, channels: int) -> SSAValue:
    """A constant bias of shape [], [1], [1, 1] or [1, channels] as [channels]."""
    owner, shape = value.owner, shape_of(value)
    if shape[:-1] not in ((), (1,)) or shape[-1:] not in ((), (1,), (channels,)):
        raise Unsupported(f"a bias of shape {list(shape)} is not supported, only [{channels}]")
    if not isinstance(owner, onnx.ConstantOp):
        raise Unsupported(f"a quantized bias of shape {list(shape)} is not supported, only [{channels}]")
    return onnx.ConstantOp(from_numpy(np.broadcast_to(to_numpy(owner.value).reshape(-1), (channels,)))).result


def mat_mul(node: Node) -> onnx.OnnxOp:
    """x w of any rank; with a constant matrix w rows of x times it, with a constant matrix x (w^T x^T)^T."""
    x, w = node.operand(0), node.operand(1)
    if is_weight(w) and is_matrix(w):
        return rows_times(node, x, w, matrix(w))
    if is_weight(x) and is_matrix(x) and min(len(shape_of(x)), len(shape_of(w))) > 1:
        product = rows_times(node, swapped(w, f"{node.name}_columns"), x, swapped(matrix(x)))
        return transposition(product.results[0], node.name)
    return product_of(x, w, node.name)


def product_of(x: SSAValue, w: SSAValue, name: str) -> onnx.OnnxOp:
    """The product of two values of any rank: vectors are a row and a column."""
    shapes = shape_of(x), shape_of(w)
    if not all(shapes):
        raise Unsupported("a product of scalars; use Mul")
    left = x if len(shapes[0]) > 1 else reshaped(x, (1, *shapes[0]), f"{name}_row")
    right = w if len(shapes[1]) > 1 else reshaped(w, (*shapes[1], 1), f"{name}_column")
    (*outer, rows, depth), (*others, depth_w, columns) = shape_of(left), shape_of(right)
    if depth != depth_w:
        stated = " and ".join(str(list(shape)) for shape in shapes)
        raise Unsupported(f"operands of shapes {stated} do not go together; export it again")
    whole = (*broadcast_shape(outer, others), rows, columns)
    result = [n for n, kept in zip(whole[-2:], (len(shapes[0]) > 1, len(shapes[1]) > 1), strict=True) if kept]
    if len(result) == 2:
        return onnx.MatMulOp(left, right, like(x, whole), name)
    product = onnx.MatMulOp(left, right, like(x, whole), f"{name}_product").result
    return onnx.ReshapeOp(product, like(x, (*whole[:-2], *result)), name)


def is_matrix(w: SSAValue) -> bool:
    """Whether a constant is a vector or a matrix, sizes of 1 before it apart."""
    shape = shape_of(w)
    return len(shape) > 0 and all(size == 1 for size in shape[:-2])


def matrix(w: SSAValue) -> SSAValue:
    """A constant operand with two dimensions: a vector is a column; sizes of 1 before a matrix mean nothing."""
    shape = shape_of(w)
    if len(shape) == 2:
        return w
    return reshaped(w, shape[-2:] if len(shape) > 1 else (*shape, 1))


def rows_times(node: Node, x: SSAValue, constant: SSAValue, w: SSAValue) -> onnx.OnnxOp:
    """The product of all rows of x, whatever its rank, with a constant of which `w` is the matrix."""
    shape, stated, (depth, columns) = shape_of(x), shape_of(constant), shape_of(w)
    if not shape or shape[-1] != depth:
        raise Unsupported(f"operands of shapes {list(shape)} and {list(stated)} do not go together; export it again")
    ones = (1,) * (len(stated) - max(2, len(shape)))
    result = (*ones, *shape[:-1], columns)[: None if len(stated) > 1 else -1]
    if len(shape) == 2 and result == (shape[0], columns):
        return onnx.MatMulOp(x, w, like(x, result), node.name)
    rows = prod(shape[:-1])
    if len(shape) != 2:
        x = reshaped(x, (rows, depth), f"{node.name}_rows")
    product = onnx.MatMulOp(x, w, like(x, (rows, columns)), f"{node.name}_product").result
    return onnx.ReshapeOp(product, like(x, result), node.name)


def reshaped(value: SSAValue, shape: Sequence[int], name: str | None = None) -> SSAValue:
    """The same elements under another shape."""
    owner = value.owner
    label = owner.label if name is None and isinstance(owner, onnx.OnnxOp) else name
    return onnx.ReshapeOp(value, like(value, shape), label).result


def swapped(value: SSAValue, name: str | None = None) -> SSAValue:
    """With the last two dimensions exchanged."""
    owner = value.owner
    label = owner.label if name is None and isinstance(owner, onnx.OnnxOp) else name
    return transposition(value, label).result


def transposition(value: SSAValue, name: str | None) -> onnx.TransposeOp:
    """The op that exchanges the last two dimensions."""
    shape = shape_of(value)
    outer = range(len(shape) - 2)
    permutation = (*outer, len(shape) - 1, len(shape) - 2)
    return onnx.TransposeOp(value, permutation, like(value, [shape[a] for a in permutation]), name)


def require_matrices(x: SSAValue, w: SSAValue) -> None:
    """Raise Unsupported for operands with more or fewer than two dimensions."""
    if len(shape_of(x)) != 2 or len(shape_of(w)) != 2:
        raise Unsupported(
            f"operands of shapes {list(shape_of(x))} and {list(shape_of(w))} are not supported, only matrices"
        )
