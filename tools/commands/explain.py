"""`tinyml explain`: where RAM, flash and cycles go, every value's type and why, what would save some. One screen."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from ..compiler import compile_model
from ..compiling.options import options_of
from ..explaining.explanation import Explanation, Share, explain
from ..planning_limit import say_limit
from ..show import print_json, print_line, print_remarks, print_table

SHARES, VALUES, STEPS = 4, 10, 5
"""How many parts of a total, values and next steps the screen has room for; --json has all."""


def execute(args: Namespace) -> int:
    """Explain a model; without calibration data the ranges are made up, which changes no size."""
    options = options_of(args)
    compilation = compile_model(replace(options, sizes_only=options.calibration is None))
    explanation = explain(compilation)
    print_remarks(compilation.remarks)
    if args.json:
        print_json({**explanation.to_json(), "remarks": compilation.remarks})
    else:
        show(explanation)
    say_limit(compilation)
    return 0


def show(explanation: Explanation) -> None:
    """The totals, a line per part, and two tables."""
    analysis, cycles = explanation.analysis, explanation.total_cycles
    fits = "does not fit" if analysis.misfit else "fits"
    print_line(f"{analysis.model} on {analysis.board}: {fits}")
    print_line(f"RAM    {analysis.peak_ram_bytes:,} of {analysis.ram_limit_bytes:,} bytes: {parts(explanation.ram)}")
    flash = f"{analysis.flash_bytes:,} of {analysis.board_flash_bytes:,} bytes"
    print_line(f"flash  about {flash}: {parts(explanation.flash, 5)}")
    print_line(f"  constants  {parts(explanation.constants)}")
    print_line(f"cycles about {cycles:,} (an estimate; `tinyml run` measures): {shares(explanation.cycles, cycles)}")
    values = sorted(explanation.values, key=lambda value: -value.elements)
    rows = [(value.name, value.elements, value.type, value.place, value.why) for value in values[:VALUES]]
    more = f"and {len(values) - VALUES} smaller ones: --json lists them" if len(values) > VALUES else None
    print_table("values, the largest first", ("value", "elements", "type", "lies in", "type from"), rows, more)
    steps = [(s.step, s.ram, s.flash, s.cycles, s.note) for s in explanation.savings[:STEPS]]
    if steps:
        print_table("what would save (cycles: about)", ("step", "RAM", "flash", "cycles", "note"), steps)


def parts(found: Sequence[Share], most: int = SHARES) -> str:
    """Amounts with what they are."""
    texts = [f"{s.name} {s.amount:,}{f' ({s.remark})' if s.remark else ''}" for s in found[:most]]
    rest = sum(s.amount for s in found[most:])
    return ", ".join([*texts, *([f"others {rest:,}"] if rest else [])])


def shares(found: Sequence[Share], total: int) -> str:
    """Amounts as percentages of a total."""
    texts = [f"{s.name} {100 * s.amount / max(1, total):.0f} %" for s in found[: 2 * SHARES] if s.amount]
    rest = sum(s.amount for s in found[2 * SHARES :])
    return ", ".join([*texts, *([f"others {100 * rest / max(1, total):.0f} %"] if rest else [])])
