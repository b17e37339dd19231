"""The ports of a function at any level: as many as it has inputs and outputs, and as large."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import ArrayAttr, MemRefType, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from ..diagnostics import OpError
from ..fixed.structured import scalar_type
from ..fixed.types import PortAttr
from ..memplan.inputs import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS

INPUTS, OUTPUTS = "fixed.inputs", "fixed.outputs"


def verify_ports(function: FuncOp) -> None:
    """Raise OpError where a function's ports are not those of its arguments and results.

    On tensors inputs are arguments and outputs results; on memrefs outputs are the last arguments. A function that is
    only planned may have no ports, or those of its inputs alone.
    """
    inputs, outputs = (port_list(function, name) for name in (INPUTS, OUTPUTS))
    values, results = function.function_type.inputs.data, function.function_type.outputs.data
    if not results and any(isinstance(argument, MemRefType) for argument in values):
        split = len(values) - len(outputs) if outputs is not None else len(inputs or ())
        values, results = values[: max(0, split)], values[max(0, split) :]
    in_steps = INPUT_STEPS in function.attributes
    if inputs is not None and not (INPUT_ARENA in function.attributes and not values):
        verify_side(function, INPUTS, inputs, values, by_rows=INPUT_ROWS in function.attributes or in_steps)
    if outputs is not None:
        verify_side(function, OUTPUTS, outputs, results, by_rows=in_steps)


def port_list(function: FuncOp, name: str) -> list[PortAttr] | None:
    """The ports in an attribute, None where there is no such attribute. Raises OpError where it holds anything else."""
    attribute = function.attributes.get(name)
    if attribute is None:
        return None
    entries = list(attribute.data) if isinstance(attribute, ArrayAttr) else [attribute]
    ports = [entry for entry in entries if isinstance(entry, PortAttr)]
    if len(ports) != len(entries):
        raise OpError(function, f"attribute '{name}': expected a list of #fixed.port")
    return ports


def verify_side(
    function: FuncOp, name: str, ports: Sequence[PortAttr], types: Sequence[Attribute], by_rows: bool
) -> None:
    """Compare ports with the types of arguments or results. Of a port `by_rows` an argument may hold only a row."""
    if len(ports) != len(types):
        raise OpError(function, f"attribute '{name}': {len(ports)} ports for {len(types)} values")
    for port, type in zip(ports, types, strict=True):
        if not isinstance(type, TensorType | MemRefType):
            raise OpError(function, f"attribute '{name}': a port is a tensor or a memref, not {type}")
        elements, size = prod(port.stored_shape), prod(type.get_shape())
        bits = scalar_type(type.element_type).width.data
        if bits != port.storage.width.data or (elements % size if by_rows else elements != size):
            raise OpError(function, f"attribute '{name}': {type} is not {port}")
