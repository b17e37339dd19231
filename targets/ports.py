"""Between a model's caller and its stored integers: quantize inputs, give outputs their real values and ONNX layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, Float32Type, TensorType, i1
from xdsl.dialects.func import FuncOp
from xdsl.ir.affine import AffineMap

from ..dialects.access import linear_map
from ..dialects.fixed.numbers import of_rows, quantize
from ..dialects.fixed.types import Holds, PortAttr, QType
from ..dialects.memplan import INPUT_ROWS, INPUT_STEPS, pushed_loop, row_count
from ..dialects.memplan.liveness import root_of
from .dataset import Dataset
from .executors.interface import Arrays

Ports = tuple[PortAttr, ...]


def input_ports(function: FuncOp) -> Ports:
    """The ports of a function's inputs; any level from `fixed` down has them."""
    return _ports(function, "fixed.inputs")


def output_ports(function: FuncOp) -> Ports:
    """The ports of a function's outputs."""
    return _ports(function, "fixed.outputs")


def input_rows(function: FuncOp) -> int:
    """The rows in which a function's caller delivers the input; 0 where it takes inputs as a whole."""
    loop = pushed_loop(function)
    if loop is not None:
        return loop.trips
    return row_count(function.body.block.args[0]) if INPUT_ROWS in function.attributes else 0


def output_rows(function: FuncOp) -> tuple[int, ...]:
    """In how many parts each output comes where the function runs without end: 1 where every step writes all of it."""
    loop, outputs = pushed_loop(function), function.body.block.args[len(input_ports(function)) :]
    if loop is None or INPUT_STEPS not in function.attributes:
        return (1,) * len(outputs)
    sliced = {root_of(form.target) for form, dim in loop.dims.items() if uses(form.out_map, dim)}
    return tuple(loop.trips if output in sliced else 1 for output in outputs)


def uses(access: AffineMap, dim: int) -> bool:
    """True where an access depends on a dimension."""
    return any(index.coefficients[dim] for index in linear_map(access))


def _ports(function: FuncOp, name: str) -> Ports:
    ports = function.attributes[name]
    assert isinstance(ports, ArrayAttr)
    return tuple(port for port in ports if isinstance(port, PortAttr))


def integers_of(dataset: Dataset, port: PortAttr) -> NDArray[Any]:
    """An input as the model's integers, (rows, *ONNX shape).

    Real numbers are quantized. Raises UserError for integers that the input does not hold.
    """
    label, element = port.label.data, port.element
    if dataset.stored[label] or not (port.is_real and isinstance(element, QType)):
        return dataset.integers(label, i1 if port.holds.data is Holds.BOOL else port.storage)
    return quantize(dataset.inputs[label], of_rows(element))


def to_stored(dataset: Dataset, ports: Ports) -> dict[str, NDArray[Any]]:
    """The dataset as the program's input integers: per label (rows, *stored shape)."""
    result: dict[str, NDArray[Any]] = {}
    for port in ports:
        axes = (0, *(axis + 1 for axis in port.permutation.data))
        result[port.label.data] = np.ascontiguousarray(integers_of(dataset, port).transpose(axes))
    return result


def to_model(dataset: Dataset, ports: Ports, function: FuncOp) -> dict[str, NDArray[Any]]:
    """The dataset as the `onnx` function takes it: float32, or integers where the model's own input is quantized."""
    result: dict[str, NDArray[Any]] = {}
    for port, argument in zip(ports, function.body.block.args, strict=True):
        assert isinstance(argument.type, TensorType)
        real = isinstance(argument.type.element_type, Float32Type)
        label = port.label.data
        result[label] = dataset.inputs[label].astype(np.float32) if real else integers_of(dataset, port)
    return result


def to_real(outputs: Arrays, ports: Ports) -> dict[str, NDArray[Any]]:
    """Output integers as real numbers (integers stay, truth values are bool), per label (rows, *ONNX shape)."""
    result: dict[str, NDArray[Any]] = {}
    for port in ports:
        inverse = np.argsort(port.permutation.data)
        values = outputs[port.label.data].transpose((0, *(int(axis) + 1 for axis in inverse)))
        result[port.label.data] = dequantized(values, port)
    return result


def model_to_real(outputs: Arrays, ports: Ports) -> dict[str, NDArray[Any]]:
    """Outputs of the `onnx` function as real numbers: a quantized model gives integers."""
    return {p.label.data: dequantized(outputs[p.label.data], p) for p in ports}


def dequantized(values: NDArray[Any], port: PortAttr) -> NDArray[Any]:
    """Integers of a quantized port as real numbers, truth values as bool; everything else stays."""
    element = port.element
    if port.holds.data is Holds.BOOL:
        return values.astype(np.bool_)
    if values.dtype.kind == "f" or not (port.is_real and isinstance(element, QType)):
        return values
    return (values.astype(np.float64) - element.zp) * element.scale


def predicted_classes(values: NDArray[Any], is_index: bool) -> NDArray[np.int64]:
    """The class of each row: the index itself (an ArgMax model), else the first greatest entry."""
    flat = values.reshape(len(values), -1)
    return (flat[:, 0] if is_index else flat.argmax(axis=1)).astype(np.int64)
