"""`tinyml`: a model onto a board, in one command each: analyze, compile, verify, run, boards, supported-ops."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .exit_codes import exit_code

COMMANDS = {
    "analyze": "what a model needs on a board: RAM, its lower bound, flash, multiply-accumulates, a row per op",
    "compile": "write NAME.c, NAME.h and NAME.report.json",
    "verify": "run the same inputs at every level and report the first difference",
    "run": "build the firmware, run it in the board's simulator, print accuracy, RAM, flash, stack and cycles",
    "boards": "list the boards",
    "supported-ops": "list the ONNX operators and their limits",
}
"""Each command lives in `tools/commands/NAME.py`: `execute(args) -> int`."""

NEEDS_MODEL = ("analyze", "compile", "verify", "run")


def argument_parser() -> argparse.ArgumentParser:
    """The command line, without importing anything of the compiler."""
    parser = argparse.ArgumentParser(prog="tinyml", description=__doc__)
    parser.add_argument("--debug", action="store_true", help="show a Python traceback on errors")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help in COMMANDS.items():
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        if name in NEEDS_MODEL:
            add_model_arguments(command, name)
    return parser


def add_model_arguments(command: argparse.ArgumentParser, name: str) -> None:
    """What every command that takes a model has, and what only some have."""
    command.add_argument("model", type=Path, help="an ONNX file")
    command.add_argument("--board", required=True, help="a board's name (see `tinyml boards`) or a .toml file")
    command.add_argument("--calib", type=Path, metavar="NPZ", help="calibration data, for models with float values")
    command.add_argument("--bits", type=int, choices=(8, 16), default=8, help="width of activations and weights")
    command.add_argument(
        "--scheme", choices=("affine", "pow2"), default="affine", help="scales: any real, or powers of two"
    )
    command.add_argument("--stream", action="store_true", help="the least RAM: run chains of layers row by row")
    command.add_argument("--ram", type=positive, metavar="BYTES", help="fit in this much RAM (default: the board's)")
    command.add_argument(
        "--memories", action="store_true", help="an arena in each of the board's memories, the fastest ones first"
    )
    command.add_argument(
        "--input",
        choices=("caller", "arena", "rows"),
        default="caller",
        help="the input lies in the caller's memory, in the arena, or comes row by row (NAME_push_row; this streams)",
    )
    command.add_argument("--input-rows", action="store_true", help="the same as --input rows")
    command.add_argument("--timing", action="store_true", help="print where the compile time went")
    if name == "analyze":
        command.add_argument("--csv", type=Path, metavar="FILE", help="write the tensor memory map, a line per op")
        command.add_argument(
            "--figure", type=Path, metavar="FILE", help="draw the arena over time, as .png or .svg (needs matplotlib)"
        )
    if name == "compile":
        command.add_argument("-o", "--output", type=Path, default=Path("."), metavar="DIR", help="where to write")
        command.add_argument("-t", "--target", choices=("c", "hls"), default="c", help="C99, or HLS C++")
    if name == "verify":
        command.add_argument("--hls", action="store_true", help="also the C simulation of the HLS C++")
    if name in ("run", "verify"):
        command.add_argument("--data", type=Path, required=True, metavar="NPZ", help="inputs, and labels `y`")
        command.add_argument("--limit", type=positive, metavar="N", help="use only the first N rows")


def positive(text: str) -> int:
    """A command-line argument that counts something."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, as `exit_code` says."""
    args = argument_parser().parse_args(arguments)
    gc.disable()
    return exit_code(lambda: run_command(args), args.debug)


def run_command(args: argparse.Namespace) -> int:
    """Run the command that the arguments name."""
    module = importlib.import_module(f".commands.{args.command.replace('-', '_')}", __package__)
    return module.execute(args)


if __name__ == "__main__":
    sys.exit(main())
