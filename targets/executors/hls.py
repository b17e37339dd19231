"""Printed HLS C++ as a C simulation: g++ with the `ap_int` headers that the hls4ml package carries.

The test bench reads rows from standard input until it ends: integers in decimal, separated by white space, port after
port, each in row-major order of its stored shape; it writes output rows the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.fixed.types import PortAttr, storage_limits
from ..processes import run_program
from ..simulators.outcome import FirmwareFault
from ..toolchain import ToolchainMissing, compile_with
from .compiled import pack_rows, row_dtype, unpack_rows
from .interface import Arrays, Run

SECONDS = 600

COMPILE_SECONDS = 600
"""A large model takes 20 seconds, for each width of `ap_int` its own functions."""


class HlsExecutor:
    """`HlsExecutor(files, inputs, outputs)`: texts of C++ by file name, one a test bench, and the model's ports."""

    level = "hls"

    def __init__(
        self,
        files: Mapping[str, str],
        inputs: Sequence[PortAttr],
        outputs: Sequence[PortAttr],
        name: str = "model",
    ):
        self.files = dict(files)
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.name = name

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Outputs only: latency and area come from a synthesis tool.

        Raises ToolchainMissing, CompileError, FirmwareFault, TooSlow.
        """
        rows = pack_rows(inputs, self.inputs)
        with TemporaryDirectory(prefix="tinyml-") as scratch:
            directory = Path(scratch)
            for file, text in self.files.items():
                (directory / file).write_text(text, encoding="utf-8")
            sources = [file for file in self.files if file.endswith(".cpp")]
            flags = ["-std=c++14", "-O1", "-w", "-isystem", ap_types_directory()]
            compile_with("g++", [*flags, "-o", "program", *sources], directory, COMPILE_SECONDS)
            text = self.simulate(directory / "program", as_text(rows, self.inputs))
        return Run(unpack_rows(from_text(text, self.outputs), self.outputs, len(rows)))

    def simulate(self, program: Path, rows: str) -> str:
        """What the program prints for the rows."""
        done = run_program([program], SECONDS, stdin=rows)
        if done.code != 0:
            said = done.stderr.strip().splitlines()[:4]
            raise FirmwareFault(f"{self.name} in C simulation: {done.reason}", *said)
        return done.stdout


def ap_types_directory() -> Path:
    """The folder of ap_int.h. Raises ToolchainMissing where hls4ml is not installed."""
    spec = find_spec("hls4ml")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "templates" / "vivado" / "ap_types"
        if (folder / "ap_int.h").is_file():
            return folder
    raise ToolchainMissing("'ap_int.h' is not installed: pip install --no-deps hls4ml")


def as_text(rows: NDArray[Any], ports: Sequence[PortAttr]) -> str:
    """Rows in decimal, a line per row."""
    flat = np.concatenate([rows[p.label.data].reshape(len(rows), -1).astype(np.int64) for p in ports], axis=1)
    return "\n".join(" ".join(map(str, row)) for row in flat.tolist()) + "\n"


def from_text(text: str, ports: Sequence[PortAttr]) -> bytes:
    """Printed rows as raw rows; a simulator of Verilog prints unsigned numbers with a sign, in their own width.

    Raises FirmwareFault where a row is incomplete.
    """
    dtype = row_dtype(ports)
    widths = [int(np.prod(port.stored_shape)) for port in ports]
    try:
        flat = np.array(text.split(), np.int64).reshape(-1, sum(widths))
    except (ValueError, OverflowError):
        raise FirmwareFault("the simulation printed something else than rows of integers") from None
    rows = np.empty(len(flat), dtype)
    for port, part in zip(ports, np.split(flat, np.cumsum(widths)[:-1], axis=1), strict=True):
        low, high = storage_limits(port.storage)
        numbers = part & high if low == 0 else part
        rows[port.label.data] = numbers.reshape(len(flat), *port.stored_shape)
    return rows.tobytes()
