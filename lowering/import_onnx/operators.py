"""One translation per ONNX operator: check its attributes, make them explicit, build the `onnx` op.

A translation raises `Unsupported` with what is wrong and what to do; the importer adds the node and collects them all.
"""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.dialects.builtin import IntegerType, StringAttr
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy, splat
from ...dialects.onnx.base import broadcast_shape, shape_of
from .casts import cast, cast_like
from .joins import concat, pad, same, slice_, split
from .layers import average_pool, batch_normalization, conv, global_average_pool, max_pool
from .node import Node, Translation, Unsupported, axes_from_first, like
from .products import gemm, mat_mul
from .quantization import dequantize_linear, quantize_linear
from .tensors import array_of


def binary(cls: type[onnx.AddOp] | type[onnx.MulOp] | type[onnx.SubOp]) -> Translation:
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
    """By a constant: the product with its inverse."""
    lhs, divisor = node.operand(0), node.constant(1, "the divisor")
    if divisor.dtype != np.float32 or not divisor.all():
        raise Unsupported("the divisor must hold float32 numbers other than 0")
    with np.errstate(over="ignore"):  # an infinite weight is refused with the others
        inverse = onnx.ConstantOp(from_numpy(np.float32(1) / divisor), f"{node.name}_inverse").result
    return onnx.MulOp(lhs, inverse, like(lhs, broadcast_shape(shape_of(lhs), divisor.shape)), node.name)


def constant_of_shape(node: Node) -> onnx.OnnxOp:
    shape = node.listed(0, "the shape")
    if any(size < 1 for size in shape):
        raise Unsupported(f"a constant of shape {shape} holds no numbers; export the model again")
    value = node.attributes.get("value")
    number = np.zeros(1, np.float32) if value is None else array_of(value, node.budget)
    if number.dtype.name not in ("float32", "int64") or number.size != 1:
        raise Unsupported(f"constants of {number.size} {number.dtype} are not supported; use one float32")
    return onnx.ConstantOp(splat(number, shape), node.name)


def unary(cls: type[onnx.ReluOp] | type[onnx.SigmoidOp] | type[onnx.TanhOp]) -> Translation:
    """A scalar function of one operand, without attributes."""
    return lambda node: cls(node.operand(0), like(node.operand(0), shape_of(node.operand(0))), node.name)


def clip(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    bounds = [node.attributes.get("min", -np.inf), node.attributes.get("max", np.inf)]
    for index in (1, 2):
        if node.optional(index) is not None:
            bounds[index - 1] = node.number(index, "a bound")
    return onnx.ClipOp(x, bounds[0], bounds[1], like(x, shape_of(x)), node.name)


def softmax(node: Node) -> onnx.OnnxOp:
    """Before opset 13 it ran over all dimensions from `axis` on at once: taken where only one of them exceeds 1."""
    x = node.operand(0)
    shape = shape_of(x)
    if node.opset >= 13:
        axis = node.axis(-1, len(shape))
    else:
        first = node.axis(1, len(shape))
        long = [a for a in range(first, len(shape)) if shape[a] > 1]
        if len(long) > 1:
            raise Unsupported(
                f"over the dimensions from {first} on of shape {list(shape)} at once (opset {node.opset}) it is not "
                "supported; put a Flatten before it, or export with opset 13"
            )
        axis = (long or [first])[0]
    return onnx.SoftmaxOp(x, axis, like(x, shape), node.name)


def arg_max(node: Node) -> onnx.OnnxOp:
    node.refuse(select_last_index=0)
    x = node.operand(0)
    shape = list(shape_of(x))
    axis = node.axis(0, len(shape))
    kept = [1] if node.attributes.get("keepdims", 1) else []
    type = like(x, [*shape[:axis], *kept, *shape[axis + 1 :]], IntegerType(64))
    return onnx.ArgMaxOp(x, axis, type, node.name)


def reduce_mean(node: Node) -> onnx.OnnxOp:
    """Over all dimensions where no axes are given, unless `noop_with_empty_axes` says that this means nothing."""
    x = node.operand(0)
    shape = shape_of(x)
    axes = node.integers(1, "axes")
    if not axes and node.attributes.get("noop_with_empty_axes", 0):
        return same(node)
    reduced = sorted(axes_from_first(axes or range(len(shape)), len(shape)))
    kept = bool(node.attributes.get("keepdims", 1))
    type = like(x, [1 if a in reduced else n for a, n in enumerate(shape) if kept or a not in reduced])
    return onnx.ReduceMeanOp(x, reduced, type, node.name)


def reshape(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    stated = node.listed(1, "the shape")
    target, shape = list(stated), shape_of(x)
    if not node.attributes.get("allowzero", 0):
        target = [shape[i] if n == 0 and i < len(shape) else n for i, n in enumerate(target)]
    if target.count(-1) == 1:
        rest = prod(n for n in target if n != -1)
        target[target.index(-1)] = prod(shape) // max(1, rest)
    if min(target, default=1) < 0 or prod(target) != prod(shape):
        raise Unsupported(f"cannot turn shape {list(shape)} into {stated}; export the model again")
    return onnx.ReshapeOp(x, like(x, target), node.name)


def flatten(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape, axis = shape_of(x), node.attributes.get("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise Unsupported(f"axis {axis} of a tensor with {len(shape)} dimensions")
    axis += len(shape) if axis < 0 else 0
    return onnx.FlattenOp(x, like(x, (prod(shape[:axis]), prod(shape[axis:]))), node.name)


def squeeze(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    axes = node.integers(1, "axes")
    ones = {a for a, n in enumerate(shape) if n == 1}
    dropped = ones if axes is None else set(axes_from_first(axes, len(shape)))
    if dropped - ones:
        raise Unsupported(f"only dimensions of size 1 can go: not {axes} of shape {list(shape)}")
    return onnx.SqueezeOp(x, like(x, [n for a, n in enumerate(shape) if a not in dropped]), node.name)


def unsqueeze(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape, axes = list(shape_of(x)), node.integers(1, "axes")
    if axes is None:
        raise Unsupported("the axes are missing; export the model again")
    new = axes_from_first(axes, len(shape) + len(axes))
    sizes = iter(shape)
    return onnx.UnsqueezeOp(
        x, like(x, [1 if a in new else next(sizes) for a in range(len(shape) + len(new))]), node.name
    )


def dropout(node: Node) -> onnx.OnnxOp:
    """Nothing, at inference."""
    if node.optional(2) is not None and node.constant(2, "training_mode").any():
        raise Unsupported("training_mode = true is not supported; export the model for inference")
    return same(node)


def transpose(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    perm = node.attributes.get("perm", list(range(len(shape)))[::-1])
    if sorted(perm) != list(range(len(shape))):
        raise Unsupported(f"perm {perm} is not a permutation of {len(shape)} dimensions")
    return onnx.TransposeOp(x, perm, like(x, [shape[a] for a in perm]), node.name)


TRANSLATIONS: dict[str, Translation] = {
    "Add": binary(onnx.AddOp),
    "ArgMax": arg_max,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "CastLike": cast_like,
    "Clip": clip,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "DequantizeLinear": dequantize_linear,
    "Div": div,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Identity": same,
    "MatMul": mat_mul,
    "MaxPool": max_pool,
    "Mul": binary(onnx.MulOp),
    "Pad": pad,
    "QuantizeLinear": quantize_linear,
    "ReduceMean": reduce_mean,
    "Relu": unary(onnx.ReluOp),
    "Reshape": reshape,
    "Sigmoid": unary(onnx.SigmoidOp),
    "Slice": slice_,
    "Softmax": softmax,
    "Split": split,
    "Squeeze": squeeze,
    "Sub": binary(onnx.SubOp),
    "Sum": sum_,
    "Tanh": unary(onnx.TanhOp),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}

LIMITS: dict[str, str] = {
    "ArgMax": "first of equals; the result is int32",
    "AveragePool": "1-D and 2-D; ceil_mode only without count_include_pad",
    "BatchNormalization": "inference; constant parameters",
    "Cast": "between real types",
    "CastLike": "between real types",
    "Clip": "constant bounds",
    "ConstantOfShape": "constant shape",
    "Conv": "1-D and 2-D; groups, strides, pads, dilations; constant weights",
    "DequantizeLinear": "4, 8, 16 bits; per tensor; of constants also per axis",
    "Div": "by a constant",
    "Gemm": "constant weights and bias; no transA",
    "MatMul": "one operand constant, a matrix",
    "MaxPool": "1-D and 2-D; without the index output",
    "Pad": "constant mode, constant pads that are not negative",
    "QuantizeLinear": "4 (for HLS), 8, 16 bits; per tensor",
    "Reshape": "constant shape",
    "Sigmoid": "8-bit values",
    "Slice": "constant bounds, steps of 1",
    "Softmax": "fewer than 65,536 elements",
    "Split": "constant sizes",
    "Tanh": "8-bit values",
}
"""What `tinyml supported-ops` says of an operator beside its name."""
