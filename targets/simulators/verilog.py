"""Verilog in a simulator: Icarus Verilog, which starts at once, or Verilator, which compiles and then runs fast."""

from __future__ import annotations

from pathlib import Path

from ..processes import run_program
from ..toolchain import CompileError, require
from ..verilog.program import COLLISIONS
from .outcome import FirmwareFault

SIMULATORS = ("iverilog", "verilator")

COMPILE_SECONDS, SECONDS = 3600, 3600
SHOWN_LINES = 6


def simulate(simulator: str, top: str, sources: list[str], directory: Path) -> str:
    """What the test bench `top` prints; `sources` are files in `directory`, where it runs.

    Memories that are free of collisions give the complement of a word in the clock in which it is written.

    Raises ToolchainMissing, CompileError, FirmwareFault, TooSlow.
    """
    program = icarus(top, sources, directory) if simulator == "iverilog" else verilator(top, sources, directory)
    done = run_program(program, SECONDS, directory)
    if done.code != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[:SHOWN_LINES]
        raise FirmwareFault(f"{top} in {simulator}: {done.reason}", *said)
    return done.stdout


def icarus(top: str, sources: list[str], directory: Path) -> list[str | Path]:
    """Compile for Icarus Verilog; returns the command that runs."""
    build("iverilog", ["-g2005", "-Wall", f"-D{COLLISIONS}", "-s", top, "-o", "simulation", *sources], directory)
    return [require("vvp"), "-n", "simulation"]


def verilator(top: str, sources: list[str], directory: Path) -> list[str | Path]:
    """Compile with Verilator; returns the command that runs."""
    flags = [
        "--binary",
        f"-D{COLLISIONS}",
        "-O3",
        "-Wno-fatal",
        "-Wno-lint",
        "--top-module",
        top,
        "--Mdir",
        "verilated",
        "-o",
        "simulation",
    ]
    build("verilator", [*flags, "-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0", *sources], directory)
    return [directory / "verilated" / "simulation"]


def build(tool: str, arguments: list[str], directory: Path) -> None:
    """Run a compiler. Raises CompileError with what it said."""
    done = run_program([require(tool), *arguments], COMPILE_SECONDS, directory)
    if done.code != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise CompileError(f"{tool} {done.reason}:", *lines[:SHOWN_LINES])
