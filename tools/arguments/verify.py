"""The options of `verify` alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from .numbers import decibels, steps


def add_verify_arguments(command: argparse.ArgumentParser) -> None:
    """What only `verify` has: the reference, and when the result is close to it."""
    command.add_argument("--hls", action="store_true", help="also the C simulation of the HLS C++")
    command.add_argument(
        "--rtl",
        choices=("iverilog", "verilator"),
        nargs="?",
        const="iverilog",
        help="also the Verilog in a simulator: iverilog starts at once, verilator is for long runs",
    )
    reference = command.add_mutually_exclusive_group()
    reference.add_argument(
        "--against",
        choices=("float", "exact", "onnxruntime", "litert"),
        help="the reference: the model in float32, in float64 and node by node (default of quantized models), or as "
        "onnxruntime or LiteRT computes it (default with --arithmetic tflite)",
    )
    reference.add_argument("--expected", type=Path, metavar="NPZ", help="the reference: real outputs, by their names")
    command.add_argument(
        "--min-snr",
        type=decibels,
        default=8.0,
        metavar="DB",
        help="the least SNR of outputs of float models (8); below 0 the noise may be louder than the signal",
    )
    command.add_argument(
        "--tolerance", type=steps, metavar="STEPS", help="close is at most this many output steps, whatever the model"
    )
    command.add_argument("--nodes", choices=("worst", "all"), default="worst", help="show the 10 worst nodes, or all")
