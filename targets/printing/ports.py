"""The ports of an entry function, paired with its arguments: what headers and test benches tell about them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import IntegerAttr, IntegerType

from ...dialects import emitc
from ...dialects.emitc.statements import pointee
from ...dialects.emitc.types import CONST, ELEMENTS
from ...dialects.errors import UserError
from ...dialects.fixed.types import PortAttr, ports_of
from ...dialects.memplan import INPUT_ARENA, INPUT_ROWS
from .names import identifier


@dataclass(frozen=True)
class EntryPort:
    """An argument of the entry: its name in C, its type there, its number of elements, and the port behind it."""

    name: str
    type: IntegerType
    size: int
    is_input: bool
    port: PortAttr | None
    rows: int = 1
    """How many calls it takes to deliver an input."""

    @property
    def storage(self) -> IntegerType:
        """How its integers are to be read: the port's type, else that of the argument."""
        return self.type if self.port is None else self.port.storage


def entry_ports(entry: emitc.FuncOp, names: list[str]) -> list[EntryPort]:
    """The arguments of the entry, inputs first. Without ports, what is const is an input.

    Raises UserError for arguments that are not pointers of a known size.
    """
    inputs, outputs = (ports_of(entry, f"fixed.{kind}") for kind in ("inputs", "outputs"))
    inputs = [] if INPUT_ARENA in entry.attributes else inputs
    if len(inputs) + len(outputs) > len(names):
        raise UserError(f"{entry.sym_name.data} has {len(names)} arguments for {len(inputs) + len(outputs)} ports")
    ports: list[PortAttr | None] = [*inputs, *outputs]
    ports += [None] * (len(names) - len(ports))
    result: list[EntryPort] = []
    for index, (name, port) in enumerate(zip(names, ports, strict=True)):
        attributes, type = entry.argument_attributes(index), entry.function_type.inputs.data[index]
        elements = attributes.get(ELEMENTS)
        if port is not None:
            size = prod(port.stored_shape)
        elif isinstance(elements, IntegerAttr):
            size = elements.value.data
        else:
            raise UserError(
                f"argument {name} of {entry.sym_name.data} has no port and no {ELEMENTS}: its size is unknown"
            )
        is_input = index < len(inputs) if port is not None else CONST in attributes
        by_rows = is_input and INPUT_ROWS in entry.attributes
        rows = size // elements.value.data if by_rows and isinstance(elements, IntegerAttr) else 1
        result.append(EntryPort(name, pointee(type), size, is_input, port, rows))
    return result


def given_port(entry: emitc.FuncOp) -> EntryPort | None:
    """The input that the caller writes into the arena, where there is one; it is at the arena's start."""
    if INPUT_ARENA not in entry.attributes:
        return None
    ports = ports_of(entry, "fixed.inputs")
    if len(ports) != 1:
        raise UserError(f"{entry.sym_name.data} has {len(ports)} inputs: a single one can lie in the arena")
    (port,) = ports
    return EntryPort(identifier(port.label.data), port.storage, prod(port.stored_shape), True, port)
