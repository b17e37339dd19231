"""Copies of flip-flops that many cells of a netlist read: each stands near those that read it.

A wire across an ECP5-85 takes 10 ns, and lanes lie all over the part; neither Yosys 0.70 nor nextpnr 0.7 copies.
"""

from __future__ import annotations

import re
from typing import Any

MOST_READERS = 16
"""Of a flip-flop; a copy for each so many."""


def copy_registers(module: dict[str, Any]) -> int:
    """Copy the flip-flops of a module of a netlist where they have many readers; returns how many are new.

    Readers that have neighbouring names, which are those of one lane, share a copy.
    """
    cells: dict[str, dict[str, Any]] = module["cells"]
    readers: dict[int, list[tuple[str, str, int]]] = {}
    for name, cell in cells.items():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input" and "CLK" not in pin:
                for place, bit in enumerate(bits):
                    if isinstance(bit, int):
                        readers.setdefault(bit, []).append((name, pin, place))
    named = [b for net in module["netnames"].values() for b in net["bits"]]
    wire = 1 + max(bit for bit in (*named, *readers, 0) if isinstance(bit, int))
    made: dict[str, dict[str, Any]] = {}
    for name, cell in cells.items():
        if cell["type"] != "TRELLIS_FF":
            continue
        own = readers.get(cell["connections"]["Q"][0], [])
        own.sort(key=lambda reader: natural(reader[0]))
        for number in range(1, -(-len(own) // MOST_READERS)):
            connections = {pin: list(bits) for pin, bits in cell["connections"].items()} | {"Q": [wire]}
            made[f"{name}$copy{number}"] = cell | {"connections": connections}
            for reader, pin, place in own[number * MOST_READERS : (number + 1) * MOST_READERS]:
                cells[reader]["connections"][pin][place] = wire
            wire += 1
    cells |= made
    return len(made)


def natural(name: str) -> list[tuple[int, str]]:
    """A key by which 9 comes before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
