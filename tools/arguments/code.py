"""The options of `compile` alone: how the program stands in C, what comes with it, and the search for types."""

from __future__ import annotations

import argparse

from .numbers import loss, positive

PACKAGES = ("c", "arduino", "platformio", "zephyr", "cmake", "cmsis-pack")


def add_code_arguments(command: argparse.ArgumentParser) -> None:
    """What only `compile` has: how the program stands in C, and what comes with it."""
    command.add_argument(
        "--package",
        choices=PACKAGES,
        help="a folder that a build system takes, with an example that runs one test vector and compares",
    )
    command.add_argument("--single-file", action="store_true", help="NAME.c alone, header and constants in it")
    command.add_argument(
        "--arena",
        choices=("static", "caller"),
        default="static",
        help="memory in NAME.c, or the caller's: NAME_run(NAME_state *, ...), reentrant (default: static)",
    )
    command.add_argument(
        "--self-test",
        action="store_true",
        help="NAME_self_test.c: one inference on a test vector (the first row of --calib, else any), and a checksum",
    )
    command.add_argument(
        "--profile", action="store_true", help="call NAME_layer_begin and _end, which you define, around layers"
    )
    command.add_argument("--c-standard", choices=("c99", "c11"), default="c99", help="of NAME.c (default: c99)")
    command.add_argument("--cpp", action="store_true", help="C++11 instead: NAME.cpp")


def add_search_arguments(command: argparse.ArgumentParser) -> None:
    """What only `compile` has: the search for widths and scales."""
    command.add_argument(
        "--search",
        nargs="?",
        const="exact",
        choices=("exact", "shiftry", "sensitivity"),
        help="look for the width (4 to 16 bits) and scale of every value and weight on the calibration data; the file "
        "NAME.types.toml, written beside the C, is what --types takes (default: exact)",
    )
    command.add_argument("--weights", type=positive, metavar="BYTES", help="--search: weights and biases within this")
    command.add_argument(
        "--max-loss",
        type=loss,
        metavar="PERCENT",
        help="--search: as small and fast as at most so many rows more are wrong than in float (default without "
        "limits: 0.5); with limits alone: as exact as they allow",
    )
    command.add_argument(
        "--errors",
        choices=("outputs", "labels"),
        default="outputs",
        help="--search: the error of the outputs, or first the wrong labels `y`",
    )
