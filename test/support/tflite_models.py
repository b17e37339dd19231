"""TFLite files, written with the schema of the package `tflite`: a table of tensors and a list of operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7, "int8": 9}
"""`TensorType` by numpy's names."""

FLOATS = ("Alpha", "Beta", "CellClip", "ProjClip")
"""Options that are reals."""


@dataclass
class Tensor:
    """A tensor of a file; open sizes of `signature` are -1."""

    name: str
    shape: Sequence[int]
    dtype: str
    data: NDArray[Any] | None = None
    scales: Sequence[float] = ()
    zero_points: Sequence[int] = ()
    axis: int = 0
    signature: Sequence[int] | None = None
    is_variable: bool = False


@dataclass
class Operator:
    """An operator of a file: its name in the schema, the class of its options, and their values."""

    kind: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    intermediates: Sequence[int] = ()


class TfliteFile:
    """Collects tensors and operators; `build` writes them."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "int8",
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        data: NDArray[Any] | None = None,
        axis: int = 0,
        name: str | None = None,
        signature: Sequence[int] | None = None,
    ) -> int:
        """Add a tensor; its number."""
        scales = [] if scale is None else [float(scale)] if isinstance(scale, int | float) else list(scale)
        name = f"t{len(self.tensors)}" if name is None else name
        points = [zero_point] * len(scales)
        self.tensors.append(Tensor(name, shape, dtype, data, scales, points, axis, signature))
        return len(self.tensors) - 1

    def variable(self, shape: Sequence[int], dtype: str, scale: float | None = None, zero_point: int = 0) -> int:
        """Add a tensor that lasts from call to call; its number."""
        number = self.tensor(shape, dtype, scale, zero_point)
        self.tensors[number].is_variable = True
        return number

    def constant(self, array: NDArray[Any], scale: float | Sequence[float] | None = None, **more: Any) -> int:
        """Add a constant; its number."""
        return self.tensor(array.shape, array.dtype.name, scale, data=array, **more)

    def operator(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: str | None = None, **values: Any
    ) -> None:
        """Add an operator."""
        self.operators.append(Operator(kind, inputs, outputs, options, values))

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        builder = flatbuffers.Builder(1024)
        kinds = list(dict.fromkeys(op.kind for op in self.operators))
        buffers = [np.zeros(0, np.uint8)]
        numbers: list[int] = []
        for tensor in self.tensors:
            numbers.append(0 if tensor.data is None else len(buffers))
            if tensor.data is not None:
                buffers.append(np.ascontiguousarray(tensor.data).reshape(-1).view(np.uint8))
        written = [write_buffer(builder, data) for data in buffers]
        tensors = [write_tensor(builder, t, n) for t, n in zip(self.tensors, numbers, strict=True)]
        operators = [write_operator(builder, op, kinds.index(op.kind)) for op in self.operators]
        codes = [write_code(builder, kind) for kind in kinds]
        graph = write_graph(builder, tensors, operators, inputs, outputs)
        codes_vector, graphs, buffer_vector = (tables(builder, t) for t in (codes, [graph], written))
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, 3)
        tflite.ModelAddOperatorCodes(builder, codes_vector)
        tflite.ModelAddSubgraphs(builder, graphs)
        tflite.ModelAddBuffers(builder, buffer_vector)
        builder.Finish(tflite.ModelEnd(builder), b"TFL3")
        return bytes(builder.Output())


def tables(builder: Any, offsets: Sequence[int]) -> int:
    """A vector of tables."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def numbers_of(builder: Any, values: Sequence[int | float], dtype: Any) -> int:
    """A vector of numbers."""
    return builder.CreateNumpyVector(np.asarray(values, dtype))


def write_buffer(builder: Any, data: NDArray[np.uint8]) -> int:
    """The bytes of a constant."""
    vector = builder.CreateNumpyVector(data) if data.size else None
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return tflite.BufferEnd(builder)


def write_tensor(builder: Any, tensor: Tensor, buffer: int) -> int:
    """A tensor with its quantization."""
    name, shape = builder.CreateString(tensor.name), numbers_of(builder, tensor.shape, np.int32)
    signature = None if tensor.signature is None else numbers_of(builder, tensor.signature, np.int32)
    quantization = None
    if tensor.scales:
        scales = numbers_of(builder, tensor.scales, np.float32)
        points = numbers_of(builder, tensor.zero_points, np.int64)
        tflite.QuantizationParametersStart(builder)
        tflite.QuantizationParametersAddScale(builder, scales)
        tflite.QuantizationParametersAddZeroPoint(builder, points)
        tflite.QuantizationParametersAddQuantizedDimension(builder, tensor.axis)
        quantization = tflite.QuantizationParametersEnd(builder)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, TYPES[tensor.dtype])
    tflite.TensorAddBuffer(builder, buffer)
    tflite.TensorAddName(builder, name)
    tflite.TensorAddIsVariable(builder, tensor.is_variable)
    if quantization is not None:
        tflite.TensorAddQuantization(builder, quantization)
    if signature is not None:
        tflite.TensorAddShapeSignature(builder, signature)
    return tflite.TensorEnd(builder)


def write_operator(builder: Any, op: Operator, code: int) -> int:
    """An operator with its options."""
    inputs, outputs = (numbers_of(builder, n, np.int32) for n in (op.inputs, op.outputs))
    intermediates = numbers_of(builder, op.intermediates, np.int32) if op.intermediates else None
    options = None
    if op.options is not None:
        values = {
            name: numbers_of(builder, value, np.int32) if isinstance(value, list) else value
            for name, value in op.values.items()
        }
        getattr(tflite, f"{op.options}Start")(builder)
        for name, value in values.items():
            getattr(tflite, f"{op.options}Add{name}")(builder, value)
        options = getattr(tflite, f"{op.options}End")(builder)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, code)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if intermediates is not None:
        tflite.OperatorAddIntermediates(builder, intermediates)
    if options is not None and op.options is not None:
        tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, op.options))
        tflite.OperatorAddBuiltinOptions(builder, options)
    return tflite.OperatorEnd(builder)


def write_code(builder: Any, kind: str) -> int:
    """An operator's number, in both fields that hold it."""
    number = getattr(tflite.BuiltinOperator, kind)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, 127))
    tflite.OperatorCodeAddVersion(builder, VERSIONS.get(kind, 1))
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    return tflite.OperatorCodeEnd(builder)


VERSIONS = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), 3),
    **dict.fromkeys(("FULLY_CONNECTED",), 4),
    **dict.fromkeys(("ADD", "SUB", "MUL", "MEAN", "AVERAGE_POOL_2D", "MAX_POOL_2D", "SOFTMAX", "LOGISTIC", "TANH"), 2),
    **dict.fromkeys(("CONCATENATION", "PAD", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RELU", "RELU6"), 2),
    **dict.fromkeys(("LEAKY_RELU", "QUANTIZE", "DEQUANTIZE", "MAXIMUM", "MINIMUM", "TRANSPOSE", "SPLIT"), 2),
    **dict.fromkeys(("SVDF",), 3),
    **dict.fromkeys(("STRIDED_SLICE", "SLICE", "TRANSPOSE_CONV", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SUM"), 2),
}
"""Versions of operators that take int8."""


def write_graph(
    builder: Any, tensors: Sequence[int], operators: Sequence[int], inputs: Sequence[int], outputs: Sequence[int]
) -> int:
    """The one graph."""
    vectors = [tables(builder, tensors), *(numbers_of(builder, n, np.int32) for n in (inputs, outputs))]
    listed = tables(builder, operators)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, vectors[0])
    tflite.SubGraphAddInputs(builder, vectors[1])
    tflite.SubGraphAddOutputs(builder, vectors[2])
    tflite.SubGraphAddOperators(builder, listed)
    return tflite.SubGraphEnd(builder)
