"""Copies of flip-flops that many cells of a netlist read: each stands near those that read it.

A wire across an ECP5-85 takes 10 ns, and lanes lie all over the part; neither Yosys 0.70 nor nextpnr 0.7 copies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

MOST_READERS = 8
"""Of a flip-flop; a copy for each so many. The eight flip-flops of a tile share what enables and resets them."""

Reader = tuple[str, str, int]
"""A cell, one of its pins, and the place of a bit there."""


def copy_registers(module: dict[str, Any]) -> int:
    """Copy the flip-flops of a module of a netlist where they have many readers; returns how many are new.

    Readers that have neighbouring names, which are those of one lane, share a copy. Copies are readers themselves: what
    they read is copied in turn.
    """
    cells: dict[str, dict[str, Any]] = module["cells"]
    readers: dict[int, list[Reader]] = {}
    for name, cell in cells.items():
        for pin, place, bit in inputs_of(cell):
            readers.setdefault(bit, []).append((name, pin, place))
    named = [b for net in module["netnames"].values() for b in net["bits"]]
    wire = 1 + max(bit for bit in (*named, *readers, 0) if isinstance(bit, int))
    made = 0
    for name in readers_first(cells, readers):
        cell = cells[name]
        own = readers.get(output_of(cell), [])
        own.sort(key=lambda reader: natural(reader[0]))
        for number, begin in enumerate(range(MOST_READERS, len(own), MOST_READERS), 1):
            copy = f"{name}$copy{number}"
            connections = {pin: list(bits) for pin, bits in cell["connections"].items()} | {"Q": [wire]}
            cells[copy] = cell | {"connections": connections}
            for pin, place, bit in inputs_of(cells[copy]):
                readers[bit].append((copy, pin, place))
            for reader, pin, place in own[begin : begin + MOST_READERS]:
                cells[reader]["connections"][pin][place] = wire
            wire, made = wire + 1, made + 1
    return made


def readers_first(cells: dict[str, dict[str, Any]], readers: dict[int, list[Reader]]) -> list[str]:
    """The flip-flops, each behind those that read it, but where these are a ring."""
    found: dict[str, None] = {}
    entered: set[str] = set()
    waiting = [name for name, cell in cells.items() if cell["type"] == "TRELLIS_FF"]
    while waiting:
        name = waiting[-1]
        if name in entered:
            found.setdefault(waiting.pop())
            continue
        entered.add(name)
        own = readers.get(output_of(cells[name]), [])
        waiting += [n for n, _, _ in own if n not in entered and cells[n]["type"] == "TRELLIS_FF"]
    return list(found)


def output_of(flip_flop: dict[str, Any]) -> int:
    """The wire of a flip-flop."""
    return flip_flop["connections"]["Q"][0]


def inputs_of(cell: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """The pins of a cell that read wires, but for clocks: pin, place of the bit, wire."""
    for pin, bits in cell["connections"].items():
        if cell["port_directions"][pin] == "input" and "CLK" not in pin:
            for place, bit in enumerate(bits):
                if isinstance(bit, int):
                    yield pin, place, bit


def natural(name: str) -> list[tuple[int, str]]:
    """A key by which 9 comes before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
