"""The ONNX graph that is written for a TFLite file: its values, their layouts and their integers.

A value has the shape that the file states (images as NHWC), and where a layer asks for it the one that the `onnx`
dialect takes (NCHW). A Transpose stands only where the other layout was asked for; those that remain meet the layers'
own at the level `fixed` and vanish. A quantized value is DequantizeLinear of its integers wherever it is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..import_onnx.node import Unsupported
from .model_file import Model, Tensor

if TYPE_CHECKING:
    import onnx

AS_STATED, NCHW = "as_stated", "nchw"
"""Layouts of a value."""

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)

COPIES, SLACK = 8, 1 << 20
"""Constants take at most so many times the bytes of the file, and a few more: several tensors can share a buffer."""

QUANTIZED = ("int8", "uint8", "int16")
"""Element types of quantized values."""


@dataclass(frozen=True)
class Carried:
    """A state of the model: the tensor that it is in the file, the input that holds it, and what it is next."""

    tensor: int
    shape: tuple[int, ...]
    port: str
    following: str = ""


class Graph:
    """The nodes and constants written so far, and which ONNX values stand for a tensor."""

    def __init__(self, model: Model):
        self.model = model
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.states: dict[int, Carried] = {}
        self.remarks: list[str] = []
        self.room = COPIES * model.size + SLACK
        self._stored: dict[tuple[int, str], str] = {}
        self._reals: dict[tuple[int, str], str] = {}
        self._count = 0

    def value(self) -> str:
        """A new name."""
        self._count += 1
        return f"value:{self._count}"

    def emit(self, operator: str, inputs: Sequence[str], name: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """Add a node; the names of its results."""
        from onnx import helper

        results = [self.value() for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), results, name, **attributes))
        return results

    def constant(self, array: NDArray[Any]) -> str:
        """The name of a new constant. Raises Unsupported where constants outgrow the file."""
        from onnx import numpy_helper

        self.room -= array.nbytes
        if self.room < 0:
            raise Unsupported("constants take more memory than the file has; convert it again")
        name = self.value()
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def remark(self, text: str) -> None:
        """Say something about how the model was taken."""
        self.remarks.append(text)

    def carried(self, index: int, shape: tuple[int, ...], name: str) -> str:
        """The reals of a state in a shape of its own. Raises Unsupported where two layers have the same one."""
        if index in self.states:
            raise Unsupported("two layers share a state; convert the model again")
        port = f"{name}_state:{index}"
        self.states[index] = Carried(index, shape, port)
        if not is_quantized(self.model.tensors[index]):
            return port
        return self.emit("DequantizeLinear", [port, *self.parameters(index)], f"{name}_state")[0]

    def carry(self, index: int, value: str) -> None:
        """A value of reals is the next one of a state."""
        if is_quantized(self.model.tensors[index]):
            (value,) = self.emit("QuantizeLinear", [value, *self.parameters(index)], "state_next")
        self.states[index] = replace(self.states[index], following=value)

    def put_stored(self, index: int, value: str, layout: str = AS_STATED) -> None:
        """A value stands for a tensor, element by element as the file stores it."""
        self._stored[index, layout] = value

    def define(self, index: int, value: str, layout: str = AS_STATED) -> None:
        """A value of reals (integers of a plain tensor) stands for a tensor, which quantizes it where it is so."""
        tensor = self.model.tensors[index]
        if not is_quantized(tensor):
            self._stored[index, layout] = value
            return
        name = f"{name_of(tensor)}_quantized"
        (self._stored[index, layout],) = self.emit("QuantizeLinear", [value, *self.parameters(index)], name)

    def stored(self, index: int, layout: str = AS_STATED) -> str:
        """The value that holds a tensor as the file stores it."""
        return self.found(self._stored, index, layout)

    def real(self, index: int, layout: str = AS_STATED) -> str:
        """The value that holds the reals of a tensor; the integers of one that is not quantized."""
        tensor = self.model.tensors[index]
        if not is_quantized(tensor):
            return self.stored(index, layout)
        if not any((index, any_layout) in self._reals for any_layout in (AS_STATED, NCHW)):
            first = AS_STATED if (index, AS_STATED) in self._stored or tensor.is_constant else NCHW
            name = f"{name_of(tensor)}_real"
            inputs = [self.stored(index, first), *self.parameters(index)]
            axis = 1 if tensor.quantization is None else tensor.quantization.axis
            (self._reals[index, first],) = self.emit("DequantizeLinear", inputs, name, axis=axis)
        return self.found(self._reals, index, layout)

    def has_layout(self, index: int, layout: str) -> bool:
        """Whether a tensor is known in a layout without moving it."""
        return (index, layout) in self._stored

    def found(self, values: dict[tuple[int, str], str], index: int, layout: str) -> str:
        """A value in a layout: as it is known, or moved."""
        if (index, layout) in values:
            return values[index, layout]
        other = NCHW if layout == AS_STATED else AS_STATED
        if (index, other) not in values:
            values[index, AS_STATED] = self.constant(array_of(self.model.tensors[index]))
            return self.found(values, index, layout)
        order = TO_NCHW if layout == NCHW else TO_NHWC
        name = f"{name_of(self.model.tensors[index])}_{layout}"
        (values[index, layout],) = self.emit("Transpose", [values[index, other]], name, perm=order)
        return values[index, layout]

    def parameters(self, index: int) -> tuple[str, str]:
        """Scale and zero point of a quantized tensor as constants. Raises Unsupported where they cannot be."""
        tensor = self.model.tensors[index]
        quantization = tensor.quantization
        assert quantization is not None, "asked for quantized tensors alone"
        points, limits = quantization.zero_points, np.iinfo(tensor.dtype)
        if points.min() < limits.min or points.max() > limits.max:
            raise Unsupported(f"a zero point of {int(points.min())} does not fit {tensor.dtype}; convert it again")
        shape: tuple[int, ...] = quantization.scales.shape if quantization.scales.size > 1 else ()
        scales, zero_points = quantization.scales.reshape(shape), points.astype(tensor.dtype).reshape(shape)
        return self.constant(scales), self.constant(zero_points)


def is_quantized(tensor: Tensor) -> bool:
    """Whether a tensor's integers stand for reals."""
    return tensor.dtype in QUANTIZED and tensor.quantization is not None


def array_of(tensor: Tensor) -> NDArray[Any]:
    """The elements of a constant. Raises Unsupported where it holds none, or not as many as it states."""
    if tensor.data is None:
        raise Unsupported("an input is computed by no operator before it; convert the model again")
    if tensor.is_sparse:
        raise Unsupported("sparse weights are not supported; convert it without sparsity")
    if not tensor.dtype:
        raise Unsupported("its constants are of a type that is not supported; use float32 or int8")
    expected = int(np.prod([max(n, 0) for n in tensor.shape], dtype=np.float64)) * np.dtype(tensor.dtype).itemsize
    if tensor.data.size != expected:
        raise Unsupported(f"a constant of shape {list(tensor.shape)} has {tensor.data.size:,} bytes, not {expected:,}")
    return tensor.data.view(tensor.dtype).reshape(tensor.shape)


def name_of(tensor: Tensor) -> str:
    """The name of the layer that makes a tensor: converters join the names of all that they fused with `;`."""
    parts = [part for part in re.split(r"[/:]", tensor.name.split(";")[0]) if part and not part.isdigit()]
    return "" if not parts else parts[-2] if len(parts) > 1 else parts[-1]
