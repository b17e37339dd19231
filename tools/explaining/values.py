"""Every value of a model with its integer type, where it lies, and why it has that type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import ArrayAttr, FloatAttr, StringAttr, TensorType
from xdsl.dialects.func import ReturnOp
from xdsl.ir import Attribute, Operation

from ...dialects import onnx
from ...dialects.fixed.settings import setting_of
from ...dialects.fixed.types import PER_TENSOR, QType, scale_text
from ...passes.fixed.calibrate import the_function
from ..compiling.compilation import Compilation, input_types


@dataclass(frozen=True)
class Value:
    """A value or weight. `place` is `arena`, `caller`, `flash`, or `-`: used where it is made, or part of another."""

    name: str
    type: str
    elements: int
    place: str
    why: str


def values_of(compilation: Compilation, stored: Mapping[str, int]) -> list[Value]:
    """All values with a type, the model's inputs first; `stored` are the nodes whose results lie in memory."""
    function = the_function(compilation.typed)
    found = list(inputs_of(compilation))
    for op in function.walk():
        type = op.attributes.get("fixed.type")
        if isinstance(type, QType) and len(op.results) == 1:
            value = Value(name_of(op), type_text(type), elements_of(op), place_of(op, stored), why(op, type))
            found += [] if value in found else [value]
    return found


def place_of(op: Operation, stored: Mapping[str, int]) -> str:
    """Where the result of an op lies."""
    if isinstance(op, onnx.ConstantOp):
        return "flash"
    if any(isinstance(use.operation, ReturnOp) for use in op.results[0].uses):
        return "caller"
    return "arena" if name_of(op) in stored else "-"


def inputs_of(compilation: Compilation) -> Iterator[Value]:
    """The inputs, which the caller holds."""
    function = the_function(compilation.typed)
    types = entries(function.attributes.get("fixed.input_types"))
    ranges = entries(function.attributes.get("fixed.input_ranges")) or [None] * len(types)
    names = input_types(compilation.typed).items()
    for type, range, (name, shape) in zip(types, ranges, names, strict=False):
        if isinstance(type, QType):
            yield Value(name, type_text(type), prod(shape.get_shape()), "caller", range_text(range) or "the model's")


def entries(attribute: Attribute | None) -> list[Attribute]:
    """The entries of an array; none where there is no array."""
    return list(attribute) if isinstance(attribute, ArrayAttr) else []


def name_of(op: Operation) -> str:
    """The node's name."""
    node = op.properties.get("node", op.attributes.get("node"))
    return node.data if isinstance(node, StringAttr) else op.name


def elements_of(op: Operation) -> int:
    """The number of elements of an op's result."""
    type = op.results[0].type
    assert isinstance(type, TensorType)
    return prod(type.get_shape())


def type_text(type: QType) -> str:
    """`i8, 2^-7 : 3` (storage, scale and zero point), or the number of scales."""
    if type.axis.data != PER_TENSOR:
        return f"{type.storage}, {len(type.scales.data)} scales"
    scale = scale_text(type.scale)
    return f"{type.storage}, {scale if '^' in scale else f'{type.scale:.4g}'}{f' : {type.zp}' if type.zp else ''}"


def why(op: Operation, type: QType) -> str:
    """What a type follows from."""
    setting = setting_of(op.results[0])
    if setting:
        return "set: " + ", ".join(f"{name} {value}" for name, value in setting.to_dict().items())
    calibrated = range_text(op.attributes.get("fixed.range"))
    if isinstance(op, onnx.ConstantOp):
        return "greatest weight of each row" if type.axis.data != PER_TENSOR else "greatest weight"
    return calibrated or "that of its operand"


def range_text(range: object) -> str:
    """`calibrated -1.2 .. 3.4`; empty where there is no range."""
    if not isinstance(range, ArrayAttr):
        return ""
    ends = [entry.value.data for entry in range.data if isinstance(entry, FloatAttr)]
    return f"calibrated {ends[0]:.3g} .. {ends[1]:.3g}" if len(ends) == 2 else ""
