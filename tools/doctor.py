"""What this computer has of compilers, simulators and Python packages."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from ..targets.board import Board
from ..targets.toolchain import PACKAGES

SECONDS = 20

PROGRAMS = {
    "cc": "C on this computer: verify, --board host, helper programs",
    "g++": "the C simulation of HLS C++ (verify --hls)",
    "avr-gcc": "firmware for AVR boards",
    "avr-size": "firmware for AVR boards",
    "arm-none-eabi-gcc": "firmware for Cortex-M boards",
    "qemu-system-arm": "running Cortex-M firmware",
    "riscv64-unknown-elf-gcc": "firmware for RISC-V boards",
    "qemu-system-riscv32": "running RISC-V firmware",
    "iverilog": "the simulation of Verilog (verify --rtl)",
    "verilator": "longer simulations of Verilog",
}
"""Programs, and what needs them."""

ASKED = {"iverilog": "-V"}
"""What prints a version, where `--version` does not."""

HEADERS = {"simavr/sim_avr.h": "running AVR firmware"}

DISTRIBUTIONS = {
    "tinyml-opt": ("everything", ""),
    "xdsl": ("everything", "pip install xdsl"),
    "onnx": ("reading models", "pip install onnx"),
    "numpy": ("everything", "pip install numpy"),
    "numba": ("hard memory plans", "pip install numba"),
    "onnxruntime": ("verify --against onnxruntime", "pip install onnxruntime"),
    "tflite": ("TFLite files", "pip install 'tinyml-opt[tflite]'"),
    "ai-edge-litert": ("verify --against litert", "pip install ai-edge-litert"),
    "distributed": ("explore --scheduler", "pip install 'tinyml-opt[explore]'"),
    "matplotlib": ("analyze --figure", "pip install 'tinyml-opt[report]'"),
    "hls4ml": ("the headers of ap_int for verify --hls", "pip install --no-deps hls4ml"),
    "shtab": ("completion in shells", "pip install 'tinyml-opt[completion]'"),
}
"""Python packages: what needs them, how to get them."""

NEEDED_BY_COMPILER = {"avr-gcc": ("avr-gcc", "avr-size"), "arm-none-eabi-gcc": ("arm-none-eabi-gcc",), "cc": ("cc",)}
NEEDED_BY_SIMULATOR = {
    "simavr": ("cc", "simavr/sim_avr.h"),
    "qemu-system-arm": ("cc", "qemu-system-arm"),
    "qemu-system-riscv32": ("cc", "qemu-system-riscv32"),
    "host": ("cc",),
}


@dataclass(frozen=True)
class Finding:
    """Something that may be there; `version` is "" where it is missing, else what it says of itself."""

    name: str
    version: str
    purpose: str
    remedy: str


def checked() -> list[Finding]:
    """All findings: Python, its packages, programs, headers."""
    found = [Finding("Python", platform.python_version(), "everything", "")]
    found += [Finding(name, distribution(name), *told) for name, told in DISTRIBUTIONS.items()]
    for table, look in ((PROGRAMS, program), (HEADERS, header)):
        found += [finding(name, purpose, look) for name, purpose in table.items()]
    return found


def finding(name: str, purpose: str, look: Callable[[str], str]) -> Finding:
    """One program or header."""
    return Finding(name, look(name), purpose, f"apt-get install {PACKAGES[name]}")


def missing_for(board: Board, found: list[Finding]) -> list[Finding]:
    """What builds and runs for a board lack."""
    needed = {
        *NEEDED_BY_COMPILER.get(board.compiler, (board.compiler,)),
        *NEEDED_BY_SIMULATOR.get(board.simulator.kind, ()),
    }
    known = {f.name: f for f in found}
    unknown = Finding("", "", "firmware for this board", "install it from its vendor")
    return [
        known.get(n, Finding(n, program(n), unknown.purpose, unknown.remedy))
        for n in sorted(needed)
        if not (known[n].version if n in known else program(n))
    ]


def distribution(name: str) -> str:
    """The version of an installed Python package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def program(name: str) -> str:
    """The first line of what a program says of its version."""
    path = shutil.which(name)
    if path is None:
        return ""
    try:
        done = subprocess.run(
            [path, ASKED.get(name, "--version")], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not answer: {error}"
    return (done.stdout.strip().splitlines() or [path])[0]


def header(name: str) -> str:
    """`found` where the C compiler finds a header."""
    compiler = shutil.which("cc")
    if compiler is None:
        return ""
    text = f"#include <{name}>\n"
    done = subprocess.run(
        [compiler, "-E", "-x", "c", "-"], input=text, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return "found" if done.returncode == 0 else ""
