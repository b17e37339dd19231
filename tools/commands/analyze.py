"""`tinyml analyze`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..advice import advised
from ..analyze import Analysis, analyze
from ..atomic_files import replacing
from ..compiler import Compilation, compile_model, options_of
from ..fit import flash_error, flash_excess
from ..front import front
from ..planning_limit import say_limit
from ..show import print_json, print_remarks, print_table

Total = tuple[str, object, str]


def execute(args: Namespace) -> int:
    """Print sizes; without calibration data the ranges are made up, which changes no size."""
    if args.figure is not None:
        from ..memory_figure import check_figure

        check_figure(args.figure)
    options = options_of(args)
    compilation = compile_model(replace(options, sizes_only=options.calibration is None))
    if args.front:
        return show_front(compilation, args.json)
    analysis = advised(compilation, analyze(compilation))
    files: dict[Path, bytes] = {}
    if args.csv is not None:
        files[args.csv] = memory_map(compilation, analysis)
    if args.figure is not None:
        files[args.figure] = memory_figure(compilation, analysis, args.figure.suffix)
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
    totals = [*ram(analysis), *streams(analysis), *others(analysis)]
    print_table(f"{analysis.model} on {analysis.board}", ("figure", "value", "remark"), totals)
    for reason in analysis.misfit:
        print(f"does not fit: {reason}")


def ram(analysis: Analysis) -> Iterator[Total]:
    """What the model needs of RAM."""
    over = analysis.peak_ram_bytes - analysis.ram_limit_bytes
    limit = f"{analysis.ram_limit_bytes:,}"
    share = f"{100 * analysis.peak_ram_bytes / max(1, analysis.ram_limit_bytes):.1f} % of {limit}"
    fits = f"does not fit: {over:,} bytes more than {limit}" if over > 0 else share
    yield "peak RAM", analysis.peak_ram_bytes, f"{fits}; at '{analysis.peak_node}'"
    yield "  lower bound", analysis.lower_bound_bytes, "no placement of these buffers in this order needs less"
    arena = "the least, proven" if analysis.plan["proven"] else "not proven to be the least"
    if not analysis.plan["proven"] and analysis.plan.get("fit", {}).get("fits"):
        arena = "it fits: no smaller one was looked for"
    memories = analysis.plan.get("memories", {})
    yield "  arenas" if memories else "  arena", analysis.arena_bytes, f"static, in NAME.c; {arena}"
    for name, memory in memories.items():
        yield f"    in {name}", memory["peak"], f"{100 * memory['peak'] / memory['size']:.1f} % of {memory['size']:,}"
    yield "  input and output", analysis.io_bytes, "the caller's"
    if analysis.state_bytes:
        yield "  state", analysis.state_bytes, "what lasts from call to call"
    if analysis.padding_bytes:
        yield "  padding", analysis.padding_bytes, "between static arrays"
    yield "stack reserve", analysis.stack_reserve_bytes, f"beside these, of {analysis.board_ram_bytes:,}"


def streams(analysis: Analysis) -> Iterator[Total]:
    """What runs in slices, and what comes in rows."""
    stream = analysis.plan.get("stream")
    if stream is not None:
        saved = f"whole tensors in this order: {analysis.plan['schedule']['peak']:,} bytes alive"
        yield "streamed forms", stream["forms"], f"of {len(analysis.rows)}, in {stream['slices']:,} slices; {saved}"
    if analysis.input_rows:
        how = "the caller delivers one at a time: "
        yield "rows of input", analysis.input_rows, how + ("NAME_step" if analysis.in_steps else "NAME_push_row")


def others(analysis: Analysis) -> Iterator[Total]:
    """Flash and work."""
    over, error = flash_excess(analysis), flash_error(analysis)
    remark = f"{100 * analysis.flash_bytes / analysis.board_flash_bytes:.1f} % of {analysis.board_flash_bytes:,}"
    if over > error:
        remark = f"does not fit: about {over:,} bytes more than {analysis.board_flash_bytes:,}"
    elif over > -error:
        remark += "; only the linked program shows whether it fits"
    yield "flash", analysis.flash_bytes, remark
    yield "  constants", analysis.constant_bytes, "in NAME.c, with their padding"
    yield "  code", analysis.code_bytes, f"an estimate, as of {analysis.code_measured}"
    yield "MACs", analysis.macs, "multiply-accumulates per inference"
    off = f"an estimate, as of {analysis.cycles_core}: off by {analysis.cycle_error:g} % on models that were measured"
    time = f"{1000 * analysis.cycles / analysis.clock_hz:,.3f} ms; " if analysis.clock_hz else ""
    yield "cycles", analysis.cycles, time + off
    yield from gain(analysis)


def gain(analysis: Analysis) -> Iterator[Total]:
    """What tiles gain in cycles, and what they take of RAM."""
    fit = analysis.plan.get("fit", {})
    if fit.get("scratch") or fit.get("cycles", 0) < fit.get("plain_cycles", 0):
        more = analysis.arena_bytes - fit["plain_peak"]
        saved = f"{fit['plain_cycles'] / max(1, fit['cycles']):.1f} times fewer cycles than without tiles"
        yield (
            "  scratch memory",
            fit["scratch"],
            f"of tiles, at most; {saved}, whole tensors, for {more:+,} bytes of RAM",
        )
