"""A TFLite file as plain records, every offset and length checked before anything is made of it.

The format is tensorflow/lite/schema/schema.fbs; the package `tflite` reads it. A table of a damaged file can point
anywhere: what lies outside of the file is refused, and no list is longer than the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...dialects.harmless import in_quotes

if TYPE_CHECKING:
    import tflite

IDENTIFIER = b"TFL3"
"""At byte 4 of every file."""

DAMAGED = (struct.error, IndexError, ValueError, TypeError, OverflowError, AssertionError)
"""What the package `tflite` raises where a file points outside of itself."""

MAX_RANK = 8
"""The most dimensions of a tensor in TFLite's kernels."""

DTYPES: dict[int, str] = {
    **{0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8"},
    **{10: "float64", 12: "uint64", 15: "uint32", 16: "uint16"},
}
"""numpy's names of `TensorType`."""


class Damaged(Exception):
    """What a file says that cannot be."""


@dataclass(frozen=True)
class Quantization:
    """Scales, zero points and the dimension along which there are several."""

    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int


@dataclass(frozen=True)
class Tensor:
    """A value; `data` are the bytes of a constant. Sizes of -1 in `shape` are open."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    quantization: Quantization | None
    data: NDArray[np.uint8] | None
    is_variable: bool
    is_sparse: bool

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its numbers."""
        return self.data is not None


@dataclass(frozen=True)
class Operator:
    """An operator: its name in the schema, its tensors (-1 for one left out), and its options as bytes to be read."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...]
    table: Any

    def options(self, reader: type[Any]) -> Any:
        """The options, read as a class of the package `tflite`; all defaults where there are none."""
        options = reader()
        if self.table is None:
            raise Damaged("its options are missing")
        options.Init(self.table.Bytes, self.table.Pos)
        return options


@dataclass(frozen=True)
class Model:
    """The one graph of a file; `size` is that of the file in bytes."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    size: int


def is_tflite(source: str | Path | bytes) -> bool:
    """Whether a file is one of TFLite, by its identifier, else by its name."""
    if isinstance(source, bytes):
        return source[4:8] == IDENTIFIER
    path = Path(source)
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == IDENTIFIER or path.suffix == ".tflite"
    except OSError:
        return path.suffix == ".tflite"


def parse(source: str | Path | bytes) -> Model:
    """The graph of a file. Raises UserError."""
    where = "the model" if isinstance(source, bytes) else str(source)
    if find_spec("tflite") is None:
        raise UserError(f"{where}: TFLite files need the package tflite: pip install 'tinyml-opt[tflite]'") from None
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}; check the path") from None
    if data[4:8] != IDENTIFIER:
        raise UserError(f"{where}: not a TFLite file, or a truncated one; convert or download it again")
    try:
        return Reader(data).model()
    except Damaged as error:
        raise UserError(f"{where}: {error}; convert or download it again") from None
    except DAMAGED:
        raise UserError(f"{where}: a damaged TFLite file, it points outside of itself; download it again") from None


class Reader:
    """Reads one file."""

    def __init__(self, data: bytes):
        import tflite

        self.data = data
        self.file = tflite.Model.GetRootAs(data, 0)
        self.codes: list[str] = []

    def model(self) -> Model:
        """Everything in the file that means something here."""
        file = self.file
        self.codes = self.each(file.OperatorCodesLength(), file.OperatorCodes, operator_name)
        count = self.bounded(file.SubgraphsLength())
        if count != 1:
            raise Damaged(f"{count} graphs in it, only files with one are supported (no While, If, several signatures)")
        graph = present(file.Subgraphs(0))
        tensors = self.each(graph.TensorsLength(), graph.Tensors, self.tensor)
        operators = self.each(graph.OperatorsLength(), graph.Operators, self.operator)
        inputs, outputs = self.indices(graph, "Inputs"), self.indices(graph, "Outputs")
        used = {i for op in operators for i in (*op.inputs, *op.outputs, *op.intermediates)}
        if bad := sorted(i for i in used | {*inputs, *outputs} if not -1 <= i < len(tensors)):
            raise Damaged(f"tensor {bad[0]} of {len(tensors)} is used")
        if -1 in (*inputs, *outputs) or any(-1 in op.outputs for op in operators):
            raise Damaged("an input or an output is no tensor")
        if not operators or not outputs:
            raise Damaged("it has no operators or no outputs")
        return Model(tuple(tensors), tuple(operators), inputs, outputs, len(self.data))

    def each(self, length: int, entry: Callable[[int], Any], read: Callable[[Any], Any]) -> list[Any]:
        """The entries of a list of tables."""
        return [read(present(entry(index))) for index in range(self.bounded(length))]

    def bounded(self, length: int) -> int:
        """The length of a list whose entries take four bytes at least."""
        if length > len(self.data) // 4:
            raise Damaged("a list in it is longer than the file")
        return length

    def indices(self, table: Any, name: str) -> tuple[int, ...]:
        """A list of integers."""
        if not self.bounded(getattr(table, f"{name}Length")()):
            return ()
        return tuple(getattr(table, f"{name}AsNumpy")().tolist())

    def tensor(self, table: tflite.Tensor) -> Tensor:
        """A tensor, whose data are bytes of the file."""
        raw = table.Name()
        try:
            name = (raw or b"").decode()
        except UnicodeDecodeError:
            raise Damaged("a tensor's name is not UTF-8 text") from None
        shape = self.indices(table, "Shape")
        signature = self.indices(table, "ShapeSignature")
        if len(shape) > MAX_RANK or any(size < 0 for size in shape):
            raise Damaged(f"tensor {in_quotes(name)} has shape {list(shape)[:MAX_RANK]}")
        if len(signature) == len(shape):
            shape = tuple(-1 if s < 0 else n for n, s in zip(shape, signature, strict=True))
        dtype = DTYPES.get(table.Type(), "")
        sparse = table.Sparsity() is not None
        return Tensor(name, dtype, shape, self.quantization(table), self.bytes_of(table), table.IsVariable(), sparse)

    def bytes_of(self, table: tflite.Tensor) -> NDArray[np.uint8] | None:
        """The bytes of a constant; buffer 0 is that of tensors without. Larger files have them behind the tables."""
        number = table.Buffer()
        if number == 0:
            return None
        if number >= self.bounded(self.file.BuffersLength()):
            raise Damaged(f"buffer {number} is used, of {self.file.BuffersLength()}")
        buffer = present(self.file.Buffers(number))
        offset, size = (buffer.Offset(), buffer.Size()) if hasattr(buffer, "Offset") else (0, 0)
        if offset > 1:
            if offset + size > len(self.data):
                raise Damaged(f"buffer {number} lies outside of the file")
            return np.frombuffer(self.data, np.uint8, size, offset)
        return buffer.DataAsNumpy() if buffer.DataLength() else None

    def quantization(self, table: tflite.Tensor) -> Quantization | None:
        """Scales and zero points, None where there are none. Raises Damaged for what says nonsense."""
        found = table.Quantization()
        if found is None or not self.bounded(found.ScaleLength()):
            return None
        scales = np.asarray(found.ScaleAsNumpy(), np.float32)
        points = np.zeros(scales.size, np.int64)
        if self.bounded(found.ZeroPointLength()):
            points = np.asarray(found.ZeroPointAsNumpy(), np.int64)
        if points.size == 1:
            points = np.broadcast_to(points, scales.shape)
        if points.size != scales.size:
            raise Damaged(f"a tensor has {scales.size} scales and {points.size} zero points")
        return Quantization(scales, points, found.QuantizedDimension())

    def operator(self, table: tflite.Operator) -> Operator:
        """An operator."""
        code = table.OpcodeIndex()
        if code >= len(self.codes):
            raise Damaged(f"operator code {code} is used, of {len(self.codes)}")
        inputs, outputs = self.indices(table, "Inputs"), self.indices(table, "Outputs")
        return Operator(self.codes[code], inputs, outputs, self.indices(table, "Intermediates"), table.BuiltinOptions())


def present(table: Any) -> Any:
    """A table that must be there."""
    if table is None:
        raise Damaged("a part of it is missing")
    return table


def operator_name(code: tflite.OperatorCode) -> str:
    """An operator's name in the schema; that of its author for a custom one."""
    from tflite.utils import BUILTIN_OPCODE2NAME

    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = BUILTIN_OPCODE2NAME.get(number, f"number {number}")
    if name == "CUSTOM":
        return f"custom {(code.CustomCode() or b'').decode(errors='replace')}"
    return name
