"""The command line of `tinyml reduce`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_reduce_arguments(command: argparse.ArgumentParser) -> None:
    """The file, the command that fails on it, and when another file fails alike."""
    command.add_argument("file", type=Path, help="an ONNX model, or a module (.mlir)")
    command.add_argument(
        "--run",
        metavar="COMMAND",
        help="what fails, with {} for the file: 'tinyml compile {} --board uno' (default: the RUN line of a module "
        "that --crash-reproducer wrote)",
    )
    command.add_argument(
        "--message",
        metavar="TEXT",
        help="it fails alike where the output has this text (default: where the first line with `error` is the same, "
        "names and numbers aside); the exit code must be the same",
    )
    command.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="stop a run that takes longer, in seconds (60)"
    )
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: NAME.reduced.onnx or .mlir here")
