"""One translation per ONNX operator: check its attributes, make them explicit, build the `onnx` op.

A translation raises `Unsupported` with what is wrong and what to do; the importer adds the node and collects them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import Float32Type, IntegerType, TensorType
from xdsl.ir import Attribute, SSAValue

from ..dialects import onnx
from ..dialects.dense import element_of as element_type_of_array
from ..dialects.dense import from_numpy, to_numpy
from ..dialects.onnx_base import element_of, shape_of, window_shape
from ..dialects.onnx_weights import is_weight, transposed_weight


class Unsupported(Exception):
    """Why a node cannot be taken, and what to do."""


@dataclass(frozen=True)
class Node:
    """An ONNX node with its operands looked up: None where an optional input is left out."""

    op_type: str
    name: str
    operands: tuple[SSAValue | None, ...]
    attributes: dict[str, Any]

    def operand(self, index: int) -> SSAValue:
        """A required operand."""
        if index >= len(self.operands) or (value := self.operands[index]) is None:
            raise Unsupported(f"input {index} is missing")
        return value

    def optional(self, index: int) -> SSAValue | None:
        """An operand that may be left out."""
        return self.operands[index] if index < len(self.operands) else None

    def constant(self, index: int, what: str) -> NDArray[Any]:
        """The value of an operand that must be known now."""
        value = self.operand(index)
        if not isinstance(value.owner, onnx.ConstantOp):
            raise Unsupported(f"{what} must be a constant; fold constants before exporting")
        return to_numpy(value.owner.value)

    def refuse(self, **allowed: Any) -> None:
        """Raise where an attribute is given with a value other than the one that means nothing."""
        for key, value in allowed.items():
            if key in self.attributes and self.attributes[key] != value:
                raise Unsupported(f"attribute {key} = {self.attributes[key]!r} is not supported, only {value!r}")


Translation = Callable[[Node], onnx.OnnxOp]


def like(value: SSAValue, shape: Sequence[int], element: Attribute | None = None) -> TensorType[Any]:
    """A tensor type with the element type of a value."""
    return TensorType(element_of(value) if element is None else element, shape)


@dataclass(frozen=True)
class WindowAttributes:
    """A sliding window with every attribute explicit."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]


def window_attributes(node: Node, spatial: Sequence[int], kernel: Sequence[int]) -> WindowAttributes:
    """Resolve defaults, `auto_pad` and `ceil_mode` (ONNX Conv and pooling specifications)."""
    rank = len(spatial)
    strides = tuple(node.attributes.get("strides", [1] * rank))
    dilations = tuple(node.attributes.get("dilations", [1] * rank))
    pads = list(node.attributes.get("pads", [0] * 2 * rank))
    auto_pad = node.attributes.get("auto_pad", "NOTSET")
    if rank not in (1, 2):
        raise Unsupported(f"{rank}-dimensional windows are not supported, only 1-D and 2-D")
    if auto_pad not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise Unsupported(f"auto_pad = {auto_pad!r} is none of ONNX's; use explicit pads")
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        for axis in range(rank):
            positions = -(-spatial[axis] // strides[axis])
            reach = (positions - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1
            total = max(0, reach - spatial[axis])
            small, large = total // 2, total - total // 2
            first, last = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
            pads[axis], pads[axis + rank] = first, last
    elif auto_pad == "VALID":
        pads = [0] * 2 * rank
    if any(p < 0 for p in pads):
        raise Unsupported(f"negative pads {pads} are not supported; slice the input instead")
    if node.attributes.get("ceil_mode", 0):
        for axis in range(rank):
            room = spatial[axis] + pads[axis] + pads[axis + rank] - dilations[axis] * (kernel[axis] - 1) - 1
            starts_inside = (room // strides[axis] + 1) * strides[axis] < spatial[axis] + pads[axis]
            if room % strides[axis] and starts_inside:
                if node.attributes.get("count_include_pad", 0):
                    raise Unsupported("ceil_mode = 1 with count_include_pad = 1 is not supported; use explicit pads")
                pads[axis + rank] += strides[axis] - room % strides[axis]
    return WindowAttributes(tuple(kernel), strides, dilations, tuple(pads))


def conv(node: Node) -> onnx.OnnxOp:
    x, w = node.operand(0), node.operand(1)
    if not is_weight(w):
        raise Unsupported("the weights must be constants")
    x_shape, w_shape = shape_of(x), shape_of(w)
    a = window_attributes(node, x_shape[2:], node.attributes.get("kernel_shape", w_shape[2:]))
    positions = window_shape(x_shape[2:], a.kernel, a.strides, a.dilations, a.pads)
    type = like(x, (x_shape[0], w_shape[0], *positions))
    group = node.attributes.get("group", 1)
    return onnx.ConvOp(x, w, node.optional(2), type, a.strides, a.pads, a.dilations, group, node.name)


def pool_attributes(node: Node, spatial: Sequence[int]) -> WindowAttributes:
    """Raises Unsupported where a window could lie in the padding only, and have no maximum or mean."""
    a = window_attributes(node, spatial, node.attributes["kernel_shape"])
    if any(pad >= a.kernel[i % len(spatial)] for i, pad in enumerate(node.attributes.get("pads", ()))):
        raise Unsupported(f"pads {list(a.pads)} must be smaller than the window {list(a.kernel)}")
    return a


def max_pool(node: Node) -> onnx.OnnxOp:
    node.refuse(storage_order=0)
    x = node.operand(0)
    a = pool_attributes(node, shape_of(x)[2:])
    positions = window_shape(shape_of(x)[2:], a.kernel, a.strides, a.dilations, a.pads)
    type = like(x, (*shape_of(x)[:2], *positions))
    return onnx.MaxPoolOp(x, type, a.kernel, a.strides, a.pads, a.dilations, node.name)


def average_pool(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    a = pool_attributes(node, shape_of(x)[2:])
    positions = window_shape(shape_of(x)[2:], a.kernel, a.strides, a.dilations, a.pads)
    type = like(x, (*shape_of(x)[:2], *positions))
    include = bool(node.attributes.get("count_include_pad", 0))
    return onnx.AveragePoolOp(x, type, a.kernel, a.strides, a.pads, a.dilations, include, node.name)


def global_average_pool(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    return onnx.GlobalAveragePoolOp(x, like(x, (*shape[:2], *(1 for _ in shape[2:]))), node.name)


def gemm(node: Node) -> onnx.OnnxOp:
    """Brought to x w^T + b: constants absorb transB, alpha and beta."""
    node.refuse(transA=0)
    x, w, bias = node.operand(0), node.operand(1), node.optional(2)
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    if not is_weight(w) or (bias is not None and not is_weight(bias)):
        raise Unsupported("weights and bias must be constants")
    if not node.attributes.get("transB", 0):
        w = transposed_weight(w)[-1].result
    if alpha != 1.0:
        w = scaled_constant(w, alpha)
    channels = shape_of(w)[0]
    if bias is not None and shape_of(bias) != (channels,):
        if prod(shape_of(bias)) not in (1, channels):
            raise Unsupported(f"a bias of shape {list(shape_of(bias))} is not supported, only [{channels}]")
        bias = reshaped_bias(bias, channels)
    if bias is not None and beta != 1.0:
        bias = scaled_constant(bias, beta)
    return onnx.GemmOp(x, w, bias, like(x, (shape_of(x)[0], channels)), node.name)


def scaled_constant(value: SSAValue, factor: float) -> SSAValue:
    """A float constant times a factor."""
    owner = value.owner
    if not isinstance(owner, onnx.ConstantOp):
        raise Unsupported("alpha and beta other than 1 are supported on float weights only")
    return onnx.ConstantOp(from_numpy(to_numpy(owner.value) * np.float32(factor)), owner.label).result


def reshaped_bias(value: SSAValue, channels: int) -> SSAValue:
    """A constant bias of any shape with 1 or `channels` elements as [channels]."""
    owner = value.owner
    if not isinstance(owner, onnx.ConstantOp):
        raise Unsupported(f"a quantized bias of shape {list(shape_of(value))} is not supported, only [{channels}]")
    return onnx.ConstantOp(from_numpy(np.broadcast_to(to_numpy(owner.value).reshape(-1), (channels,)))).result


def mat_mul(node: Node) -> onnx.OnnxOp:
    x, w = node.operand(0), node.operand(1)
    if not is_weight(w):
        raise Unsupported(
            "the right operand must be a constant (weights); products of two computed tensors are not supported"
        )
    if len(shape_of(x)) != 2 or len(shape_of(w)) != 2:
        raise Unsupported(
            f"operands of shapes {list(shape_of(x))} and {list(shape_of(w))} are not supported, only matrices"
        )
    return onnx.MatMulOp(x, w, like(x, (shape_of(x)[0], shape_of(w)[1])), node.name)


def batch_normalization(node: Node) -> onnx.OnnxOp:
    node.refuse(training_mode=0)
    operands = [node.operand(i) for i in range(5)]
    for index in range(1, 5):
        node.constant(index, "a parameter")
    return onnx.BatchNormalizationOp(
        operands, node.attributes.get("epsilon", 1e-5), like(operands[0], shape_of(operands[0])), node.name
    )


def add(node: Node) -> onnx.OnnxOp:
    lhs, rhs = node.operand(0), node.operand(1)
    shape = np.broadcast_shapes(shape_of(lhs), shape_of(rhs))
    return onnx.AddOp(lhs, rhs, like(lhs, shape), node.name)


def unary(cls: type[onnx.ReluOp] | type[onnx.SigmoidOp] | type[onnx.TanhOp]) -> Translation:
    """A scalar function of one operand, without attributes."""
    return lambda node: cls(node.operand(0), like(node.operand(0), shape_of(node.operand(0))), node.name)


def clip(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    bounds = [node.attributes.get("min", -np.inf), node.attributes.get("max", np.inf)]
    for index in (1, 2):
        if node.optional(index) is not None:
            bounds[index - 1] = float(node.constant(index, "a bound").reshape(()))
    return onnx.ClipOp(x, bounds[0], bounds[1], like(x, shape_of(x)), node.name)


def softmax(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    return onnx.SoftmaxOp(x, node.attributes.get("axis", -1), like(x, shape_of(x)), node.name)


def arg_max(node: Node) -> onnx.OnnxOp:
    node.refuse(select_last_index=0)
    x = node.operand(0)
    axis, shape = node.attributes.get("axis", 0), list(shape_of(x))
    position = axis % len(shape)
    kept = [1] if node.attributes.get("keepdims", 1) else []
    type = like(x, [*shape[:position], *kept, *shape[position + 1 :]], IntegerType(64))
    return onnx.ArgMaxOp(x, axis, type, node.name)


def reshape(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    target = [int(n) for n in node.constant(1, "the shape").reshape(-1)]
    if not node.attributes.get("allowzero", 0):
        target = [shape_of(x)[i] if n == 0 else n for i, n in enumerate(target)]
    if -1 in target:
        rest = prod(n for n in target if n != -1)
        target[target.index(-1)] = prod(shape_of(x)) // max(1, rest)
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
    axes = node.attributes.get("axes")
    if node.optional(1) is not None:
        axes = [int(a) for a in node.constant(1, "the axes").reshape(-1)]
    dropped = {a % len(shape) for a in axes} if axes is not None else {a for a, n in enumerate(shape) if n == 1}
    return onnx.SqueezeOp(x, like(x, [n for a, n in enumerate(shape) if a not in dropped]), node.name)


def identity(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    return onnx.IdentityOp(x, like(x, shape_of(x)), node.name)


def transpose(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    shape = shape_of(x)
    perm = node.attributes.get("perm", list(range(len(shape)))[::-1])
    if sorted(perm) != list(range(len(shape))):
        raise Unsupported(f"perm {perm} is not a permutation of {len(shape)} dimensions")
    return onnx.TransposeOp(x, perm, like(x, [shape[a] for a in perm]), node.name)


def quantization(node: Node) -> tuple[Any, Any, int]:
    """Scale, zero point (zeros where left out) and axis.

    Raises Unsupported for a scale per channel of anything but weights.
    """
    node.refuse(block_size=0)
    scale = node.constant(1, "the scale").astype(np.float32)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise Unsupported("every scale must be positive and finite")
    if scale.size > 1 and not is_computed_from_constants(node.operand(0)):
        raise Unsupported("a scale per channel is supported for constant weights only; quantize activations per tensor")
    if node.optional(2) is not None:
        zero_point = node.constant(2, "the zero point")
    else:
        default = np.uint8 if node.op_type == "QuantizeLinear" else numpy_type(node.operand(0))
        zero_point = np.zeros(scale.shape, default)
    return from_numpy(scale), from_numpy(zero_point), node.attributes.get("axis", 1)


def is_computed_from_constants(value: SSAValue) -> bool:
    """A constant, or the QuantizeLinear or DequantizeLinear of one."""
    owner = value.owner
    if isinstance(owner, onnx.QuantizeLinearOp | onnx.DequantizeLinearOp):
        return is_computed_from_constants(owner.x)
    return isinstance(owner, onnx.ConstantOp)


def numpy_type(value: SSAValue) -> Any:
    """The numpy type of a tensor of integers."""
    from ..dialects.dense import dtype_of

    return dtype_of(element_of(value))


def quantize_linear(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    scale, zero_point, axis = quantization(node)
    type = like(x, shape_of(x), element_type_of_array(to_numpy(zero_point).dtype))
    return onnx.QuantizeLinearOp(x, scale, zero_point, axis, type, node.name)


def dequantize_linear(node: Node) -> onnx.OnnxOp:
    x = node.operand(0)
    scale, zero_point, axis = quantization(node)
    return onnx.DequantizeLinearOp(x, scale, zero_point, axis, like(x, shape_of(x), Float32Type()), node.name)


TRANSLATIONS: dict[str, Translation] = {
    "Add": add,
    "ArgMax": arg_max,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Clip": clip,
    "Conv": conv,
    "DequantizeLinear": dequantize_linear,
    "Dropout": identity,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Identity": identity,
    "MatMul": mat_mul,
    "MaxPool": max_pool,
    "QuantizeLinear": quantize_linear,
    "Relu": unary(onnx.ReluOp),
    "Reshape": reshape,
    "Sigmoid": unary(onnx.SigmoidOp),
    "Softmax": softmax,
    "Squeeze": squeeze,
    "Tanh": unary(onnx.TanhOp),
    "Transpose": transpose,
}

LIMITS: dict[str, str] = {
    "ArgMax": "first of equals; the result is int32",
    "AveragePool": "1-D and 2-D; ceil_mode only without count_include_pad",
    "BatchNormalization": "inference; constant parameters",
    "Clip": "constant bounds",
    "Conv": "1-D and 2-D; groups, strides, pads, dilations; constant weights",
    "DequantizeLinear": "per tensor, or per axis without zero points",
    "Gemm": "constant weights and bias; no transA",
    "MatMul": "matrices, the right one constant",
    "MaxPool": "1-D and 2-D; without the index output",
    "QuantizeLinear": "per tensor",
    "Reshape": "constant shape",
    "Sigmoid": "8-bit values",
    "Softmax": "fewer than 65,536 elements",
    "Tanh": "8-bit values",
}
"""What `tinyml supported-ops` says of an operator beside its name."""
