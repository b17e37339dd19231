"""`tinyml explore`: a design space, each candidate measured, and what no other one beats."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from pathlib import Path

from ..atomic_files import replacing
from ..exit_codes import INTERRUPTED
from ..exploring.cluster import check_scheduler
from ..exploring.result import front_of
from ..exploring.showing import COLUMNS, GROUPED, cells, csv_of, grouped, json_of, page_of
from ..exploring.space import candidates_of
from ..exploring.store import default_folder
from ..exploring.sweep import Sweep, explored
from ..show import print_json, print_line, print_table


def execute(args: Namespace) -> int:
    """Measure what is not known yet, then print the front of all; after Ctrl-C that of what there is."""
    if args.scheduler is not None:
        check_scheduler(args.scheduler)
    candidates = candidates_of(args)
    sweep = explored(candidates, (args.results or default_folder()).resolve(), args.jobs, args.scheduler)
    files: dict[Path, str | bytes] = {}
    if args.csv is not None:
        files[args.csv] = csv_of(sweep.results)
    if args.html is not None:
        files[args.html] = page_of(sweep.results, len(candidates), shlex.join(["tinyml", *args.command_line]))
    with replacing(files, make_folders=True):
        if args.json:
            print_json({**json_of(sweep.results, len(candidates)), "computed": sweep.computed})
        else:
            show(sweep)
    if sweep.interrupted:
        print_line("error: interrupted; the same command goes on from here", sys.stderr)
        return INTERRUPTED
    return 0


def show(sweep: Sweep) -> None:
    """The front, then what is not on any board."""
    results, total = sweep.results, len(sweep.candidates)
    best, wrong = front_of(results), grouped(results)
    fitting = sum(result.fits for result in results)
    caption = f"{len(best)} of {fitting} that fit; {total} candidates, {sweep.computed} of them measured now"
    print_table("what no other candidate beats", COLUMNS, [cells(result) for result in best], caption)
    if wrong:
        print_table("does not fit, or is refused", GROUPED, wrong)
