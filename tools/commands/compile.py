"""`tinyml compile`: NAME.c, NAME.h and NAME.report.json, or nothing."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace

from ...dialects.errors import UserError
from ...dialects.harmless import json_text
from ..api.program import Program
from ..api.provenance import provenance
from ..atomic_files import replacing
from ..compiler import compile_model
from ..compiling.compilation import Compilation
from ..compiling.options import options_of
from ..hardware.files import rtl_files
from ..hardware.hls_project import project_files
from ..planning_limit import say_limit
from ..progress import DISPLAY
from ..searching.outcome import COLUMNS, caption, file_text, rows, to_json
from ..show import print_json, print_line, print_remarks, print_table
from ..verifying.calibrated import remark


def write_hardware(compilation: Compilation, target: str, args: Namespace) -> int:
    """Write the files of hardware; what they take of a part is known once they are synthesized (`tinyml run`)."""
    files = rtl_files(compilation) if target == "rtl" else project_files(compilation)
    remarks = compilation.remarks if target == "rtl" else (*compilation.remarks, *compilation.hls.remarks)
    places = {args.output / name: text for name, text in files.items()}
    with replacing(places, make_folders=True):
        print_remarks(remarks)
        if args.timing:
            compilation.timing.print()
        if args.json:
            print_json({"files": sorted(map(str, places)), "remarks": remarks})
        else:
            print(*places, sep="\n")
    return 0


def execute(args: Namespace) -> int:
    """Compile, check that it fits, and write all files at once."""
    compilation = compile_model(options_of(args))
    target = args.target or ("hls" if compilation.board.fpga else "c")
    if target == "c" and compilation.board.fpga is not None:
        raise UserError(f"board '{compilation.board.name}' is an FPGA, which runs no C: -t hls or -t rtl")
    if target == "rtl" or compilation.board.fpga is not None:
        return write_hardware(compilation, target, args)
    program = Program(compilation)
    files = program.files(target, args.package, args.self_test)
    report = {
        **program.analysis.to_json(),
        **provenance(compilation.options, shlex.join(["tinyml", *args.command_line])),
        "remarks": compilation.remarks,
        "timing_seconds": compilation.timing.seconds(),
    }
    found = compilation.found
    if found is not None:
        report["search"] = to_json(found)
        files[f"{compilation.name}.types.toml"] = file_text(found)
    files[f"{compilation.name}.report.json"] = json_text(report) + "\n"
    remarked = remark(compilation)
    places = {args.output / name: text for name, text in files.items()}
    with replacing(places, make_folders=True):
        print_remarks(compilation.remarks)
        if remarked is not None and not DISPLAY.quiet:
            print_line(f"warning: {remarked}", sys.stderr)
        if found is not None and not args.json:
            print_table(f"types of {compilation.name}", COLUMNS, rows(found), caption(found))
        if args.timing:
            compilation.timing.print()
        if args.json:
            print_json(report)
        else:
            print(*places, sep="\n")
    say_limit(compilation)
    return 0
