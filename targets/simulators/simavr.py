"""Firmware on an AVR, cycle by cycle, with libsimavr.

A program of ours on libsimavr (firmware/simavr_runner.c), built on first use, puts each input row into the model's
buffers when its call begins and reads the outputs when it returns: one process for all rows. The stack includes the
return address. An overflow into static data is an error as soon as it happens.

simavr 1.6 sizes some ADIW and SBIW wrongly when a skip instruction passes over them; the runner repairs that. Comparing
the outputs with the host's is the guard against what else a simulator may have wrong.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..firmware import Firmware, function_lines, functions_of, port_bytes, symbols_of
from ..processes import run_program
from ..toolchain import helper_program
from .outcome import Outcome, fault

CYCLE_LIMIT = 1_000_000_000
"""Cycles that a call may take: one minute at 16 MHz."""

SECONDS = 3600
"""How long all rows may take."""

DATA_SPACE = 0x800000
"""Where avr-ld places the address space of data."""


def runner() -> Path:
    """The program on libsimavr. Raises ToolchainMissing."""
    return helper_program("simavr_runner.c", (), ("-lsimavr",))


def simulate(firmware: Firmware, rows: bytes, directory: Path, cycle_limit: int = CYCLE_LIMIT) -> Outcome:
    """Run the model on rows of raw input bytes, port after port. `directory` takes the files of the run.

    Raises ToolchainMissing, FirmwareFault, StackOverflow, TooSlow.
    """
    names = ("inputs", "outputs", "figures", "functions", "profile")
    inputs, outputs, figures, ranges, profile = (directory / name for name in names)
    inputs.write_bytes(rows)
    functions = functions_of(firmware, firmware.elf)
    ranges.write_text(function_lines(functions), encoding="utf-8")
    symbols = symbols_of(firmware.board, firmware.elf)
    entry = symbols[firmware.model.entry].address
    static_end = symbols["_end"].address - DATA_SPACE
    model = firmware.model
    limits = [f"{entry:x}", f"{static_end:x}", str(cycle_limit), str(model.calls)]
    ports: list[str] = []
    given = zip(model.input_buffers, map(model.call_bytes, model.inputs), strict=True)
    taken = zip(model.output_buffers, map(port_bytes, model.outputs), strict=True)
    buffers = [*(("in", *pair) for pair in given), *(("out", *pair) for pair in taken)]
    for kind, name, size in buffers:
        ports += [kind, f"{symbols[name].address - DATA_SPACE:x}", str(size)]
    command = [runner(), firmware.elf, firmware.board.mcu, *limits, inputs, outputs, figures]
    command += [ranges, profile, *ports]
    done = run_program(command, SECONDS)
    if done.code != 0:
        raise fault(firmware.model.name, firmware.board.name, done.stderr.strip() or f"the simulator {done.reason}")
    table = np.loadtxt(figures, dtype=np.int64, ndmin=2)
    spent = map(int, profile.read_text(encoding="utf-8").split())
    parts = {name: {"cycles": cycles} for name, cycles in zip(functions, spent, strict=True)}
    return Outcome(outputs.read_bytes(), int(table[:, 1].max()), cycles=table[:, 0], profile=parts)
