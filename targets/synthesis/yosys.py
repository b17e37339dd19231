"""Verilog to cells of a family, with Yosys, and what they take of a part."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..processes import run_program
from ..toolchain import CompileError
from .packing import pack_registers
from .progress import Say, reporting, silent
from .tools import yosys_command

SECONDS = 3600
SHOWN_LINES = 6

NETLIST = "netlist.json"

# Not flattened: Yosys then makes half as many look-up tables again of the adders of a layer.
SYNTHESIS = {
    "xc7": "synth_xilinx -family xc7 -noiopad -noclkbuf -top {top}",
    "ecp5": "synth_ecp5 -top {top} -json " + NETLIST,
}

TABLES = {
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1D": 4,
    "RAM256X1S": 4,
    "SRL16E": 1,
    "SRLC32E": 1,
}
"""Look-up tables of a memory cell of 7 Series (UG474)."""

TRELLIS_TABLES = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6, "TRELLIS_COMB": 1}
"""Look-up tables of a cell of ECP5."""


@dataclass(frozen=True)
class Cells:
    """What a design takes of a part; `fmax_hz` where it was placed and routed."""

    luts: int
    ffs: int
    dsps: int
    bram36: float
    fmax_hz: float | None = None


def synthesize(family: str, top: str, source: str, directory: Path, say: Say = silent) -> Cells:
    """The cells of a Verilog file in `directory`, where for ECP5 a netlist is left as well.

    Raises ToolchainMissing, CompileError, TooSlow.
    """
    passes = [f"read_verilog {source}", SYNTHESIS[family].format(top=top), "tee -q -o cells.json stat -json"]
    with reporting("Yosys", say):
        done = run_program(yosys_command(passes), SECONDS, directory)
    if done.code != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if "ERROR" in line or "rror:" in line]
        raise CompileError(f"yosys {done.reason}:", *lines[:SHOWN_LINES])
    text = (directory / "cells.json").read_text(encoding="utf-8")
    counts = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    if family == "ecp5":
        counts["TRELLIS_FF"] -= pack_registers(directory / NETLIST)
    return {"xc7": cells_of_xc7, "ecp5": cells_of_ecp5}[family](counts)


def cells_of_xc7(counts: Mapping[str, int]) -> Cells:
    """7 Series: each function of a look-up table is counted as one, two small ones are not put together."""
    luts = sum(n for name, n in counts.items() if re.fullmatch(r"LUT[1-6]|INV", name))
    luts += sum(TABLES.get(name, 0) * n for name, n in counts.items())
    ffs = sum(n for name, n in counts.items() if re.fullmatch(r"FD[A-Z]+", name))
    brams = counts.get("RAMB36E1", 0) + counts.get("RAMB18E1", 0) / 2
    return Cells(luts, ffs, counts.get("DSP48E1", 0), brams)


def cells_of_ecp5(counts: Mapping[str, int]) -> Cells:
    """ECP5, before placement."""
    luts = sum(TRELLIS_TABLES.get(name, 0) * n for name, n in counts.items())
    return Cells(luts, counts.get("TRELLIS_FF", 0), counts.get("MULT18X18D", 0), counts.get("DP16KD", 0) / 2)
