"""The command line of `tinyml explore`: an option takes all the values that are swept, with commas between."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ..arguments.numbers import loss, positive
from ..model_sizes import add_size_arguments

Parse = Callable[[str], object]


def listed(parse: Parse) -> Callable[[str], list[object]]:
    """A comma-separated list, each value once."""

    def values(text: str) -> list[object]:
        return list(dict.fromkeys(parse(part.strip()) for part in text.split(",")))

    return values


def one_of(*names: str) -> Parse:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return text

    return parse


def switch(text: str) -> bool:
    """on or off."""
    return one_of("on", "off")(text) == "on"


AXES: dict[str, tuple[str, Parse, list[object], str]] = {
    "bits": ("LIST", one_of("8", "16", "mixed"), ["8", "16"], "8, 16, mixed: a width for each value, searched"),
    "max-loss": ("LIST", loss, [0.5], "for mixed: percent of the rows that may be lost"),
    "scheme": ("LIST", one_of("affine", "pow2"), ["affine"], "scales: affine, pow2"),
    "arithmetic": ("LIST", one_of("exact", "tflite"), ["exact"], "rounding and integers: exact, tflite"),
    "calibration": ("LIST", one_of("minmax", "percentile", "mse", "entropy"), ["minmax"], "how ranges are chosen"),
    "stream": ("LIST", switch, [False], "off, on: chains of layers row by row"),
    "ram": ("LIST", positive, [None], "limits in bytes (default: the board's)"),
    "input": ("LIST", one_of("caller", "arena", "rows", "steps"), ["caller"], "caller, arena, rows, steps"),
    "packed": ("LIST", one_of("auto", "8", "16"), ["auto"], "bits of weights that fast kernels take: auto, 8, 16"),
    "objective": ("LIST", one_of("speed", "ram", "flash"), ["speed", "ram", "flash"], "speed, ram, flash"),
}
"""What is swept: what stands for the value, how one is read, those by default, what it is."""


def add_explore_arguments(command: argparse.ArgumentParser) -> None:
    """All arguments, on a command that has --json and --quiet."""
    command.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="ONNX or TFLite files")
    command.add_argument("--board", type=listed(str), required=True, metavar="LIST", help="boards, with commas between")
    for name, help in (("calib", "calibration data"), ("data", "data to be judged on (default: those of --calib)")):
        command.add_argument(
            f"--{name}",
            type=Path,
            action="append",
            default=[],
            metavar="NPZ",
            help=f"{help}; once, or once for each model in their order",
        )
    for name, (metavar, parse, default, help) in AXES.items():
        shown = "" if default == [None] else f" (default: {','.join(map(word, default))})"
        command.add_argument(f"--{name}", type=listed(parse), default=default, metavar=metavar, help=help + shown)
    command.add_argument("--limit", type=positive, metavar="N", help="judge on the first N rows only")
    command.add_argument("--flash", type=positive, metavar="BYTES", help="of all candidates, at most")
    command.add_argument("--stack", type=positive, metavar="BYTES", help="RAM to keep free for the stack")
    command.add_argument(
        "--effort", type=positive, metavar="N", help="how long to look for plans of memory (default: 100)"
    )
    add_size_arguments(command)
    command.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one for each core)")
    command.add_argument("--scheduler", metavar="ADDRESS", help="run on Dask: tcp://HOST:PORT, or local-cluster")
    command.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="where results are kept, and found again (default: the user's cache)",
    )
    command.add_argument("--csv", type=Path, metavar="FILE", help="write all candidates as CSV")
    command.add_argument("--html", type=Path, metavar="FILE", help="write a page with the front, for any browser")


def word(value: object) -> str:
    """A value as it is typed."""
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
