"""Translations of layers with weights, and of pools."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..import_onnx.node import Unsupported
from .graph import NCHW, array_of, is_quantized
from .node import Node

SAME = 0
"""Padding as much as keeps the size (schema, Padding); TFLite puts the odd one behind, as ONNX's SAME_UPPER."""


def padding(options: Any) -> str:
    """ONNX's auto_pad."""
    return "SAME_UPPER" if options.Padding() == SAME else "VALID"


def weights(node: Node, index: int, x: int, order: tuple[int, ...]) -> str:
    """Constant weights with their dimensions in another order: reals, or integers behind a DequantizeLinear."""
    tensor = node.tensor(index)
    if not tensor.is_constant:
        raise Unsupported("weights must be constants")
    if tensor.dtype not in ("float32", "float16") and not is_quantized(tensor):
        raise Unsupported(f"weights of {tensor.dtype or 'this type'} are not supported; use int8 or float32")
    if is_quantized(tensor) and not node.quantized(x):
        raise Unsupported(
            f"it is hybrid, weights of {tensor.dtype} with values of float32, which needs float arithmetic; convert "
            "with full integer quantization (a representative dataset), or without any"
        )
    return laid_out(node, node.number(index), order)


def laid_out(node: Node, number: int, order: tuple[int, ...]) -> str:
    """A constant with its dimensions in another order."""
    graph, tensor = node.graph, node.graph.model.tensors[number]
    if len(tensor.shape) != len(order):
        raise Unsupported(f"weights of shape {list(tensor.shape)} do not have {len(order)} dimensions")
    array = array_of(tensor).transpose(order)
    if not is_quantized(tensor):
        return graph.constant(array.astype(np.float32))
    quantization = tensor.quantization
    assert quantization is not None, "it is quantized"
    axis = quantization.axis
    if quantization.scales.size > 1 and not 0 <= axis < len(order):
        raise Unsupported(f"scales along dimension {axis} of shape {list(tensor.shape)}; convert the model again")
    where = order.index(axis) if quantization.scales.size > 1 else 0
    inputs = [graph.constant(array), *graph.parameters(number)]
    return graph.emit("DequantizeLinear", inputs, f"{node.name}_weights", axis=where)[0]


def bias(node: Node, index: int, x: int, w: int) -> list[str]:
    """The bias of a layer, if any; that of integers has the product of the operands' scales, whatever it states."""
    if not node.has(index):
        return []
    tensor = node.tensor(index)
    array = node.array(index, "the bias")
    if tensor.dtype in ("float32", "float16"):
        return [node.graph.constant(array.astype(np.float32))]
    if tensor.dtype not in ("int32", "int64"):
        raise Unsupported(f"a bias of {tensor.dtype or 'this type'} is not supported")
    scales = product_scales(node, x, w)
    if scales.size > 1 and scales.size != array.size:
        raise Unsupported(f"{scales.size} scales for a bias of {array.size}; convert the model again")
    scales = scales if scales.size > 1 else scales.reshape(())
    zeros = np.zeros(scales.shape, array.dtype)
    constants = [node.graph.constant(a) for a in (array.reshape(-1), scales, zeros)]
    return node.graph.emit("DequantizeLinear", constants, f"{node.name}_bias", axis=0)


def product_scales(node: Node, x: int, w: int) -> NDArray[np.float32]:
    """The scale of a product of a value and weights, one or one per channel."""
    of_x, of_w = node.tensor(x).quantization, node.tensor(w).quantization
    if of_x is None or of_w is None:
        raise Unsupported("a bias of integers beside operands without scales; convert the model again")
    return (np.float64(of_x.scales[0]) * of_w.scales.astype(np.float64)).astype(np.float32)


def conv_2d(node: Node) -> None:
    """Weights [out, height, width, in of a group]."""
    from tflite import Conv2DOptions

    options = node.options(Conv2DOptions)
    w, channels = node.tensor(1).shape, node.tensor(0).shape
    if len(w) != 4 or len(channels) != 4 or channels[3] <= 0 or w[3] <= 0 or channels[3] % w[3]:
        raise Unsupported(f"weights {list(w)} do not fit a value of shape {list(channels)}; convert the model again")
    layer(node, (0, 3, 1, 2), channels[3] // w[3], options)


def depthwise_conv_2d(node: Node) -> None:
    """Weights [1, height, width, out]; each input channel makes as many output channels."""
    from tflite import DepthwiseConv2DOptions

    if len(node.tensor(0).shape) != 4:
        raise Unsupported(f"a value of shape {list(node.tensor(0).shape)} is no image; convert the model again")
    layer(node, (3, 0, 1, 2), node.tensor(0).shape[3], node.options(DepthwiseConv2DOptions))


def layer(node: Node, order: tuple[int, ...], group: int, options: Any) -> None:
    """A convolution."""
    value = node.emit(
        "Conv",
        node.real(0, NCHW),
        weights(node, 1, 0, order),
        *bias(node, 2, 0, 1),
        auto_pad=padding(options),
        strides=[options.StrideH(), options.StrideW()],
        dilations=[options.DilationHFactor(), options.DilationWFactor()],
        group=group,
    )
    node.define(value, NCHW, options.FusedActivationFunction())


def transpose_conv(node: Node) -> None:
    """Inputs: the result's shape, weights [out, height, width, in], the value, perhaps a bias."""
    from tflite import TransposeConvOptions

    options = node.options(TransposeConvOptions)
    w, x = node.tensor(1).shape, node.tensor(2).shape
    size = list(node.result().shape) if node.tensor(0).data is None else node.listed(0, "the result's shape")
    if not len(size) == len(w) == len(x) == 4:
        raise Unsupported(f"shapes {list(x)}, {list(w)} and {size} are no images; convert the model again")
    strides = [options.StrideH(), options.StrideW()]
    reach = [(x[1 + a] - 1) * strides[a] + w[1 + a] for a in range(2)]
    extra = [reach[a] - size[1 + a] for a in range(2)]
    before = [max(0, n) // 2 if options.Padding() == SAME else 0 for n in extra]
    after = [max(0, n) - b for n, b in zip(extra, before, strict=True)]
    value = node.emit(
        "ConvTranspose",
        node.real(2, NCHW),
        weights(node, 1, 2, (3, 0, 1, 2)),
        *bias(node, 3, 2, 1),
        strides=strides,
        pads=[*before, *after],
        output_padding=[max(0, -n) for n in extra],
    )
    node.define(value, NCHW, options.FusedActivationFunction())


def fully_connected(node: Node) -> None:
    """Weights [out, in]; values of more dimensions are rows of the last one."""
    from tflite import FullyConnectedOptions

    options = node.options(FullyConnectedOptions)
    if options.WeightsFormat():
        raise Unsupported("shuffled weights are not supported; convert it again")
    if len(node.tensor(1).shape) != 2:
        raise Unsupported(f"weights of shape {list(node.tensor(1).shape)} are no matrix; convert the model again")
    out, depth = node.tensor(1).shape
    x = node.real(0)
    if node.rank() != 2 or node.tensor(0).shape[1] != depth:
        x = node.emit("Reshape", x, node.constant([-1, depth]))
    w = weights(node, 1, 0, (0, 1))
    value = node.emit("Gemm", x, w, *bias(node, 2, 0, 1), transB=1)
    shape = node.tensor(0).shape if options.KeepNumDims() else ()
    if len(shape) > 2:
        open_sizes = [-1 if n < 0 or a == 0 else n for a, n in enumerate((*shape[:-1], out))]
        value = node.emit("Reshape", value, node.constant(open_sizes))
    node.define(value, activation=options.FusedActivationFunction())


def batch_mat_mul(node: Node) -> None:
    """A product of matrices, each perhaps transposed."""
    from tflite import BatchMatMulOptions

    options = node.options(BatchMatMulOptions)
    sides = []
    for index, adjoint in ((0, options.AdjX()), (1, options.AdjY())):
        rank = node.rank(index)
        order = (*range(rank - 2), rank - 1, rank - 2)
        sides.append(node.emit("Transpose", node.real(index), perm=order) if adjoint else node.real(index))
    if node.quantized() and (node.tensor(0).is_constant or node.tensor(1).is_constant):
        raise Unsupported("of a quantized constant it is not supported; convert it as FULLY_CONNECTED")
    if node.quantized(0) != node.quantized(1):
        raise Unsupported("it is hybrid; convert with full integer quantization, or without any")
    node.define(node.emit("MatMul", *sides))


def pool(operator: str) -> Any:
    """A pool over windows; padding does not count in means."""

    def translation(node: Node) -> None:
        from tflite import Pool2DOptions

        options = node.options(Pool2DOptions)
        value = node.emit(
            operator,
            node.real(0, NCHW),
            kernel_shape=[options.FilterHeight(), options.FilterWidth()],
            strides=[options.StrideH(), options.StrideW()],
            auto_pad=padding(options),
        )
        node.define(value, NCHW, options.FusedActivationFunction())

    return translation
