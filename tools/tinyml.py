"""`tinyml`: a model onto a board, in one command each: analyze, compile, verify, run, boards, supported-ops."""

from __future__ import annotations

import argparse
import gc
import importlib
import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from .exit_codes import end_process, exit_code
from .exploring.arguments import add_explore_arguments
from .model_sizes import add_size_arguments
from .progress import DISPLAY
from .reducing.arguments import add_reduce_arguments

COMMANDS = {
    "analyze": "what a model needs on a board: RAM, its lower bound, flash, multiply-accumulates, a row per op",
    "explain": "where RAM, flash and cycles go, every value's type and why, what the next step would save: one screen",
    "explore": "measure many combinations of models, boards and options; the front of accuracy, RAM, flash and cycles",
    "compile": "write NAME.c, NAME.h and NAME.report.json",
    "verify": "is the result exact (all levels give the same integers) and close (to the model)? shows where it is not",
    "run": "build the firmware, run it in the board's simulator, print accuracy, RAM, flash, stack and cycles",
    "boards": "list the boards",
    "supported-ops": "list the ONNX operators and their limits",
    "doctor": "compilers, simulators, packages: what is here, what is missing, how to get it",
    "reduce": "a failing model or module and a command, made small",
    "completion": "print what bash, zsh or tcsh needs to complete commands",
}
"""Each command lives in `tools/commands/NAME.py`: `execute(args) -> int`."""

NEEDS_MODEL = ("analyze", "explain", "compile", "verify", "run")


FILES = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}
"""What shells call the completion of file names."""

EPILOG = """\
exit codes: 0 done (verify: exact and close); 1 what you can mend, a line for each reason (verify: not exact, or not
close); 2 wrong usage, or a defect of this program; 130 interrupted. NO_COLOR in the environment: plain text."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line, without importing anything of the compiler."""
    parser = argparse.ArgumentParser(
        prog="tinyml", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"tinyml {__version__}")
    parser.add_argument("--debug", action="store_true", help="show a Python traceback on errors")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help in COMMANDS.items():
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        command.add_argument("-q", "--quiet", action="store_true", help="no remarks, no progress")
        if name in NEEDS_MODEL:
            add_model_arguments(command, name)
        if name == "explore":
            add_explore_arguments(command)
        if name == "reduce":
            add_reduce_arguments(command)
        if name == "doctor":
            command.add_argument("--board", help="exit with 1 where something is missing that this board needs")
        if name == "completion":
            command.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")
    return parser


def add_model_arguments(command: argparse.ArgumentParser, name: str) -> None:
    """What every command that takes a model has, and what only some have."""
    for_files(command.add_argument("model", type=Path, help="an ONNX or TFLite file"))
    command.add_argument("--board", required=True, help="a board's name (see `tinyml boards`) or a .toml file")
    command.add_argument("--calib", type=Path, metavar="NPZ", help="calibration data, for models with float values")
    command.add_argument(
        "--calibration",
        choices=("minmax", "percentile", "mse", "entropy"),
        default="minmax",
        help="what of a value's range gets steps; beyond it saturates (default: minmax, all that the data show)",
    )
    command.add_argument(
        "--percentile", type=percent, default=99.99, metavar="P", help="share of the values inside, for percentile"
    )
    command.add_argument("--bits", type=int, choices=(8, 16), default=8, help="width of activations and weights")
    command.add_argument(
        "--scheme", choices=("affine", "pow2"), default="affine", help="scales: any real, or powers of two"
    )
    command.add_argument(
        "--arithmetic",
        choices=("exact", "tflite"),
        default="exact",
        help="integers: nearest to what the model means, or those of TFLite's reference kernels (default: exact)",
    )
    command.add_argument(
        "--types", type=Path, metavar="TOML", help="widths and scales of single values, as --search writes them"
    )
    command.add_argument(
        "--state",
        action="append",
        default=[],
        metavar="INPUT=OUTPUT",
        help="a state that the model takes and gives stays in the arena, 0 at first (NAME_step, NAME_reset; may be "
        "repeated); data are (sequences, steps, *shape)",
    )
    command.add_argument("--stream", action="store_true", help="the least RAM: run chains of layers row by row")
    command.add_argument(
        "--ram",
        type=positive,
        metavar="BYTES",
        help="fit in this much RAM (default: the board's, less the stack)",
    )
    command.add_argument(
        "--objective",
        choices=("speed", "ram", "flash"),
        default="speed",
        help="what a plan is for: speed within RAM and flash (default), the least RAM, or the least flash",
    )
    command.add_argument(
        "--flash", type=positive, metavar="BYTES", help="constants and code within this (default: the board's flash)"
    )
    command.add_argument("--cycles", type=positive, metavar="N", help="about so many cycles per inference, at most")
    command.add_argument(
        "--stack", type=natural, metavar="BYTES", help="RAM to keep free for the stack (default: the board file's)"
    )
    command.add_argument(
        "--memories", action="store_true", help="an arena in each of the board's memories, the fastest ones first"
    )
    command.add_argument(
        "--input",
        choices=("caller", "arena", "rows", "steps"),
        default="caller",
        help="the input lies in the caller's memory, in the arena, comes row by row (NAME_push_row; this streams), or "
        "without end, a step of a recurrent model a call (NAME_step, NAME_reset)",
    )
    command.add_argument(
        "--asm", choices=("on", "off"), default="on", help="assembly where the core has operations for it, or C alone"
    )
    command.add_argument(
        "--packed",
        choices=("auto", "8", "16"),
        default="auto",
        help="bits of weights that fast kernels take: 16 are faster, 8 take half the flash (default: as flash allows)",
    )
    command.add_argument("--input-rows", action="store_true", help="the same as --input rows")
    command.add_argument(
        "--max-elements", type=positive, metavar="N", help="refuse values of more elements (default: 67,108,864)"
    )
    command.add_argument(
        "--effort", type=positive, metavar="N", help="how long to look for plans of memory (default: 100; not seconds)"
    )
    add_size_arguments(command)
    command.add_argument("--timing", action="store_true", help="print where the compile time went")
    if name == "analyze":
        command.add_argument(
            "--front", action="store_true", help="the plans that no other one beats in RAM, cycles and flash at once"
        )
        command.add_argument("--html", type=Path, metavar="FILE", help="write a page with all of it, for any browser")
        command.add_argument("--boards", action="store_true", help="what the model needs on every board that runs it")
        command.add_argument("--csv", type=Path, metavar="FILE", help="write the tensor memory map, a line per op")
        command.add_argument(
            "--figure", type=Path, metavar="FILE", help="draw the arena over time, as .png or .svg (needs matplotlib)"
        )
    if name == "compile":
        command.add_argument("-o", "--output", type=Path, default=Path("."), metavar="DIR", help="where to write")
        command.add_argument(
            "-t",
            "--target",
            choices=("c", "hls", "rtl"),
            help="C99, HLS C++ (default where the board is an FPGA), or Verilog",
        )
        add_code_arguments(command)
        add_search_arguments(command)
    if name == "verify":
        add_verify_arguments(command)
    if name in ("compile", "run", "verify"):
        command.add_argument(
            "--lanes",
            type=positive,
            default=0,
            metavar="N",
            help="Verilog: as many points at once in each form, not as many as fit",
        )
        command.add_argument("--overlap", action="store_true", help="HLS: layers run side by side, row by row")
        command.add_argument(
            "--ports",
            choices=("memory", "stream", "mapped"),
            default="memory",
            help="HLS: ports of the top function: of a memory, AXI-Stream, or addresses in a processor's memory (AXI)",
        )
    if name == "run":
        command.add_argument(
            "--simulator",
            choices=("iverilog", "verilator"),
            default="iverilog",
            help="of Verilog: iverilog starts at once, verilator is for long runs",
        )
    if name in ("run", "verify"):
        command.add_argument("--data", type=Path, required=True, metavar="NPZ", help="inputs, and labels `y`")
        command.add_argument("--limit", type=positive, metavar="N", help="use only the first N rows")
        command.add_argument(
            "--outputs", type=Path, metavar="NPZ", help="write the outputs of all rows, as real numbers"
        )


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


PACKAGES = ("c", "arduino", "platformio", "zephyr", "cmake", "cmsis-pack")


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
        "--min-snr", type=decibels, default=8.0, metavar="DB", help="the least SNR of outputs of float models (8)"
    )
    command.add_argument(
        "--tolerance", type=steps, metavar="STEPS", help="close is at most this many output steps, whatever the model"
    )
    command.add_argument("--nodes", choices=("worst", "all"), default="worst", help="show the 10 worst nodes, or all")


def for_files(action: argparse.Action) -> None:
    """Let shells complete file names for an argument (shtab reads this attribute)."""
    action.complete = FILES  # pyright: ignore[reportAttributeAccessIssue]


def natural(text: str) -> int:
    """A command-line argument that may be 0."""
    return 0 if text == "0" else positive(text)


def positive(text: str) -> int:
    """A command-line argument that counts something."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def decibels(text: str) -> float:
    """A command-line argument that is a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number


def percent(text: str) -> float:
    """A command-line argument that is a share of more than a half."""
    number = decibels(text)
    if not 50 < number <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 50 and at most 100")
    return number


def loss(text: str) -> float:
    """A command-line argument that is a percentage."""
    number = decibels(text)
    if not 0 <= number < 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not at least 0 and below 100")
    return number


def steps(text: str) -> float:
    """A command-line argument that measures a distance."""
    number = decibels(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, as `exit_code` says. Without arguments those of the process are taken."""
    if arguments is None:
        end_process(lambda: main(sys.argv[1:]))
    report = (
        f"this is a bug of the tool; please report it with the model and the output of `tinyml --debug "
        f"{shlex.join(arguments)}`; if a pass failed, tinyml-opt --crash-reproducer FILE makes a small test of it"
    )
    return exit_code(lambda: run_command(arguments), "--debug" in arguments, report)


def run_command(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name."""
    args = argument_parser().parse_args(arguments)
    args.command_line = tuple(arguments)
    gc.disable()
    DISPLAY.quiet = args.quiet
    module = importlib.import_module(f".commands.{args.command.replace('-', '_')}", __package__)
    return module.execute(args)


if __name__ == "__main__":
    main()
