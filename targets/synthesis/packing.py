"""Registers of a netlist for ECP5 that multipliers and block RAMs have room for, moved into these.

Yosys 0.70 leaves the registers of multipliers (MULT18X18D) and of the outputs of block RAMs (DP16KD) empty, which cost
nothing and take most of the delay of both: 3.9 of 4.6 ns behind a product, 4.9 of 5.6 ns behind a word, by nextpnr 0.7.
What each cell can hold is of Lattice FPGA-TN-02205 (multipliers) and FPGA-TN-02204 (memories). A flip-flop moves only
where it has no enable and the clock of the cell, so that the netlist computes the same in the same clocks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .copying import copy_registers

Cell = dict[str, Any]
Bit = int | str
"""The number of a wire, or a constant: "0", "1", "x"."""

FACTOR_BITS, PRODUCT_BITS, WORD_BITS = 18, 36, 18
OUTPUT_RESET = 2
SYNCHRONOUS = "LSR_OVER_CE"
WHOLE_WORD = f"{36:032b}"
"""The width of a memory whose two ports are one."""


def pack_registers(file: Path) -> int:
    """Rewrite a netlist (JSON of Yosys), and copy registers that are read all over the part.

    Returns how many flip-flops it has less.
    """
    data = json.loads(file.read_text(encoding="utf-8"))
    moved = 0
    for module in data["modules"].values():
        if int(module["attributes"].get("top", "0"), 2):
            before = len(module["cells"])
            Netlist(module).pack()
            copy_registers(module)
            moved += before - len(module["cells"])
    file.write_text(json.dumps(data), encoding="utf-8")
    return moved


class Netlist:
    """Cells of a module, who drives each wire and who reads it."""

    def __init__(self, module: dict[str, Any]):
        self.cells: dict[str, Cell] = module["cells"]
        self.registers: dict[Bit, str] = {}
        """Flip-flops that may move, by the wire of their output."""
        self.readers: dict[Bit, list[str]] = defaultdict(list)
        for port in module["ports"].values():
            for bit in port["bits"]:
                self.readers[bit].append("")
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "input":
                    for bit in bits:
                        self.readers[bit].append(name)
            if is_register(cell):
                self.registers[cell["connections"]["Q"][0]] = name

    def pack(self) -> None:
        """Move what multipliers and block RAMs have room for."""
        for name, cell in list(self.cells.items()):
            if cell["type"] == "MULT18X18D":
                self._factors(name, cell)
                self._product(cell)
            elif cell["type"] == "DP16KD":
                self._words(cell)

    def _factors(self, name: str, cell: Cell) -> None:
        """Registers of both factors; other readers of a flip-flop keep it."""
        sides = {side: [f"{side}{n}" for n in range(FACTOR_BITS)] for side in "AB"}
        controls = {side: self._controls([cell["connections"][pin][0] for pin in pins]) for side, pins in sides.items()}
        clocks = {clock for found in controls.values() for clock, _ in found}
        if len(clocks) != 1 or None in clocks or any(len(found) != 1 for found in controls.values()):
            return
        for number, (side, pins) in enumerate(sides.items()):
            for pin in pins:
                bit = cell["connections"][pin][0]
                if bit in self.registers:
                    source = self.cells[self.registers[bit]]["connections"]["DI"][0]
                    cell["connections"][pin] = [source]
                    self.readers[bit].remove(name)
                    self.readers[source].append(name)
                    self._drop(bit)
            ((clock, reset),) = controls[side]
            hold(cell, f"REG_INPUT{side}", clock, number, reset)

    def _product(self, cell: Cell) -> None:
        """The register of a product."""
        pins = [f"P{n}" for n in range(PRODUCT_BITS)]
        clock = self._following(cell, pins)
        own = cell["connections"].get("CLK0")
        if clock is not None and own in (None, [clock]):
            self._take(cell, pins)
            hold(cell, "REG_OUTPUT", clock, OUTPUT_RESET)

    def _words(self, cell: Cell) -> None:
        """The registers of the words that the ports of a memory read."""
        sides = ["AB"] if cell["parameters"].get("DATA_WIDTH_A") == WHOLE_WORD else ["A", "B"]  # B reads a whole word
        for ports in sides:
            pins = [f"DO{port}{n}" for port in ports for n in range(WORD_BITS)]
            clock = self._following(cell, pins)
            if clock is None or cell["connections"][f"CLK{ports[-1]}"] != [clock]:
                continue
            self._take(cell, pins)
            for port in ports:
                cell["parameters"][f"REGMODE_{port}"] = "OUTREG"
                cell["connections"][f"OCE{port}"] = ["1"]

    def _following(self, cell: Cell, pins: Iterable[str]) -> Bit | None:
        """The clock of the flip-flops that alone read each of the pins that are read; None where others do."""
        clocks: set[Bit | None] = set()
        for pin in pins:
            for bit in cell["connections"].get(pin, ()):
                readers = self.readers[bit]
                if readers:
                    follows = len(readers) == 1 and is_plain(self.cells.get(readers[0]), bit)
                    clocks.add(self.cells[readers[0]]["connections"]["CLK"][0] if follows else None)
        return clocks.pop() if len(clocks) == 1 else None

    def _take(self, cell: Cell, pins: Iterable[str]) -> None:
        """Drive what flip-flops behind the pins drive."""
        for pin in pins:
            for bit in cell["connections"].get(pin, ()):
                if self.readers[bit]:
                    register = self.readers[bit].pop()
                    output = self.cells.pop(register)["connections"]["Q"]
                    self.registers.pop(output[0])
                    cell["connections"][pin] = output

    def _drop(self, bit: Bit) -> None:
        """Erase a flip-flop that nothing reads."""
        if not self.readers[bit]:
            name = self.registers.pop(bit)
            for pin in ("DI", "LSR"):
                for source in self.cells[name]["connections"].get(pin, ()):
                    self.readers[source].remove(name)
            del self.cells[name]

    def _controls(self, bits: Sequence[Bit]) -> set[tuple[Bit | None, Bit]]:
        """Clock and reset of the flip-flops that drive wires; no clock where one may not move, or a 1 were reset."""
        found: set[tuple[Bit | None, Bit]] = set()
        for bit in bits:
            if isinstance(bit, int):
                name = self.registers.get(bit)
                pins = {} if name is None else self.cells[name]["connections"]
                reset = pins.get("LSR", ["0"])[0]
                found.add((None if name is None or (isinstance(reset, int) and "1" in bits) else pins["CLK"][0], reset))
        return found


def is_register(cell: Cell | None) -> bool:
    """Whether a cell is a flip-flop that takes its data in each rising edge, or 0 where it is reset then."""
    if cell is None or cell["type"] != "TRELLIS_FF":
        return False
    settings = cell["parameters"]
    always = settings.get("CEMUX", "1").strip() == "1" and settings.get("CLKMUX", "CLK") == "CLK"
    return always and settings.get("REGSET") == "RESET" and settings.get("SRMODE", SYNCHRONOUS) == SYNCHRONOUS


def is_plain(cell: Cell | None, data: Bit) -> bool:
    """Whether a cell is a flip-flop that takes a wire in each rising edge."""
    if cell is None or not is_register(cell):
        return False
    pins = cell["connections"]
    return pins["DI"] == [data] and not isinstance(pins.get("LSR", ["0"])[0], int)


def hold(cell: Cell, register: str, clock: Bit | None, number: int, reset: Bit = "0") -> None:
    """Use a register of a multiplier, always enabled; each has a reset of its own."""
    cell["parameters"] |= {
        f"{register}_CLK": "CLK0",
        f"{register}_CE": "CE0",
        f"{register}_RST": f"RST{number}",
        "RESETMODE": "SYNC",
    }
    for pin, bit in (("CLK0", clock), ("CE0", "1"), (f"RST{number}", reset)):
        cell["connections"][pin] = [bit]
        cell["port_directions"][pin] = "input"
