"""The options of every command that takes a model: the model, its integers, its memory, its program."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..model_sizes import add_size_arguments
from .numbers import natural, percent, positive

FILES = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}
"""What shells call the completion of file names."""


def add_model_arguments(command: argparse.ArgumentParser) -> None:
    """All of them."""
    for_files(command.add_argument("model", type=Path, help="an ONNX or TFLite file"))
    command.add_argument("--board", required=True, help="a board's name (see `tinyml boards`) or a .toml file")
    command.add_argument("--calib", type=Path, metavar="NPZ", help="calibration data, for models with float values")
    command.add_argument(
        "--max-elements", type=positive, metavar="N", help="refuse values of more elements (default: 67,108,864)"
    )
    add_size_arguments(command)
    command.add_argument("--timing", action="store_true", help="print where the compile time went")
    add_integer_arguments(command)
    add_plan_arguments(command)
    add_program_arguments(command)


def add_integer_arguments(command: argparse.ArgumentParser) -> None:
    """How numbers become integers."""
    group = command.add_argument_group("integers")
    group.add_argument(
        "--calibration",
        choices=("minmax", "percentile", "mse", "entropy"),
        default="minmax",
        help="what of a value's range gets steps; beyond it saturates (default: minmax, all that the data show)",
    )
    group.add_argument(
        "--percentile", type=percent, default=99.99, metavar="P", help="share of the values inside, for percentile"
    )
    group.add_argument("--bits", type=int, choices=(8, 16), default=8, help="width of activations and weights")
    group.add_argument(
        "--scheme", choices=("affine", "pow2"), default="affine", help="scales: any real, or powers of two"
    )
    group.add_argument(
        "--arithmetic",
        choices=("exact", "tflite"),
        default="exact",
        help="integers: nearest to what the model means, or those of TFLite's reference kernels (default: exact)",
    )
    group.add_argument(
        "--types", type=Path, metavar="TOML", help="widths and scales of single values, as --search writes them"
    )


def add_plan_arguments(command: argparse.ArgumentParser) -> None:
    """What a plan may take, and what it is for."""
    group = command.add_argument_group("memory and time")
    group.add_argument("--stream", action="store_true", help="the least RAM: run chains of layers row by row")
    group.add_argument(
        "--ram",
        type=positive,
        metavar="BYTES",
        help="fit in this much RAM (default: the board's, less the stack)",
    )
    group.add_argument(
        "--objective",
        choices=("speed", "ram", "flash"),
        default="speed",
        help="what a plan is for: speed within RAM and flash (default), the least RAM, or the least flash",
    )
    group.add_argument(
        "--flash", type=positive, metavar="BYTES", help="constants and code within this (default: the board's flash)"
    )
    group.add_argument("--cycles", type=positive, metavar="N", help="about so many cycles per inference, at most")
    group.add_argument(
        "--stack", type=natural, metavar="BYTES", help="RAM to keep free for the stack (default: the board file's)"
    )
    group.add_argument(
        "--memories", action="store_true", help="an arena in each of the board's memories, the fastest ones first"
    )
    group.add_argument(
        "--effort", type=positive, metavar="N", help="how long to look for plans of memory (default: 100; not seconds)"
    )


def add_program_arguments(command: argparse.ArgumentParser) -> None:
    """How the program is called, and what it is made of."""
    group = command.add_argument_group("program")
    group.add_argument(
        "--state",
        action="append",
        default=[],
        metavar="INPUT=OUTPUT",
        help="a state that the model takes and gives stays in the arena, 0 at first (NAME_step, NAME_reset; may be "
        "repeated); data are (sequences, steps, *shape)",
    )
    group.add_argument(
        "--input",
        choices=("caller", "arena", "rows", "steps"),
        default="caller",
        help="the input lies in the caller's memory, in the arena, comes row by row (NAME_push_row; this streams), or "
        "without end, a step of a recurrent model a call (NAME_step, NAME_reset)",
    )
    group.add_argument("--input-rows", action="store_true", help="the same as --input rows")
    group.add_argument(
        "--asm", choices=("on", "off"), default="on", help="assembly where the core has operations for it, or C alone"
    )
    group.add_argument(
        "--packed",
        choices=("auto", "8", "16"),
        default="auto",
        help="bits of weights that fast kernels take: 16 are faster, 8 take half the flash (default: as flash allows)",
    )


def for_files(action: argparse.Action) -> None:
    """Let shells complete file names for an argument (shtab reads this attribute)."""
    action.complete = FILES  # pyright: ignore[reportAttributeAccessIssue]
