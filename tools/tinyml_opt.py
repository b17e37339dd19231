"""`tinyml-opt`: read MLIR text or an ONNX file, run passes, print any level of the staircase or the code at its end.

This module imports neither xDSL nor numpy before it knows that there is work: `--help` answers at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from .exit_codes import end_process, exit_code
from .opt.arguments import REPORT, argument_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code, as `exit_code` says. Without arguments those of the process are taken."""
    if arguments is None:
        end_process(lambda: main(sys.argv[1:]))
    return exit_code(lambda: run(arguments), "--debug" in arguments, REPORT)


def run(arguments: Sequence[str]) -> int:
    """List what there is, or take a file through the passes."""
    args = argument_parser().parse_args(arguments)
    gc.disable()  # parsing makes millions of objects and no garbage worth collecting: half its time
    if args.list_passes or args.list_pipelines or args.list_targets:
        from .opt.listing import print_lists

        return print_lists(args)
    from .opt.driver import OptMain

    return OptMain(arguments, args.target).execute()


if __name__ == "__main__":
    main()
