"""Translations of matrix products with constants: Gemm, and MatMul of any rank."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import Float32Type
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.weights import is_weight
from .node import Node, Unsupported, like


def gemm(node: Node) -> onnx.OnnxOp:
    """Brought to x w^T + b: constants absorb transB, alpha and beta."""
    node.refuse(transA=0)
    x, w, bias = node.operand(0), node.operand(1), node.optional(2)
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    if not is_weight(w) or (bias is not None and not is_weight(bias)):
        raise Unsupported("weights and bias must be constants")
    require_matrices(x, w)
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
    """x w of any rank where one of them is constant: rows of x times a matrix; w x is (x^T w^T)^T."""
    x, w = node.operand(0), node.operand(1)
    if is_weight(w):
        return rows_times(node, x, w, matrix(w))
    if is_weight(x) and min(len(shape_of(x)), len(shape_of(w))) > 1:
        product = rows_times(node, swapped(w, f"{node.name}_columns"), x, swapped(matrix(x)))
        return transposition(product.results[0], node.name)
    raise Unsupported("one operand must be a constant (weights); products of two computed tensors are not supported")


def matrix(w: SSAValue) -> SSAValue:
    """A constant operand with two dimensions: a vector is a column; sizes of 1 before a matrix mean nothing."""
    shape = shape_of(w)
    if len(shape) == 2:
        return w
    if len(shape) < 1 or any(size != 1 for size in shape[:-2]):
        raise Unsupported(f"a constant of shape {list(shape)} is not supported, only matrices")
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
