"""`tinyml-opt`: read MLIR text or an ONNX file, run passes, print any level of the staircase or the code at its end.

This module imports neither xDSL nor numpy before it knows that there is work: `--help` answers at once.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence

from .exit_codes import exit_code
from .opt.arguments import argument_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code: 0, or 1 after errors on standard error."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    args = argument_parser().parse_args(arguments)
    gc.disable()  # parsing makes millions of objects and no garbage worth collecting: half its time
    return exit_code(lambda: run(args, arguments), args.debug)


def run(args: argparse.Namespace, arguments: Sequence[str]) -> int:
    """List what there is, or take a file through the passes."""
    if args.list_passes or args.list_pipelines or args.list_targets:
        from .opt.listing import print_lists

        return print_lists(args)
    from .opt.driver import OptMain

    return OptMain(arguments, args.target).execute()


if __name__ == "__main__":
    sys.exit(main())
