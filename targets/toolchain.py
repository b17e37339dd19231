"""Compilers and simulators of the host system: found on PATH, run with their errors kept, helper programs built once.

What is missing is reported with the Debian package that has it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from ..dialects.errors import UserError
from .processes import run_program

PACKAGES = {
    "cc": "gcc",
    "g++": "g++",
    "avr-gcc": "gcc-avr avr-libc",
    "avr-size": "binutils-avr",
    "avr-nm": "binutils-avr",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-size": "binutils-arm-none-eabi",
    "arm-none-eabi-nm": "binutils-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "riscv64-unknown-elf-size": "binutils-riscv64-unknown-elf",
    "riscv64-unknown-elf-nm": "binutils-riscv64-unknown-elf",
    "qemu-system-riscv32": "qemu-system-misc",
    "iverilog": "iverilog",
    "vvp": "iverilog",
    "verilator": "verilator",
    "mlir-opt-22": "mlir-22-tools",
    "mlir-translate-22": "mlir-22-tools",
    "arduino-builder": "arduino-builder arduino-core-avr",
    "simavr": "simavr",
    "simavr/sim_avr.h": "libsimavr-dev",
    "avr/io.h": "avr-libc",
}
COMPILE_SECONDS = 300
SHOWN_LINES = 12


class ToolchainMissing(UserError):
    """A compiler, simulator or library that this step needs is not installed; the message says how to get it."""


class CompileError(UserError):
    """A compiler or linker refused its input; the message holds the first lines of what it said."""


def require(tool: str) -> str:
    """The path of a program. Raises ToolchainMissing, naming the Debian package, where it is not on PATH."""
    path = shutil.which(tool)
    if path is None:
        raise missing(tool)
    return path


def missing(tool: str) -> ToolchainMissing:
    """The error for a program or header that is not there."""
    package = PACKAGES.get(tool)
    advice = f"apt-get install {package}" if package else "no Debian package has it; install it from its vendor"
    return ToolchainMissing(f"'{tool}' is not installed: {advice}")


def compile_with(
    tool: str, arguments: Sequence[str | Path], cwd: Path | None = None, seconds: int | None = None
) -> None:
    """Run a compiler or linker, `COMPILE_SECONDS` at most. Raises ToolchainMissing, or CompileError for what failed."""
    done = run_program([require(tool), *arguments], COMPILE_SECONDS if seconds is None else seconds, cwd)
    if done.code != 0:
        for header in PACKAGES:
            if f"{header}: No such file" in done.stderr:
                raise missing(header)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise CompileError(f"{tool} {done.reason}{':' if lines else ''}", *lines[:SHOWN_LINES])


def output_of(tool: str, arguments: Sequence[str | Path]) -> str:
    """What a program (size, nm) prints on standard output. Raises CompileError where it fails."""
    done = run_program([require(tool), *arguments], COMPILE_SECONDS)
    if done.code != 0:
        raise CompileError(f"{tool} {done.reason}: {' '.join(done.stderr.split())}")
    return done.stdout


def firmware_source(name: str) -> str:
    """The text of a file of `targets/simulators/firmware/`."""
    return files(f"{__package__}.simulators").joinpath("firmware", name).read_text(encoding="utf-8")


def helper_program(
    source: str, flags: Sequence[str], libraries: Sequence[str] = (), headers: Sequence[str] = ()
) -> Path:
    """The host program or library built with cc from files of `targets/simulators/firmware/`, kept in a cache.

    It is built again when its source, headers or flags change. Raises ToolchainMissing or CompileError.
    """
    texts = {name: firmware_source(name) for name in (source, *headers)}
    key = hashlib.sha256("\0".join([*texts.values(), *flags, *libraries]).encode()).hexdigest()[:16]
    target = cache_directory() / f"{Path(source).stem}-{key}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            built = Path(scratch) / "built"
            for name, text in texts.items():
                (Path(scratch) / name).write_text(text, encoding="utf-8")
            compile_with("cc", ["-O2", *flags, "-o", built, Path(scratch) / source, *libraries])
            built.replace(target)
    return target


def cache_directory() -> Path:
    """`$XDG_CACHE_HOME/tinyml-opt`, or one of this user's in the temporary directory where that cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    places = [Path(tempfile.gettempdir()) / f"tinyml-opt-{os.getuid()}"]
    if os.path.isabs(base):  # there may be no home directory
        places.insert(0, Path(base) / "tinyml-opt")
    for directory in places:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if directory.stat().st_uid == os.getuid() and os.access(directory, os.W_OK):
            return directory
    raise UserError("no directory for built helper programs: set XDG_CACHE_HOME to one that can be written")
