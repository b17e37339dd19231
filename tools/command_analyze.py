"""`tinyml analyze`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from .analyze import Analysis, analyze
from .compiler import compile_model, options_of
from .show import print_json, print_table


def execute(args: Namespace) -> int:
    """Print sizes; without calibration data the ranges are made up, which changes no size."""
    options = options_of(args)
    compilation = compile_model(replace(options, sizes_only=options.calibration is None))
    analysis = analyze(compilation)
    if args.timing:
        compilation.timing.print()
    if args.json:
        print_json(analysis.to_json())
    else:
        show(analysis)
    return 0


def show(analysis: Analysis) -> None:
    """A row per op, then the totals against the board."""
    rows = [
        (
            row.node,
            row.kind,
            "x".join(map(str, row.output_shape)),
            row.macs,
            row.output_bytes,
            row.constant_bytes,
            row.live_bytes,
        )
        for row in analysis.rows
    ]
    columns = ("op", "form", "output", "MACs", "output bytes", "constant bytes", "live bytes")
    print_table(f"{analysis.model}, op by op", columns, rows)
    ram, flash = analysis.board_ram_bytes, analysis.board_flash_bytes
    totals = [
        (
            "peak RAM",
            analysis.peak_ram_bytes,
            f"{100 * analysis.peak_ram_bytes / ram:.1f} % of {ram:,}; at '{analysis.peak_node}'",
        ),
        ("  lower bound", analysis.lower_bound_bytes, "no placement of these buffers in this order needs less"),
        ("  arena", analysis.arena_bytes, "static, in NAME.c"),
        ("  input and output", analysis.io_bytes, "the caller's"),
        (
            "flash",
            analysis.flash_bytes,
            f"{100 * analysis.flash_bytes / flash:.1f} % of {flash:,}; constants, without code",
        ),
        ("MACs", analysis.macs, "multiply-accumulates per inference"),
    ]
    print_table(f"{analysis.model} on {analysis.board}", ("figure", "value", "remark"), totals)
