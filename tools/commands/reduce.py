"""`tinyml reduce`: a failing model or module and a command, made small."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from ..atomic_files import replacing
from ..exit_codes import INTERRUPTED
from ..reducing.reduce import command_in, reduce, shown_command
from ..show import print_json, print_line, print_table


def execute(args: Namespace) -> int:
    """Write the smallest file that fails as the given one does, and print the command that shows it."""
    path: Path = args.file
    found = reduce(path, args.run, args.message, args.timeout)
    output = args.output or Path(f"{path.stem}.reduced{path.suffix}")
    command = shown_command(args.run or command_in(path), output)
    sizes = ("bytes", path.stat().st_size, len(found.content))
    with replacing({output: found.content}, make_folders=True):
        if args.json:
            print_json({"file": str(output), "before": found.before, "after": found.after, "runs": found.runs})
        else:
            rows = [sizes, *((kind, count, found.after.get(kind, 0)) for kind, count in found.before.items())]
            print_table(f"{path.name}, made small", ("what", "before", "after"), rows, f"{found.runs} runs")
            print_line(f"still fails ({found.message}): {command}")
    if found.interrupted:
        print_line(f"error: interrupted; {output} has the smallest so far", sys.stderr)
        return INTERRUPTED
    return 0
