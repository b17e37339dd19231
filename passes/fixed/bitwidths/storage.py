"""Storage in widths that C has: `!fixed.q<i5, s>` becomes `!fixed.q<i8, s>`; clamps stay, so no integer changes."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerType,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from ....dialects.dense import from_numpy, to_numpy
from ....dialects.fixed import ConstantOp
from ....dialects.fixed.structured import scalar_type, shaped_type
from ....dialects.fixed.types import PortAttr, QType

WIDTHS = (8, 16, 32, 64)


def widen_storage(function: FuncOp) -> None:
    """Give every quantized type of a function a storage of 8, 16, 32 or 64 bits, and every scalar that holds one."""
    values = [value for op in function.walk() for value in values_of(op)]
    types = {value.type.element_type for value in values if isinstance(value.type, TensorType)}
    odd = {type.storage for type in types if isinstance(type, QType) and type.bits not in WIDTHS}
    if not odd:
        return
    for op in function.walk():
        for name, attribute in op.properties.items():
            if attribute in odd or isinstance(attribute, TensorType):
                op.properties[name] = widened(attribute, odd)
        for value in values_of(op):
            if (type := widened(value.type, odd)) != value.type:
                Rewriter.replace_value_with_new_type(value, type)
        if isinstance(op, ConstantOp):
            op.properties["value"] = stored_as(op.value, scalar_type(shaped_type(op.result).element_type))
    old = function.function_type
    ends = ([widened(type, odd) for type in types] for types in (old.inputs, old.outputs))
    function.properties["function_type"] = FunctionType.from_lists(*ends)
    for name in ("fixed.inputs", "fixed.outputs"):
        ports = function.attributes.get(name)
        if isinstance(ports, ArrayAttr):
            function.attributes[name] = ArrayAttr([port_in(port, odd) for port in ports])


def values_of(op: Operation) -> list[SSAValue]:
    """An op's results, and the arguments of its blocks."""
    return [*op.results, *(argument for region in op.regions for block in region.blocks for argument in block.args)]


def widened(type: Attribute, odd: set[IntegerType]) -> Attribute:
    """A type with the next of `WIDTHS` in place of each odd storage type."""
    match type:
        case IntegerType() if type in odd:
            return IntegerType(next(width for width in WIDTHS if width >= type.width.data), type.signedness)
        case QType() if type.storage in odd:
            storage = widened(type.storage, odd)
            assert isinstance(storage, IntegerType)
            return QType(storage, type.scales.data, type.zp, type.axis.data)
        case TensorType():
            return TensorType(widened(type.element_type, odd), type.get_shape())
        case _:
            return type


def stored_as(value: DenseIntOrFPElementsAttr, storage: IntegerType) -> DenseIntOrFPElementsAttr:
    """The same integers in another width."""
    return value if value.get_element_type() == storage else from_numpy(to_numpy(value), storage)


def port_in(port: Attribute, odd: set[IntegerType]) -> Attribute:
    """A port with its type widened."""
    if not isinstance(port, PortAttr):
        return port
    type = widened(port.type, odd)
    assert isinstance(type, TensorType)
    return PortAttr(port.label, type, port.permutation)
