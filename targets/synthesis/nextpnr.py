"""Placing and routing for ECP5 with nextpnr: the clock that a design reaches."""

from __future__ import annotations

import json
from pathlib import Path

from ..device import Fpga
from ..processes import run_program
from ..toolchain import CompileError
from .progress import Say, reporting, silent
from .tools import nextpnr_command
from .yosys import NETLIST, Cells

SECONDS = 3600
SHOWN_LINES = 4

ROUTER = "router2"
"""The one that gives way by costs: router1 does not end where many wires want the same place."""

LOG = "nextpnr.log"

STAGES = {
    r"^Info: Running main analytical placer": "placing",
    r"^Info: Running simulated annealing": "refining the placement",
    r"Max frequency for clock .*: ([0-9.]+) MHz": "{} MHz",
    r"^Info: Running router2": "routing",
}
"""What lines of nextpnr's log mean."""


def place_and_route(fpga: Fpga, directory: Path, say: Say = silent) -> Cells:
    """Cells and clock of the netlist in `directory`, without pins. Raises ToolchainMissing, CompileError, TooSlow."""
    command = [nextpnr_command(), f"--{fpga.device}", "--package", fpga.package, "--json", NETLIST]
    command += ["--lpf-allow-unconstrained", "--timing-allow-fail", "--report", "report.json", "--seed", "1"]
    command += ["--router", ROUTER, "--freq", f"{fpga.clock_hz / 1e6:g}", "--textcfg", "design.config", "--log", LOG]
    with reporting("nextpnr", say, directory / LOG, STAGES):
        done = run_program(command, SECONDS, directory)
    if done.code != 0:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line]
        raise CompileError(f"nextpnr {done.reason}:", *lines[:SHOWN_LINES])
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    used = {name: entry["used"] for name, entry in report["utilization"].items()}
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    return Cells(
        used.get("TRELLIS_COMB", 0),
        used.get("TRELLIS_FF", 0),
        used.get("MULT18X18D", 0),
        used.get("DP16KD", 0) / 2,
        min(clocks) * 1e6 if clocks else None,
    )
