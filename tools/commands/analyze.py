"""`tinyml analyze`."""

from __future__ import annotations

import shlex
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from ...dialects.errors import UserError
from ...targets.board import Board, board_names, load_board
from ..analyze import Analysis, analyze
from ..api.program import Program
from ..atomic_files import replacing
from ..compiler import compile_model
from ..compiling.compilation import Compilation
from ..compiling.options import Options, options_of
from ..front import front
from ..planning_limit import say_limit
from ..reporting.totals import totals
from ..show import print_json, print_remarks, print_table

HARDWARE = {"lanes": 0, "ports": "memory"}
"""What only FPGAs have, and what stands for none."""


def execute(args: Namespace) -> int:
    """Print sizes; without calibration data the ranges are made up, which changes no size."""
    if args.figure is not None:
        from ..memory_figure import check_figure

        check_figure(args.figure)
    options = options_of(args)
    compilation = compile_model(replace(options, sizes_only=options.calibration is None))
    if compilation.board.fpga is not None and not args.boards:
        return show_hardware(compilation, args)
    if given := [name for name, default in HARDWARE.items() if getattr(args, name) != default]:
        raise UserError(f"--{given[0]} is of FPGAs: board '{compilation.board.name}' is none")
    if args.boards:
        return show_boards(options, args.json)
    if args.front:
        return show_front(compilation, args.json)
    analysis = Program(compilation).analysis
    files: dict[Path, bytes] = {}
    if args.csv is not None:
        files[args.csv] = memory_map(compilation, analysis)
    if args.figure is not None:
        files[args.figure] = memory_figure(compilation, analysis, args.figure.suffix)
    if args.html is not None:
        files[args.html] = report_page(compilation, analysis, args).encode()
    with replacing(files, make_folders=True):
        print_remarks(compilation.remarks)
        if args.timing:
            compilation.timing.print()
        if args.json:
            print_json({**analysis.to_json(), "remarks": compilation.remarks})
        else:
            show(analysis)
    say_limit(compilation)
    return 0


def show_hardware(compilation: Compilation, args: Namespace) -> int:
    """What a model takes of an FPGA. Raises UserError for figures that only plans of memory have."""
    from ..hardware.estimate import show_estimate

    for name in ("front", "csv", "figure", "html"):
        if getattr(args, name):
            raise UserError(f"--{name} is of microcontrollers: board '{compilation.board.name}' is an FPGA")
    show_estimate(compilation, args.json)
    return 0


def show_front(compilation: Compilation, as_json: bool) -> int:
    """The plans of a model's front."""
    points, board = front(compilation), compilation.board
    if as_json:
        print_json([point.to_json() for point in points])
        return 0
    rows = [
        (
            p.ram,
            p.cycles,
            round(1000 * p.cycles / board.clock_hz, 3) if board.clock_hz else "-",
            p.flash,
            p.way,
            p.options,
        )
        for p in points
    ]
    columns = ("RAM", "cycles (about)", "ms", "flash", "plan", "options")
    print_table(f"{compilation.name} on {board.name}: what no other plan beats", columns, rows)
    return 0


def show_boards(options: Options, as_json: bool) -> int:
    """Whether the model fits each board that runs programs."""
    found = [fit_on(board, options) for name in board_names() if (board := load_board(name)).fpga is None]
    if as_json:
        print_json(found)
        return 0
    columns = ("board", "fits", "RAM", "of", "flash (about)", "of", "cycles (about)", "ms")
    rows = [tuple("-" if value is None else value for value in entry.values()) for entry in found]
    print_table("on all boards", columns, rows, "`tinyml analyze --board NAME` says what is missing")
    return 0


def fit_on(board: Board, options: Options) -> dict[str, object]:
    """What a model needs on a board; None where it cannot be planned at all."""
    try:
        a = analyze(compile_model(replace(options, board=board.name, sizes_only=options.calibration is None)))
    except UserError:
        return {"board": board.name, "fits": "no", **dict.fromkeys(FIGURES)}
    time = round(1000 * a.cycles / a.clock_hz, 3) if a.clock_hz else None
    values = (a.peak_ram_bytes, a.ram_limit_bytes, a.flash_bytes, a.board_flash_bytes, a.cycles, time)
    return {"board": board.name, "fits": "no" if a.misfit else "yes", **dict(zip(FIGURES, values, strict=True))}


FIGURES = ("ram_bytes", "ram_limit_bytes", "flash_bytes", "board_flash_bytes", "cycles", "ms")


def report_page(compilation: Compilation, analysis: Analysis, args: Namespace) -> str:
    """The page, with accuracy where there are calibration data."""
    from ..reporting.page import page
    from ..verifying.lowered import LoweredModel
    from ..verifying.node_table import node_rows
    from ..verifying.reference import quantized_by_author

    nodes = []
    if compilation.options.calibration is not None:
        dataset = Program(compilation).dataset(compilation.options.calibration, ROWS)
        nodes = node_rows(compilation, LoweredModel(compilation), dataset, exact=quantized_by_author(compilation))
    return page(compilation, analysis, nodes, shlex.join(["tinyml", *args.command_line]))


ROWS = 32
"""Rows of calibration data on which the page compares nodes."""


def memory_map(compilation: Compilation, analysis: Analysis) -> bytes:
    """The tensor memory map as CSV."""
    from ...passes.fixed.calibrate import the_function
    from ..memory_map import Plan, csv_text, plan_before, table

    after = Plan(the_function(compilation.memplan))
    return csv_text(table(plan_before(compilation), after, analysis.peak_ram_bytes)).encode()


def memory_figure(compilation: Compilation, analysis: Analysis, suffix: str) -> bytes:
    """The figure of the arena over time."""
    from ...passes.fixed.calibrate import the_function
    from ..memory_figure import draw
    from ..memory_map import Plan

    title = f"{analysis.model} on {analysis.board}"
    return draw(Plan(the_function(compilation.memplan)), analysis.plan, title, suffix)


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
            row.cycles,
        )
        for row in analysis.rows
    ]
    columns = ("op", "form", "output", "MACs", "output bytes", "constant bytes", "live bytes", "cycles (about)")
    print_table(f"{analysis.model}, op by op", columns, rows)
    print_table(f"{analysis.model} on {analysis.board}", ("figure", "value", "remark"), totals(analysis))
    for reason in analysis.misfit:
        print(f"does not fit: {reason}")
