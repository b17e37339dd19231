"""Random small models for the prices of code: layers of odd sizes in chains, with branches, steps and trees.

Prices that are fitted on known networks alone hold for their shapes; these have whatever else fits a microcontroller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .samples import Sample

if TYPE_CHECKING:
    import onnx

FUNCTIONS = ("Sigmoid", "Tanh", "HardSwish", "LeakyRelu", "Elu")
CELLS = {"RNN": 1, "GRU": 3, "LSTM": 4}
"""Gates of recurrent layers."""


class RandomModel:
    """A model under construction, with one input `x`: a chain whose last value is `value` with its shape (no batch)."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.value = "x"
        self.shape: tuple[int, ...] = ()
        self.input: list[int] = []

    def int(self, low: int, high: int) -> int:
        """A random integer, both ends included."""
        return int(self.random.integers(low, high + 1))

    def weight(self, *shape: int) -> str:
        """Random numbers."""
        return self.constant(self.random.normal(size=shape).astype(np.float32))

    def constant(self, array: Any) -> str:
        """The name of an initializer."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The value of a new node."""
        from onnx import helper

        value = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [value], value, **attributes))
        return value

    def then(self, kind: str, *others: str, **attributes: Any) -> None:
        """A node behind the last value."""
        self.value = self.node(kind, self.value, *others, **attributes)

    def proto(self) -> onnx.ModelProto:
        """The model, with shapes where ONNX knows them."""
        from onnx import TensorProto, helper, shape_inference

        ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)]
        ends = [helper.make_tensor_value_info(self.value, TensorProto.FLOAT, [1, *self.shape])]
        graph = helper.make_graph(self.nodes, "net", ports, ends, self.constants)
        opsets = [helper.make_opsetid("", 17)]
        return shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets, ir_version=8))


def activation(net: RandomModel) -> None:
    """A Relu, most times; else another function or none."""
    kind = net.int(0, 9)
    if kind < 6:
        net.then("Relu")
    elif kind < 8:
        net.then(FUNCTIONS[net.int(0, len(FUNCTIONS) - 1)])


def window(net: RandomModel) -> dict[str, Any] | None:
    """Attributes of a window that fits, and the sizes behind it as `sizes`; None where none fits."""
    sizes, pad, stride = net.shape[1:], net.int(0, 1), net.int(1, 2)
    kernel = [min(net.int(1, 3) if pad == 0 else net.int(2, 5), size + pad) for size in sizes]
    if min(kernel) <= pad:
        return None
    after = tuple((size + 2 * pad - k) // stride + 1 for size, k in zip(sizes, kernel, strict=True))
    return {"kernel_shape": kernel, "strides": [stride] * len(sizes), "pads": [pad] * 2 * len(sizes), "sizes": after}


def convolution(net: RandomModel) -> None:
    """Any window and any number of channels."""
    if (attributes := window(net)) is not None:
        sizes, out = attributes.pop("sizes"), net.int(1, 20)
        weights = net.weight(out, net.shape[0], *attributes["kernel_shape"])
        net.then("Conv", weights, net.weight(out), **attributes)
        net.shape = (out, *sizes)
        activation(net)


def pointwise(net: RandomModel) -> None:
    """A window of one element."""
    out = net.int(2, 24)
    net.then("Conv", net.weight(out, net.shape[0], *[1] * len(net.shape[1:])), net.weight(out))
    net.shape = (out, *net.shape[1:])
    activation(net)


def depthwise(net: RandomModel) -> None:
    """Each channel by itself."""
    if (attributes := window(net)) is not None:
        sizes, channels = attributes.pop("sizes"), net.shape[0]
        weights = net.weight(channels, 1, *attributes["kernel_shape"])
        net.then("Conv", weights, net.weight(channels), group=channels, **attributes)
        net.shape = (channels, *sizes)
        activation(net)


def pool(net: RandomModel) -> None:
    """The greatest or the mean of a window."""
    if (attributes := window(net)) is not None:
        sizes = attributes.pop("sizes")
        net.then(("MaxPool", "AveragePool")[net.int(0, 1)], **attributes)
        net.shape = (net.shape[0], *sizes)


def residual(net: RandomModel) -> None:
    """A convolution that keeps the shape, and a sum."""
    before, sizes = net.value, len(net.shape[1:])
    weights = net.weight(net.shape[0], net.shape[0], *[3] * sizes)
    net.then("Conv", weights, net.weight(net.shape[0]), pads=[1] * 2 * sizes)
    net.then("Add", before)
    activation(net)


def beside(net: RandomModel) -> None:
    """Two branches, concatenated."""
    before, out = net.value, net.int(1, 9)
    net.then("Conv", net.weight(out, net.shape[0], *[1] * len(net.shape[1:])), net.weight(out))
    activation(net)
    net.value = net.node("Concat", before, net.value, axis=1)
    net.shape = (net.shape[0] + out, *net.shape[1:])


def moved(net: RandomModel) -> None:
    """Elements taken from elsewhere: a slice, a transpose of sizes, or margins."""
    kind, axes = net.int(0, 2), len(net.shape)
    if kind == 0 and net.shape[0] > 2:
        first, step = net.int(0, 1), net.int(1, 2)
        net.then("Slice", *(net.constant(np.array([n])) for n in (first, net.shape[0], 1, step)))
        net.shape = (len(range(first, net.shape[0], step)), *net.shape[1:])
    elif kind == 1 and axes == 3:
        net.then("Transpose", perm=[0, 1, 3, 2])
        net.shape = (net.shape[0], net.shape[2], net.shape[1])
    else:
        pads = [[0, *(net.int(0, 2) for _ in net.shape[1:])] for _ in range(2)]
        net.then("Pad", net.constant(np.array([0, *pads[0], 0, *pads[1]])))
        net.shape = tuple(n + a + b for n, a, b in zip(net.shape, *pads, strict=True))


LAYERS = (convolution, convolution, pointwise, pointwise, depthwise, depthwise, pool, residual, beside, moved)


def head(net: RandomModel) -> None:
    """A classifier, or nothing."""
    if net.int(0, 3) == 0:
        return
    if net.int(0, 1) and len(net.shape) > 1:
        net.then("GlobalAveragePool")
        net.shape = (net.shape[0], *[1] * len(net.shape[1:]))
    net.then("Flatten")
    net.shape = (int(np.prod(net.shape)),)
    dense(net, net.int(0, 1))
    if net.int(0, 1):
        net.then("Softmax")


def dense(net: RandomModel, layers: int) -> None:
    """Matrix products, the last without a function behind it."""
    for layer in range(layers + 1):
        out = net.int(2, 30)
        net.then("Gemm", net.weight(net.shape[0], out), net.weight(out))
        net.shape = (out,)
        if layer < layers:
            activation(net)


def images(net: RandomModel) -> None:
    """A chain of layers on one or two dimensions."""
    sizes = [net.int(4, 14) for _ in range(net.int(1, 2))]
    net.shape = (net.int(1, 5), *sizes)
    net.input = [1, *net.shape]
    for _ in range(net.int(1, 5)):
        LAYERS[net.int(0, len(LAYERS) - 1)](net)
    head(net)


def vectors(net: RandomModel) -> None:
    """Matrix products."""
    net.shape = (net.int(3, 50),)
    net.input = [1, *net.shape]
    dense(net, net.int(1, 3))
    if net.int(0, 1):
        net.then("Softmax")


def sequences(net: RandomModel) -> None:
    """A recurrent layer over steps, and a classifier on its last state."""
    steps, size, hidden = net.int(3, 12), net.int(2, 12), net.int(3, 17)
    kind = tuple(CELLS)[net.int(0, 2)]
    net.input = [1, steps, size]
    gates = CELLS[kind] * hidden
    net.then("Transpose", perm=[1, 0, 2])
    weights = net.weight(1, gates, size), net.weight(1, gates, hidden), net.weight(1, 2 * gates)
    last = net.node(kind, net.value, *weights, hidden_size=hidden)
    net.nodes[-1].output.insert(0, "")
    net.value = net.node("Squeeze", last, net.constant(np.array([0])))
    net.shape = (hidden,)
    dense(net, 0)


KINDS: tuple[Callable[[RandomModel], None], ...] = (images, images, images, images, images, images, vectors, sequences)


def random_model(seed: int) -> onnx.ModelProto:
    """The model of a seed."""
    net = RandomModel(seed)
    KINDS[net.int(0, len(KINDS) - 1)](net)
    if not net.nodes:
        net.then("Relu")
    return net.proto()


def write_random_models(seeds: Iterable[int], folder: Path) -> Iterator[Sample]:
    """The models of seeds, each as random-SEED.onnx in a folder."""
    import onnx

    for seed in seeds:
        path = folder / f"random-{seed}.onnx"
        onnx.save(random_model(seed), path)
        yield Sample(path.stem, path, None)
