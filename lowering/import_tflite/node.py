"""A TFLite operator with its tensors looked up, as the translations see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..import_onnx.node import Unsupported
from .graph import AS_STATED, NCHW, Graph, array_of, is_quantized, name_of
from .model_file import Operator, Tensor

NONE, RELU, RELU_N1_TO_1, RELU6 = 0, 1, 2, 3
"""Fused activations (schema, ActivationFunctionType)."""

BOUNDS = {RELU_N1_TO_1: (-1.0, 1.0), RELU6: (0.0, 6.0)}
"""What the others clip to."""

MAX_LIST = 1 << 10
"""The most numbers in an input that lists axes, sizes or pads."""


@dataclass(frozen=True)
class Node:
    """An operator of the file; `graph` is what is written."""

    graph: Graph
    operator: Operator

    @property
    def name(self) -> str:
        """The name that its ONNX nodes get: that of its layer, else its kind."""
        return name_of(self.result()) or self.operator.kind.lower()

    def has(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.operator.inputs) and self.operator.inputs[index] >= 0

    def number(self, index: int) -> int:
        """The number of the tensor of a required input."""
        if not self.has(index):
            raise Unsupported(f"input {index} is missing; convert the model again")
        return self.operator.inputs[index]

    def tensor(self, index: int) -> Tensor:
        """The tensor of a required input."""
        return self.graph.model.tensors[self.number(index)]

    def result(self, index: int = 0) -> Tensor:
        """The tensor of a result."""
        if index >= len(self.operator.outputs):
            raise Unsupported(f"result {index} is missing; convert the model again")
        return self.graph.model.tensors[self.operator.outputs[index]]

    def options(self, reader: type[Any]) -> Any:
        """The options, as a class of the package `tflite`."""
        return self.operator.options(reader)

    def real(self, index: int, layout: str = AS_STATED) -> str:
        """The value of an input, as reals where it is quantized."""
        return self.graph.real(self.number(index), layout)

    def stored(self, index: int) -> str:
        """The value of an input as the file stores it."""
        return self.graph.stored(self.number(index))

    def array(self, index: int, what: str) -> NDArray[Any]:
        """The elements of an input that must be constant."""
        if not self.tensor(index).is_constant:
            raise Unsupported(f"{what} must be a constant; convert with constants folded")
        return array_of(self.tensor(index))

    def listed(self, index: int, what: str) -> list[int]:
        """An input that must be a constant list of integers."""
        array = self.array(index, what)
        if array.dtype.kind not in "iu" or array.size > MAX_LIST:
            raise Unsupported(f"{what} must be a short list of integers; convert the model again")
        return array.reshape(-1).tolist()

    def rank(self, index: int = 0) -> int:
        """The dimensions of an input."""
        return len(self.tensor(index).shape)

    def emit(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an ONNX node with one result."""
        return self.graph.emit(operator, inputs, self.name, **attributes)[0]

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        """A constant, by default of integers."""
        return self.graph.constant(np.asarray(values, dtype))

    def define(self, value: str, layout: str = AS_STATED, activation: int = NONE, index: int = 0) -> None:
        """A value is the result of this operator, behind its fused activation."""
        if activation == RELU:
            value = self.graph.emit("Relu", [value], f"{self.name}_relu")[0]
        elif activation in BOUNDS:
            bounds = [self.constant(bound, np.float32) for bound in BOUNDS[activation]]
            value = self.graph.emit("Clip", [value, *bounds], f"{self.name}_clip")[0]
        elif activation != NONE:
            raise Unsupported(f"fused activation {activation} is not supported; use Relu or Relu6")
        self.graph.define(self.operator.outputs[index], value, layout)

    def define_integers(self, value: str, layout: str = AS_STATED, index: int = 0) -> None:
        """A value of integers, truth values or the file's own storage is the result."""
        self.graph.put_stored(self.operator.outputs[index], value, layout)

    def layout(self, *indices: int) -> str:
        """NCHW where an image among these inputs is known so and no other is a smaller value computed at run time."""
        known = False
        for index in indices:
            tensor = self.tensor(index)
            if tensor.is_constant:
                continue
            if len(tensor.shape) != 4:
                return AS_STATED
            known |= self.graph.has_layout(self.number(index), NCHW)
        return NCHW if known else AS_STATED

    def stretched(self, index: int, layout: str) -> str:
        """An operand that is stretched to the result's shape: a constant for images gets their four dimensions."""
        tensor = self.tensor(index)
        if layout == AS_STATED or not tensor.is_constant or len(tensor.shape) == 4:
            return self.real(index, layout)
        if len(tensor.shape) > 4:
            raise Unsupported(f"a constant of {len(tensor.shape)} dimensions beside an image; convert it again")
        shape = (*(1,) * (4 - len(tensor.shape)), *tensor.shape)
        order = [shape[0], shape[3], shape[1], shape[2]]
        value = self.real(index)
        if sum(size > 1 for size in shape) > 1:
            return self.emit("Transpose", self.emit("Reshape", value, self.constant(shape)), perm=(0, 3, 1, 2))
        return self.emit("Reshape", value, self.constant(order))

    def quantized(self, index: int = 0) -> bool:
        """Whether an input is quantized."""
        return is_quantized(self.tensor(index))

    def refuse_quantized(self, way_out: str) -> None:
        """Raise where this operator is written as several, whose values between have no type in a quantized model."""
        if self.quantized():
            raise Unsupported(f"it is supported of float32 only; {way_out}")


Translation = Callable[[Node], None]
"""Writes the ONNX nodes of an operator."""


def axis_in(axis: int, layout: str, rank: int = 4) -> int:
    """A dimension as the file counts it, counted in a layout. Raises Unsupported where there is no such dimension."""
    if not -rank <= axis < rank:
        raise Unsupported(f"axis {axis} of {rank} dimensions; convert the model again")
    return (0, 2, 3, 1)[axis % 4] if layout == NCHW else axis % rank


def permuted(entries: Sequence[Any], layout: str) -> list[Any]:
    """A number for each dimension, in the order of a layout."""
    return [entries[axis] for axis in (0, 3, 1, 2)] if layout == NCHW else list(entries)
