"""Gemm and Conv as contractions: integer weights, a bias in accumulator units, one requantization per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ...dialects import onnx
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.types import DomainAttr, QType
from ...passes.fixed.layouts.transposes import transpose
from ...passes.fixed.scales.signs import greatest_sums, reaches
from .biases import bias_integers, magnitudes
from .bodies import Body
from .builder import FixedBuilder, access, dimensions, shape_of
from .requantize import accumulator_bits


@dataclass(frozen=True)
class Weights:
    """Weights of a contraction: stored integers with output channels first, and how to lay them out.

    `layout` reshapes and transposes the integers into the order of use; its result is what the access map reads.
    """

    integers: NDArray[Any]
    type: QType
    shape: tuple[int, ...]
    permutation: tuple[int, ...]

    def laid_out(self) -> NDArray[Any]:
        """The integers in the order of use."""
        return np.ascontiguousarray(self.integers.reshape(self.shape).transpose(self.permutation))

    def laid_out_type(self) -> QType:
        """The type of the laid out integers; per-channel scales follow their axis where it stays one."""
        if self.shape == self.integers.shape or self.type.axis.data < 0:
            return self.type.permuted(self.permutation)
        return self.type


@dataclass(frozen=True)
class Accesses:
    """The domain of a contraction and the access maps of its input, weights, channel params and output."""

    domain: DomainAttr
    input: AffineMap
    weights: AffineMap
    channel: AffineMap
    output: AffineMap


def contract(
    builder: FixedBuilder,
    op: onnx.GemmOp | onnx.ConvOp | onnx.ConvTransposeOp,
    source: SSAValue,
    weights: Weights,
    accesses: Accesses,
    result_shape: Sequence[int],
    y: QType | None = None,
) -> SSAValue:
    """Emit `round(M * (sum((x - zx) * (w - zw)) + bias)) + zy`, saturated; M is per output channel, y the op's type."""
    x, y = builder.type_of(op.operands[0]), y or builder.type_of(op.results[0])
    name = op.node.data if op.node else op.name
    scales = np.broadcast_to(np.asarray(weights.type.scales.data), (len(weights.integers),))
    bias = bias_integers(op, x.scale * scales)
    sums = channel_sums(weights, reaches(op.operands[0], x))
    requantizer, bias = builder.requantizer(x.scale * scales / y.scale, sums, bias, accesses.channel, op)
    acc = IntegerType(accumulator_bits(int(magnitudes(sums, bias).max())))

    params, maps = list[SSAValue](), list[AffineMap]()
    if bias is not None:
        params, maps = [builder.constant(bias, acc, f"{name}_bias")], [accesses.channel]
    params += requantizer.params
    maps += requantizer.maps
    elements = [t.element_type for t in (p.type for p in params) if isinstance(t, TensorType)]
    body = Body([acc, *elements])
    value, *rest = body.arguments
    if bias is not None:
        value = body.add(value, rest.pop(0))
    region = body.finish(requantizer.stored(body, value, y, *rest))

    weight = builder.constant(weights.laid_out(), weights.laid_out_type(), f"{name}_weights")
    return builder.emit(
        ContractOp(
            [source, weight],
            TensorType(y, result_shape),
            accesses.domain,
            [accesses.input, accesses.weights, *maps, accesses.output],
            region,
            acc,
            (x.zp, weights.type.zp),
            params,
            node=name,
        )
    )


def channel_sums(weights: Weights, reaches: tuple[int, int]) -> NDArray[Any]:
    """The greatest magnitude that any partial sum of each channel can reach, over all inputs within `reaches`."""
    channels = weights.integers.reshape(len(weights.integers), -1).astype(np.int64)
    return greatest_sums(channels - weights.type.zp, *reaches)


def lower_gemm(builder: FixedBuilder, op: onnx.GemmOp, y: QType | None = None) -> SSAValue:
    """y[m, o] = sum_k x[m, k] w[o, k] + b[o], in a type y or the op's own"""
    integers, type = builder.integers(op.w)
    rows, depth = shape_of(op.x)
    channels = len(integers)
    m, o, k = dimensions(3)
    accesses = Accesses(
        DomainAttr((rows, channels), (depth,)),
        access(3, m, k),
        access(3, o, k),
        access(3, o),
        access(3, m, o),
    )
    weights = Weights(integers, type, integers.shape, (0, 1))
    return contract(builder, op, builder.value(op.x), weights, accesses, (rows, channels), y)


def lower_conv(builder: FixedBuilder, op: onnx.ConvOp) -> SSAValue:
    """A convolution on NHWC: (n, y..., channels | window..., input channels of the group)."""
    integers, type = builder.integers(op.w)
    spatial = len(integers.shape) - 2
    to_nhwc = (0, *range(2, spatial + 2), 1)
    source = builder.emit(transpose(builder.value(op.x), to_nhwc, f"{name_of(op)}_nhwc"))
    out_shape = shape_of(op.results[0])
    result_shape = tuple(out_shape[axis] for axis in to_nhwc)
    weights, accesses = conv_layout(op, integers, type, result_shape)
    result = contract(builder, op, source, weights, accesses, result_shape)
    to_nchw = (0, spatial + 1, *range(1, spatial + 1))
    return builder.emit(transpose(result, to_nchw, f"{name_of(op)}_nchw"))


def name_of(op: onnx.GemmOp | onnx.ConvOp) -> str:
    """The node's name, or the op's."""
    return op.node.data if op.node else op.name


def conv_layout(
    op: onnx.ConvOp, integers: NDArray[Any], type: QType, result_shape: tuple[int, ...]
) -> tuple[Weights, Accesses]:
    """Weights in the order of use and the access maps, for dense (group 1), depthwise and grouped convolutions.

    dense      weights [o, window..., c]       domain (n, y..., o | window..., c)
    depthwise  weights [window..., c]          domain (n, y..., c | window...)
    grouped    weights [g, o, window..., c]    domain (n, y..., g, o | window..., c)
    """
    batch, *positions, channels = result_shape
    groups = op.groups
    per_group, depth, window = channels // groups, integers.shape[1], integers.shape[2:]
    spatial = len(window)
    depthwise = depth == 1 and per_group == 1
    outer = [groups] if depthwise else [channels] if groups == 1 else [groups, per_group]
    inner = [] if depthwise else [depth]
    parallel = (batch, *positions, *outer)
    num_dims = len(parallel) + spatial + len(inner)
    d = dimensions(num_dims)
    first = 1 + spatial
    taps = d[len(parallel) : len(parallel) + spatial]
    window_index = [
        y * stride + tap * dilation - pad
        for y, tap, stride, dilation, pad in zip(
            d[1:first], taps, op.stride_list, op.dilation_list, op.pad_list[:spatial], strict=True
        )
    ]
    if depthwise:
        channel, in_channel, weight_index = d[first], d[first], [*taps, d[first]]
        shape, permutation = (channels, *window), (*range(1, spatial + 1), 0)
    elif groups == 1:
        channel, in_channel, weight_index = d[first], d[-1], [d[first], *taps, d[-1]]
        shape, permutation = integers.shape, (0, *range(2, spatial + 2), 1)
    else:
        channel, in_channel = d[first] * per_group + d[first + 1], d[first] * depth + d[-1]
        weight_index = [d[first], d[first + 1], *taps, d[-1]]
        shape, permutation = (groups, per_group, depth, *window), (0, 1, *range(3, spatial + 3), 2)
    accesses = Accesses(
        DomainAttr(parallel, (*window, *inner)),
        access(num_dims, d[0], *window_index, in_channel),
        access(num_dims, *weight_index),
        access(num_dims, channel),
        access(num_dims, d[0], *d[1:first], channel),
    )
    return Weights(integers, type, shape, permutation), accesses
