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

SEEDS = (1, 2, 3)
"""Of placements, which end some percent apart: another one is tried where the target is missed."""

LOG, REPORT, CONFIG = "nextpnr.log", "report.json", "design.config"

STAGES = {
    r"^Info: Running main analytical placer": "placing",
    r"^Info: Running simulated annealing": "refining the placement",
    r"Max frequency for clock .*: ([0-9.]+) MHz": "{} MHz",
    r"^Info: Running router2": "routing",
}
"""What lines of nextpnr's log mean."""


def place_and_route(fpga: Fpga, directory: Path, say: Say = silent) -> Cells:
    """Cells and clock of the netlist in `directory`, without pins: of the first seed that reaches the target, or the
    best one, whose files stay.

    Raises ToolchainMissing, CompileError, TooSlow.
    """
    best: Cells | None = None
    for seed in SEEDS:
        cells = placed(fpga, directory, seed, say)
        if best is None or (cells.fmax_hz or 0) > (best.fmax_hz or 0):
            best = cells
            for name in (REPORT, CONFIG):
                (directory / of_seed(name, seed)).replace(directory / name)
        if cells.fmax_hz is None or cells.fmax_hz >= fpga.clock_hz:
            break
        say(f"seed {seed}: {cells.fmax_hz / 1e6:.1f} MHz, less than {fpga.clock_hz / 1e6:g}")
    assert best is not None, "there are seeds"
    return best


def of_seed(name: str, seed: int) -> str:
    """The file of one placement."""
    return f"seed{seed}-{name}"


def placed(fpga: Fpga, directory: Path, seed: int, say: Say) -> Cells:
    """One placement, routed."""
    report, config = of_seed(REPORT, seed), of_seed(CONFIG, seed)
    command = [nextpnr_command(), f"--{fpga.device}", "--package", fpga.package, "--json", NETLIST]
    command += ["--lpf-allow-unconstrained", "--timing-allow-fail", "--report", report, "--seed", str(seed)]
    command += ["--router", ROUTER, "--freq", f"{fpga.clock_hz / 1e6:g}", "--textcfg", config, "--log", LOG]
    with reporting("nextpnr", say, directory / LOG, STAGES):
        done = run_program(command, SECONDS, directory)
    if done.code != 0:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line]
        raise CompileError(f"nextpnr {done.reason}:", *lines[:SHOWN_LINES])
    data = json.loads((directory / report).read_text(encoding="utf-8"))
    used = {name: entry["used"] for name, entry in data["utilization"].items()}
    clocks = [clock["achieved"] for clock in data["fmax"].values()]
    return Cells(
        used.get("TRELLIS_COMB", 0),
        used.get("TRELLIS_FF", 0),
        used.get("MULT18X18D", 0),
        used.get("DP16KD", 0) / 2,
        min(clocks) * 1e6 if clocks else None,
    )
