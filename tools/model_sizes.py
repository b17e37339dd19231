"""The options that give a model's symbolic dimensions their sizes, the same for `tinyml` and `tinyml-opt`."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..lowering.import_onnx.sizes import Sizes

MAX_DIGITS = 15
"""Digits of a size."""


def add_size_arguments(parser: argparse.ArgumentParser) -> None:
    """--shape, --dim and --batch."""
    parser.add_argument(
        "--shape",
        type=shape,
        action="append",
        default=[],
        metavar="INPUT=1x49x10x1",
        help="the shape of an input with symbolic dimensions (may be repeated)",
    )
    parser.add_argument(
        "--dim",
        type=dimension,
        action="append",
        default=[],
        metavar="NAME=N",
        help="the size of a symbolic dimension, by its name (may be repeated)",
    )
    parser.add_argument(
        "--batch",
        type=size,
        metavar="N",
        help="the first dimension of every input, whatever the model says (default: 1 where it is symbolic)",
    )


def sizes_of(args: argparse.Namespace) -> Sizes:
    """What a command line says of sizes."""
    from ..lowering.import_onnx.sizes import Sizes

    return Sizes(dict(args.shape), dict(args.dim), args.batch)


def shape(text: str) -> tuple[str, tuple[int, ...]]:
    """INPUT=1x49x10x1, or with commas; the name may hold `=`."""
    name, equals, sizes = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form INPUT=1x49x10x1")
    return name, tuple(size(n) for n in re.split("[x,]", sizes))


def dimension(text: str) -> tuple[str, int]:
    """NAME=N"""
    name, equals, number = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=N")
    return name, size(number)


def size(text: str) -> int:
    """A positive number."""
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)
