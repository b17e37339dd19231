"""Firmware on a Cortex-M or a 32-bit RISC-V in QEMU: output rows, exact instruction counts, stack.

Rows are files of the host that the firmware reads and writes through semihosting. A plugin of ours
(firmware/instruction_counter.c), built on first use, counts the instructions of each call, and their classes for each
function of the model. QEMU has no core that is true to cycles; targets/timing.py estimates them.

The firmware has as much RAM as the board: the stack gets what static data leave, at the lowest addresses, so that an
overflow faults. Where a machine is smaller than the board and the stack overflows, the next machine is tried. The
painted stack is read after the last row: the figure is the deepest of all rows.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...dialects.errors import UserError
from ..board import Board
from ..firmware import Firmware, function_lines, functions_of, link, symbols_of
from ..processes import run_program
from ..toolchain import firmware_source, helper_program, output_of, require
from .classes import CLASSES
from .outcome import Outcome, StackOverflow, fault

SECONDS = 600
"""How long all rows may take."""

FILES = "counts=counts,functions=functions,classes=classes"
"""The files of the plugin, in the directory of the run."""

ARM, RISC_V = "qemu-system-arm", "qemu-system-riscv32"
"""The programs; of RISC-V the plugin knows no classes of instructions."""


@dataclass(frozen=True)
class Machine:
    """The memory of a QEMU machine, in bytes."""

    name: str
    core: str
    flash_origin: int
    flash_bytes: int
    ram_origin: int
    ram_bytes: int


def machines_of(board: Board) -> list[Machine]:
    """The machines that a board names. Raises UserError for one that there is no memory map of."""
    table = tomllib.loads(firmware_source("machines.toml"))
    unknown = [name for name in board.simulator.machines if name not in table]
    if unknown:
        raise UserError(f"board '{board.name}': no QEMU machine {', '.join(unknown)}; there are {', '.join(table)}")
    return [Machine(name, **table[name]) for name in board.simulator.machines]


def simulate(firmware: Firmware, rows: bytes, directory: Path, seconds: float = SECONDS) -> Outcome:
    """Run the model on rows of raw input bytes, port after port. `directory` is that of the build.

    Raises ToolchainMissing; FirmwareFault; StackOverflow; TooSlow; UserError where no machine is large enough.
    """
    board, ram = firmware.board, firmware.total_ram_bytes
    machines = machines_of(board)
    large = [m for m in machines if m.ram_bytes > ram and m.flash_bytes >= firmware.total_flash_bytes]
    if not large:
        names = ", ".join(f"{m.name} ({m.ram_bytes:,} bytes of RAM, {m.flash_bytes:,} of flash)" for m in machines)
        raise UserError(
            f"{firmware.model.name} fits board '{board.name}' but no machine that simulates it: it takes {ram:,} bytes "
            f"of RAM and {firmware.total_flash_bytes:,} of flash, there is {names}"
        )
    (directory / "inputs").write_bytes(rows)
    for machine in large[:-1]:
        try:
            return run_on(firmware, machine, directory, seconds)
        except StackOverflow:
            if machine.ram_bytes >= board.ram_bytes:
                raise
    return run_on(firmware, large[-1], directory, seconds)


def run_on(firmware: Firmware, machine: Machine, directory: Path, seconds: float) -> Outcome:
    """One run on one machine."""
    elf = link_for(firmware, machine, directory)
    kind = firmware.board.simulator.kind
    command = [require(kind), "-machine", machine.name, "-display", "none", "-monitor", "none"]
    command += ["-bios", "none"] if kind == RISC_V else []
    command += ["-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    functions, files = ({}, "counts=counts") if kind == RISC_V else (functions_of(firmware, elf), FILES)
    (directory / "functions").write_text(function_lines(functions), encoding="utf-8")
    command += ["-plugin", f"file={counter(kind)},{counter_arguments(firmware, machine, elf)},{files}"]
    name, board = firmware.model.name, firmware.board.name
    done = run_program(command, seconds, directory)
    if done.code != 0:
        raise fault(name, board, (done.stdout + done.stderr).strip() or f"QEMU {done.reason}")
    results = (directory / "outputs").read_bytes()
    counts = np.loadtxt(directory / "counts", dtype=np.int64, ndmin=1).reshape(-1, firmware.model.calls).sum(axis=1)
    table = np.loadtxt(directory / "classes", dtype=np.int64, ndmin=2) if functions else np.zeros((0, 0), np.int64)
    profile = {name: dict(zip(CLASSES, map(int, row), strict=True)) for name, row in zip(functions, table, strict=True)}
    return Outcome(results[:-4], int.from_bytes(results[-4:], "little"), instructions=counts, profile=profile)


def link_for(firmware: Firmware, machine: Machine, directory: Path) -> Path:
    """The ELF whose stack takes what the model leaves of the board's RAM, as far as the machine has it."""
    stack = min(firmware.board.ram_bytes - firmware.ram_bytes, machine.ram_bytes - firmware.total_ram_bytes) & ~7
    symbols = {"FLASH_ORIGIN": machine.flash_origin, "RAM_ORIGIN": machine.ram_origin, "STACK_BYTES": stack}
    return link(firmware.model, firmware.board, directory, f"{machine.name}.elf", symbols)


def counter(program: str) -> Path:
    """The plugin. QEMU 9 raised the version of the interface; what the plugin uses did not change."""
    found = re.search(r"version (\d+)", output_of(program, ["--version"]))
    version = 1 if found is None or int(found[1]) < 9 else 2
    flags = ("-shared", "-fPIC", f"-DPLUGIN_VERSION={version}")
    return helper_program("instruction_counter.c", flags, headers=("thumb_classes.h",))


def counter_arguments(firmware: Firmware, machine: Machine, elf: Path) -> str:
    """The addresses that the plugin watches, and how the board reads flash."""
    symbols = symbols_of(firmware.board, elf)
    begin, caller = symbols[firmware.model.entry].address & ~1, symbols["main"]
    start = caller.address & ~1
    watched = f"begin={begin:x},caller_begin={start:x},caller_end={start + caller.size:x}"
    reads, flash = firmware.board.flash_reads, machine.flash_origin
    if reads is None:
        return watched
    lines = f"line_bytes={reads.line_bytes},fetch_lines={reads.fetch_lines},data_lines={reads.data_lines}"
    return f"{watched},flash_begin={flash:x},flash_end={flash + machine.flash_bytes:x},{lines}"
