"""The command line of `tinyml-opt`, in mlir-opt's words where it has them. Imports nothing of the compiler."""

from __future__ import annotations

import argparse

from ..model_sizes import add_size_arguments
from ..registry import TARGETS

DESCRIPTION = """\
Read MLIR text (or a model, by its extension .onnx or .tflite), run passes and pipelines in order, print the result."""

EXAMPLES = """\
examples:
  tinyml-opt model.onnx --elide-larger-than 16
  tinyml-opt model.onnx -p 'onnx-to-fixed{data=calib.npz bits=8},fixed-to-memplan' -o plan.mlir
  tinyml-opt plan.mlir -p memplan-to-emitc -t c
  tinyml-opt loops.mlir -p 'canonicalize,loops-pipeline{ii=2}' --print-ir-after-all --timing"""

REPORT = (
    "this is a bug of the tool; please report it with the file that --crash-reproducer FILE writes; --debug shows where"
)
"""How a defect is reported."""


class VersionAction(argparse.Action):
    """Print the versions of the tool and of xDSL."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        from ... import __version__

        print(f"tinyml-opt {__version__}, xDSL {version('xdsl')}")
        parser.exit()


def argument_parser() -> argparse.ArgumentParser:
    """The parser of `tinyml-opt`."""
    parser = argparse.ArgumentParser(
        prog="tinyml-opt",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_arguments(parser)
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All arguments; those that only xDSL's driver knows keep its defaults."""
    parser.add_argument("input_file", nargs="?", help="MLIR text, .onnx, .tflite or MiniMalloc's .csv (default: stdin)")
    parser.add_argument("-o", "--output-file", metavar="FILE", help="write here instead of to standard output")
    parser.add_argument(
        "-p",
        "--passes",
        "--pipeline",
        default="",
        metavar="LIST",
        help="passes and named pipelines with options: 'a,b{x=1 y=z}'",
    )
    targets = ", ".join(TARGETS)
    parser.add_argument("-t", "--target", default="mlir", help=f"what to print: {targets} (default: mlir)")
    parser.add_argument(
        "-f",
        "--frontend",
        choices=("mlir", "onnx", "tflite", "minimalloc"),
        help="read the input as this, whatever its name",
    )
    parser.add_argument(
        "--max-elements",
        type=int,
        metavar="N",
        help="refuse values of more elements (default: 67,108,864)",
    )
    add_size_arguments(parser)
    parser.add_argument("-v", "--version", action=VersionAction, nargs=0, help="print the version")
    add_list_arguments(parser)
    add_printing_arguments(parser)
    add_debugging_arguments(parser)
    parser.set_defaults(disable_verify=False, shrink=False, time_passes=False, print_between_passes=False)


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """What the tool has."""
    group = parser.add_argument_group("what there is")
    group.add_argument("--list-passes", action="store_true", help="print every pass, its options and what it does")
    group.add_argument(
        "--list-pipelines", action="store_true", help="print every pipeline: passes, and why in this order"
    )
    group.add_argument("--list-targets", action="store_true", help="print every target of -t")


def add_printing_arguments(parser: argparse.ArgumentParser) -> None:
    """How IR is printed, and when."""
    group = parser.add_argument_group("printing")
    group.add_argument("--print-op-generic", action="store_true", help="use the generic form of ops")
    group.add_argument("--print-no-properties", action="store_true", help="print properties as attributes")
    group.add_argument("--print-debuginfo", action="store_true", help="print locations")
    group.add_argument("--syntax-highlight", action="store_true", help="colors")
    group.add_argument(
        "--elide-larger-than",
        type=int,
        metavar="N",
        help="print dense_resource<__elided__> for constants of more than N elements (default: 16 in the IR that is "
        "printed after passes, no limit in the output)",
    )
    group.add_argument(
        "--print-ir-after-all", action="store_true", help="print the IR after each pass on standard error"
    )
    group.add_argument(
        "--print-ir-after-all-dir", metavar="DIR", help="the same, into a file per pass: DIR/01-NAME.mlir"
    )
    group.add_argument(
        "--print-ir-diff", action="store_true", help="print what each pass changed on standard error, as a diff"
    )
    group.add_argument("--timing", action="store_true", help="print where the time went on standard error")


def add_debugging_arguments(parser: argparse.ArgumentParser) -> None:
    """For tests and for what goes wrong."""
    group = parser.add_argument_group("tests and errors")
    group.add_argument("--split-input-file", action="store_true", help="treat the parts between '// -----' separately")
    group.add_argument(
        "--verify-diagnostics",
        action="store_true",
        help="errors are expected: print them on standard output, exit with 0",
    )
    group.add_argument("--parsing-diagnostics", action="store_true", help="the same, for parse errors only")
    group.add_argument("--allow-unregistered-dialect", action="store_true", help="accept ops of unknown dialects")
    group.add_argument("--no-implicit-module", action="store_true", help="the input must hold one builtin.module")
    group.add_argument(
        "--crash-reproducer",
        metavar="FILE",
        help="when a pass fails, write its input and a RUN line that runs it again",
    )
    group.add_argument("--debug", action="store_true", help="show a Python traceback on errors")
