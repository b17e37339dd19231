"""Random networks: importer, float executor and the folding passes against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.networks import Network
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.passes.onnx.fold_batch_normalization import FoldBatchNormalizationPass
from tinyml_opt.passes.onnx.fold_bias import FoldBiasPass
from tinyml_opt.passes.onnx.fold_constants import FoldConstantsPass
from tinyml_opt.passes.onnx.fold_pad import FoldPadPass
from tinyml_opt.targets.executors.onnx import OnnxExecutor

Array = NDArray[Any]
Draw = st.DrawFn

PASSES = (FoldConstantsPass, FoldPadPass, FoldBiasPass, FoldBatchNormalizationPass)


class Image:
    """The image under construction: its value's name and its shape (channels, height, width)."""

    def __init__(self, network: Network, draw: Draw):
        self.net, self.draw = network, draw
        self.value, self.shape = "x", network.shape[1:]

    def int(self, low: int, high: int) -> int:
        """A drawn integer."""
        return self.draw(st.integers(low, high))

    def window(self) -> dict[str, Any]:
        """Attributes of a window that fits the image, and perhaps padding that is smaller than it."""
        kernel = [self.int(1, min(3, n)) for n in self.shape[1:]]
        attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": [self.int(1, 2), self.int(1, 2)]}
        auto_pad = self.draw(st.sampled_from(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
        if auto_pad.startswith("SAME"):
            # onnxruntime computes negative padding where a stride is greater than the window
            attributes["strides"] = [min(pair) for pair in zip(attributes["strides"], kernel, strict=True)]
        if auto_pad == "NOTSET":
            attributes["pads"] = [self.int(0, k - 1) for k in kernel * 2]
        else:
            attributes["auto_pad"] = auto_pad
        return attributes

    def conv(self) -> None:
        """Any groups, a bias or none, float weights or quantized ones."""
        channels = self.shape[0]
        group = self.draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
        outputs = group * self.int(1, 2)
        attributes = self.window()
        shape = (outputs, channels // group, *attributes["kernel_shape"])
        weights = self.quantized(shape) if self.draw(st.booleans()) else self.net.weight(*shape)
        bias = [self.net.bias(outputs)] if self.draw(st.booleans()) else []
        self.value = self.net.node("Conv", self.value, weights, *bias, group=group, **attributes)

    def quantized(self, shape: tuple[int, ...]) -> str:
        """Integers behind a DequantizeLinear with a scale per output channel, the first of them perhaps 0."""
        integers = self.net.random.integers(-127, 128, shape).astype(np.int8)
        scales = self.net.random.uniform(0.001, 0.01, shape[0]).astype(np.float32)
        scales[0] *= self.int(0, 1)
        zeros = self.net.constant(np.zeros(shape[0], np.int8))
        return self.net.node("DequantizeLinear", self.net.constant(integers), self.net.constant(scales), zeros, axis=0)

    def normalization(self) -> None:
        """Random parameters."""
        channels = self.shape[0]
        variance = self.net.constant(self.net.random.uniform(0.1, 2, channels).astype(np.float32))
        parameters = [self.net.bias(channels) for _ in range(3)]
        self.value = self.net.node("BatchNormalization", self.value, *parameters, variance, epsilon=1e-3)

    def pool(self) -> None:
        """The greatest or the mean of windows."""
        kind = self.draw(st.sampled_from(["MaxPool", "AveragePool"]))
        attributes = self.window()
        if kind == "AveragePool":
            attributes["count_include_pad"] = self.int(0, 1)
        if not attributes.get("count_include_pad") and not any(attributes.get("pads", [1])):
            # shape inference counts windows that start behind the image, which onnxruntime and the importer do not
            inside = all(s <= k for s, k in zip(attributes["strides"], attributes["kernel_shape"], strict=True))
            attributes["ceil_mode"] = self.int(0, 1) if inside else 0
        self.value = self.net.node(kind, self.value, **attributes)

    def activation(self) -> None:
        """A scalar function."""
        kind = self.draw(st.sampled_from(["Relu", "Sigmoid", "Tanh", "Clip", "Identity"]))
        bounds = [self.net.constant(np.float32(-0.5)), self.net.constant(np.float32(1))] if kind == "Clip" else []
        self.value = self.net.node(kind, self.value, *bounds)

    def add(self) -> None:
        """The value twice, or a bias per channel."""
        other = self.value if self.draw(st.booleans()) else self.net.bias(self.shape[0], 1, 1)
        self.value = self.net.node("Add", other, self.value)

    def product(self) -> None:
        """Times a number per channel, or all of it twice."""
        other = self.value if self.draw(st.booleans()) else self.net.bias(self.shape[0], 1, 1)
        self.value = self.net.node("Mul", self.value, other)

    def pad(self) -> None:
        """Margins of any number, mostly 0, which layers may take in."""
        pads = [self.int(0, 1) for _ in range(8)]
        pads[0] = pads[4] = 0
        value = self.draw(st.sampled_from([0, 0, 0.5]))
        self.value = self.net.node(
            "Pad", self.value, self.net.constant(np.array(pads)), self.net.constant(np.float32(value))
        )

    def concat(self) -> None:
        """Beside itself, or beside its activation."""
        other = self.value if self.draw(st.booleans()) else self.net.node("Tanh", self.value)
        self.value = self.net.node("Concat", self.value, other, axis=self.int(1, 3))

    def slice(self) -> None:
        """Without the first of each dimension that has more than one."""
        starts = [min(1, n - 1) for n in self.shape]
        ends, axes = [2**31 - 1] * 3, [1, 2, 3]
        self.value = self.net.node("Slice", self.value, *(self.net.constant(np.array(n)) for n in (starts, ends, axes)))

    def head(self) -> None:
        """One dense layer on the channels or on all elements."""
        kind = self.draw(st.sampled_from(["GlobalAveragePool", "ReduceMean", ""]))
        if kind:
            attributes: dict[str, Any] = {"axes": [2, 3]} if kind == "ReduceMean" else {}
            self.value = self.net.node(kind, self.value, **attributes)
            self.shape = (self.shape[0], 1, 1)
        count = int(np.prod(self.shape))
        flat = self.net.node("Flatten", self.value)
        if self.draw(st.booleans()):
            product = self.net.node("MatMul", flat, self.net.weight(count, 3, axis=1))
            self.value = self.net.node("Add", product, self.net.bias(3))
            self.shape = (3,)
            if self.draw(st.booleans()):
                self.normalization()
        else:
            transposed = self.int(0, 1)
            weights = self.net.weight(3, count) if transposed else self.net.weight(count, 3, axis=1)
            self.value = self.net.node("Gemm", flat, weights, self.net.bias(1, 3), transB=transposed, alpha=0.5)
        if self.draw(st.booleans()):
            self.value = self.net.node("Softmax", self.value)

    def measure(self) -> None:
        """Find out the shape by inference, which also checks the model."""
        inferred = Network.model(self.ending())
        self.shape = tuple(d.dim_value for d in inferred.graph.output[0].type.tensor_type.shape.dim[1:])

    def ending(self) -> Network:
        """The network with the value as its output."""
        self.net.outputs.clear()
        self.net.result(self.value)
        return self.net


LAYERS = (
    *(Image.conv, Image.conv, Image.pool, Image.normalization, Image.activation),
    *(Image.add, Image.product, Image.pad, Image.concat, Image.slice),
)


@st.composite
def networks(draw: Draw) -> tuple[onnx.ModelProto, Array]:
    """A model and rows for it."""
    network = Network((1, *(draw(st.integers(1, n)) for n in (4, 7, 7))), draw(st.integers(0, 1000)))
    image = Image(network, draw)
    for layer in draw(
        st.lists(
            st.sampled_from(LAYERS),
            max_size=5,
        )
    ):
        layer(image)
        image.measure()
    image.head()
    return image.ending().model(), network.rows(3)


def outputs_of_onnxruntime(model: onnx.ModelProto, rows: Array) -> Array:
    """Row by row, as the model's batch is 1; without optimizations, which fail on some biases of a Gemm."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.stack([np.asarray(session.run(None, {"x": row})[0]) for row in rows])


def outputs_of(module: ModuleOp, rows: Array) -> Array:
    """All rows at once."""
    module.verify()
    (output,) = OnnxExecutor(module).run({"x": rows}).outputs.values()
    return output


@settings(max_examples=settings().max_examples)
@given(networks())
def test_like_onnxruntime(network: tuple[onnx.ModelProto, Array]) -> None:
    model, rows = network
    expected = outputs_of_onnxruntime(model, rows)
    module = import_onnx(model.SerializeToString())
    np.testing.assert_allclose(outputs_of(module, rows), expected, rtol=1e-4, atol=1e-5)
    for fold in PASSES:
        fold().apply(Context(), module)
        np.testing.assert_allclose(outputs_of(module, rows), expected, rtol=1e-4, atol=1e-5)
    ops = list(module.walk())
    assert not {type(op) for op in ops} & {dialect.MatMulOp, dialect.IdentityOp}
    layers = [op for op in ops if isinstance(op, dialect.BatchNormalizationOp) and is_foldable(op.x)]
    assert not layers


def is_foldable(value: SSAValue) -> bool:
    """The value of a layer with float weights that is used once."""
    owner = value.owner
    layer = isinstance(owner, dialect.ConvOp | dialect.GemmOp) and isinstance(owner.w.owner, dialect.ConstantOp)
    return layer and value.has_one_use()
