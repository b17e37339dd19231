"""Between a model's caller and its stored integers: quantize inputs, give outputs their real values and ONNX layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr
from xdsl.dialects.func import FuncOp

from ..dialects.dense import dtype_of
from ..dialects.fixed_type import PortAttr, QType
from .dataset import Dataset
from .executors.interface import Arrays

Ports = tuple[PortAttr, ...]


def input_ports(function: FuncOp) -> Ports:
    """The ports of a function's inputs; any level from `fixed` down has them."""
    return _ports(function, "fixed.inputs")


def output_ports(function: FuncOp) -> Ports:
    """The ports of a function's outputs."""
    return _ports(function, "fixed.outputs")


def _ports(function: FuncOp, name: str) -> Ports:
    ports = function.attributes[name]
    assert isinstance(ports, ArrayAttr)
    return tuple(port for port in ports if isinstance(port, PortAttr))


def to_stored(dataset: Dataset, ports: Ports) -> dict[str, NDArray[Any]]:
    """The dataset as the program's input integers: per label (rows, *stored shape).

    Real inputs are divided by the scale, rounded half to even (ONNX QuantizeLinear) and saturated.
    """
    result: dict[str, NDArray[Any]] = {}
    for port in ports:
        label = port.label.data
        values, element = dataset.inputs[label], port.element
        if not dataset.stored[label] and isinstance(element, QType):
            low, high = element.limits
            values = np.clip(np.rint(values.astype(np.float64) / element.scale) + element.zp, low, high)
            values = values.astype(dtype_of(element.storage))
        axes = (0, *(axis + 1 for axis in port.permutation.data))
        result[label] = np.ascontiguousarray(values.transpose(axes))
    return result


def to_real(outputs: Arrays, ports: Ports) -> dict[str, NDArray[Any]]:
    """Output integers as real numbers (plain integers stay), per label (rows, *ONNX shape)."""
    result: dict[str, NDArray[Any]] = {}
    for port in ports:
        values, element = outputs[port.label.data], port.element
        inverse = np.argsort(port.permutation.data)
        values = values.transpose((0, *(int(axis) + 1 for axis in inverse)))
        if isinstance(element, QType):
            values = (values.astype(np.float64) - element.zp) * element.scale
        result[port.label.data] = values
    return result


def predicted_classes(values: NDArray[Any], is_index: bool) -> NDArray[np.int64]:
    """The class of each row: the index itself (an ArgMax model), else the first greatest entry."""
    flat = values.reshape(len(values), -1)
    return (flat[:, 0] if is_index else flat.argmax(axis=1)).astype(np.int64)
