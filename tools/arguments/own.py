"""The options that only some commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

from .code import add_code_arguments, add_search_arguments
from .numbers import positive
from .verify import add_verify_arguments


def add_own_arguments(command: argparse.ArgumentParser, name: str) -> None:
    """Those of the command of this name."""
    if name == "analyze":
        add_analyze_arguments(command)
    if name == "compile":
        add_output_arguments(command)
        add_code_arguments(command)
        add_search_arguments(command)
    if name == "verify":
        add_verify_arguments(command)
    if name in ("analyze", "compile", "run", "verify"):
        add_hardware_arguments(command)
    if name in ("compile", "run", "verify"):
        command.add_argument(
            "--overlap",
            action=argparse.BooleanOptionalAction,
            help="HLS: layers run side by side, row by row, or not (default: where they can, on FPGAs)",
        )
    if name == "run":
        command.add_argument(
            "--simulator",
            choices=("iverilog", "verilator"),
            default="iverilog",
            help="of Verilog: iverilog starts at once, verilator is for long runs",
        )
    if name in ("run", "verify"):
        add_data_arguments(command)


def add_analyze_arguments(command: argparse.ArgumentParser) -> None:
    """What `analyze` shows, and where."""
    command.add_argument(
        "--front", action="store_true", help="the plans that no other one beats in RAM, cycles and flash at once"
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write a page with all of it, for any browser")
    command.add_argument("--boards", action="store_true", help="what the model needs on every board that runs it")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the tensor memory map, a line per op")
    command.add_argument(
        "--figure", type=Path, metavar="FILE", help="draw the arena over time, as .png or .svg (needs matplotlib)"
    )


def add_output_arguments(command: argparse.ArgumentParser) -> None:
    """Where `compile` writes, and what."""
    command.add_argument("-o", "--output", type=Path, default=Path("."), metavar="DIR", help="where to write")
    command.add_argument(
        "-t",
        "--target",
        choices=("c", "hls", "rtl"),
        help="C99, HLS C++ (default where the board is an FPGA), or Verilog",
    )


def add_hardware_arguments(command: argparse.ArgumentParser) -> None:
    """How a program becomes hardware."""
    command.add_argument(
        "--lanes",
        type=positive,
        default=0,
        metavar="N",
        help="as many points at once in each form, not as many as fit the part",
    )
    command.add_argument(
        "--ports",
        choices=("memory", "stream", "mapped", "double"),
        default="memory",
        help="memories for inputs and outputs; HLS: AXI-Stream, or addresses in a processor's memory (AXI); "
        "Verilog: double memories, which the caller fills and reads while an inference runs",
    )


def add_data_arguments(command: argparse.ArgumentParser) -> None:
    """What a program is run on."""
    command.add_argument("--data", type=Path, required=True, metavar="NPZ", help="inputs, and labels `y`")
    command.add_argument("--limit", type=positive, metavar="N", help="use only the first N rows")
    command.add_argument("--outputs", type=Path, metavar="NPZ", help="write the outputs of all rows, as real numbers")
