"""`tinyml`: a model onto a board, in one command each: analyze, compile, verify, run, boards, supported-ops."""

from __future__ import annotations

import argparse
import gc
import importlib
import shlex
import sys
from collections.abc import Sequence

from .. import __version__
from .arguments.model import add_model_arguments
from .arguments.own import add_own_arguments
from .exit_codes import end_process, exit_code
from .exploring.arguments import add_explore_arguments
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
            add_model_arguments(command)
            add_own_arguments(command, name)
        if name == "explore":
            add_explore_arguments(command)
        if name == "reduce":
            add_reduce_arguments(command)
        if name == "doctor":
            command.add_argument("--board", help="exit with 1 where something is missing that this board needs")
        if name == "completion":
            command.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")
    return parser


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
