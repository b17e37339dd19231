"""The ports of an entry function, paired with its arguments: what headers and test benches tell about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import IntegerAttr, IntegerType

from ...dialects import emitc
from ...dialects.emitc.statements import pointee
from ...dialects.emitc.types import CONST, ELEMENTS, STATE
from ...dialects.errors import UserError
from ...dialects.fixed.types import PortAttr, ports_of
from ...dialects.memplan import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS
from ...dialects.names import identifier, parameter_name


@dataclass(frozen=True)
class EntryPort:
    """An argument of the entry: its name in C, its type there, its number of elements, and the port behind it."""

    name: str
    type: IntegerType
    size: int
    is_input: bool
    port: PortAttr | None
    rows: int = 1
    """How many calls it takes to deliver an input; in steps, how many slices the model as a whole has of a port."""

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
    first = 1 if names and STATE in entry.argument_attributes(0) else 0
    names = names[first:]
    if len(inputs) + len(outputs) > len(names):
        raise UserError(f"{entry.sym_name.data} has {len(names)} arguments for {len(inputs) + len(outputs)} ports")
    ports: list[PortAttr | None] = [*inputs, *outputs]
    ports += [None] * (len(names) - len(ports))
    result: list[EntryPort] = []
    for index, (name, port) in enumerate(zip(names, ports, strict=True)):
        attributes = entry.argument_attributes(first + index)
        type = entry.function_type.inputs.data[first + index]
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
        by_rows = (is_input and INPUT_ROWS in entry.attributes) or INPUT_STEPS in entry.attributes
        rows = size // elements.value.data if by_rows and isinstance(elements, IntegerAttr) else 1
        result.append(EntryPort(name, pointee(type), size, is_input, port, rows))
    return result


MACROS = ("SIZE", "ROWS", "ROW_SIZE", "SCALE", "SCALES", "ZERO_POINT", "IN_ARENA")
"""What the macros of a port may end in: `NET_X_SIZE`."""


def macro_stems(ports: Iterable[EntryPort], prefix: str) -> list[str]:
    """What the macros of each port begin with, from its label. No two macros of a model are the same.

    Port `x` with `ROW_SIZE` and port `x_row` with `SIZE` would be, and so would port `arena` with bytes.
    """
    taken: set[str] = set()
    stems: list[str] = []
    for port in ports:
        label = port.name if port.port is None else port.port.label.data
        stem = base = f"{prefix}_{identifier(label, 'port').upper()}"
        number = 0
        while taken & {f"{stem}_{end}" for end in MACROS}:
            number += 1
            stem = f"{base}_{number}"
        taken |= {f"{stem}_{end}" for end in MACROS}
        stems.append(stem)
    return stems


def given_port(entry: emitc.FuncOp) -> EntryPort | None:
    """The input that the caller writes into the arena, where there is one; it is at the arena's start."""
    if INPUT_ARENA not in entry.attributes:
        return None
    ports = ports_of(entry, "fixed.inputs")
    if len(ports) != 1:
        raise UserError(f"{entry.sym_name.data} has {len(ports)} inputs: a single one can lie in the arena")
    (port,) = ports
    return EntryPort(parameter_name(port.label.data, True), port.storage, prod(port.stored_shape), True, port)
