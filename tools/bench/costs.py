"""The cost model beside simulators: `python -m tinyml_opt.tools.bench.costs [FOLDER...] [--boards ...] [--write]`.

Every model is compiled and run on one random input; what the simulator counts in the function of each form is compared
with the estimate of targets/costs.py: cycles on AVR, exactly; on Cortex-M instructions, exactly, and cycles by the
timings of targets/timing.py, of which the wait states of flash are left out. With `--write` the prices of a core are
fitted anew to all functions, by least squares of relative errors, none of them negative.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ...dialects import emitc
from ...dialects.errors import UserError
from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan import StreamOp
from ...passes.fixed.calibrate import the_function
from ...passes.memplan.costing.forms import form_work
from ...targets.board import load_board
from ...targets.core import Core, core_name, load_core, operations_of
from ...targets.costs import UNITS, CostModel, Work, total_work
from ...targets.executors.select import board_executor
from ...targets.timing import estimated_cycles, instructions
from ..compiling.compilation import Compilation
from ..show import print_table
from .core_files import CORES, with_table, without_table
from .fitting import nonnegative
from .models import random_rows
from .samples import Sample, samples

BOARDS = ("uno", "metro-m0", "bluepill", "nano33ble", "nucleo-l4r5zi", "stm32f746", "mps2-an505", "mps3-an547")
WAYS: dict[str, dict[str, Any]] = {
    "": {},
    ", 16 bits packed": {"packed": "16"},
    ", 8 bits packed": {"packed": "8"},
    ", without tiles": {"objective": "flash"},
}
"""Options of the compiler, by what they add to the name of a model; the others where the core has tiles.

Not `ram`: forms without tiles have loops that are written out there, so that one price of `mac` would be for neither.
"""

SHARE = 0.02
"""Functions below this share of their model's cycles count as if they had it: their relative error matters less."""

REGULARIZATION = 1e-6


@dataclass(frozen=True)
class Point:
    """A function of a model on a core, with its work, and what a simulator says; instructions where it has them."""

    core: str
    model: str
    node: str
    work: Work
    cycles: float
    instructions: float


def main(arguments: Sequence[str]) -> int:
    """Measure, compare, and fit."""
    parser = argparse.ArgumentParser(prog="bench_costs", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="where more .onnx files are, at any depth")
    parser.add_argument("--calibrations", type=Path, metavar="FOLDER", help="MODEL.npz: calibration data by model")
    parser.add_argument("--models", nargs="*", help="only these")
    parser.add_argument("--boards", nargs="*", default=BOARDS, help="one for each core, and one that waits for flash")
    parser.add_argument("--ops", action="store_true", help="show all functions, not only the worst")
    parser.add_argument("--write", action="store_true", help="fit the prices and write them to targets/cores")
    args = parser.parse_args(arguments)
    chosen = [s for s in samples(args.folders, args.calibrations) if not args.models or s.name in args.models]
    for name, boards in groupby(sorted(args.boards, key=core_of_board), core_of_board):
        points = [point for board in boards for sample in chosen for point in measured(sample, board)]
        if not points:
            continue
        core = load_core(name)
        if args.write:
            core = fitted(core, points)
            write(core)
        show(CostModel(core), points, args.ops)
    return 0


def core_of_board(name: str) -> str:
    """The name of a board's core."""
    return core_name(load_board(name))


def measured(sample: Sample, name: str) -> Iterator[Point]:
    """The functions of a model on a board, compiled in several ways where the core has tiles."""
    ways = WAYS if "dual_multiply_add" in operations_of(load_board(name)) else {"": WAYS[""]}
    for way, options in ways.items():
        yield from measured_in(way, sample, name, options)


def measured_in(way: str, sample: Sample, name: str, options: Mapping[str, Any]) -> Iterator[Point]:
    """The functions of a model, compiled with these options; none where it does not fit."""
    try:
        compilation = sample.compile(name, **options)
        model = compilation.generated()
        inputs = {port.label.data: random_rows(port, 1) for port in model.inputs}
        profile = board_executor(model, compilation.board).run(inputs).measurement.profile
    except UserError as error:
        print(f"{sample.name} on {name}: {error.reasons[0]}", file=sys.stderr, flush=True)
        return
    board = replace(load_board(name), flash_reads=None)
    for function, forms in functions_of(compilation).items():
        counts = next((c for symbol, c in profile.items() if symbol.partition(".")[0] == function), None)
        if counts is None or not any(counts.values()):
            continue
        exact = "cycles" in counts
        cycles = counts["cycles"] if exact else estimated_cycles(counts, board) or 0.0
        work = total_work(map(form_work, forms))
        node = function.removeprefix(f"{model.name}_")
        yield Point(core_name(board), sample.name + way, node, work, cycles, 0.0 if exact else instructions(counts))


def functions_of(compilation: Compilation) -> Mapping[str, list[StructuredForm]]:
    """The functions in C of a program, with their forms: those are called in the order in which these stand.

    With streams they are found by their nodes.
    """
    forms = [op for op in the_function(compilation.memplan).walk() if isinstance(op, StructuredForm)]
    public = [f for f in compilation.emitc.ops if isinstance(f, emitc.FuncOp) and f.sym_name.data.endswith("_run")]
    calls = [op.callee.string_value() for f in public for op in f.walk() if isinstance(op, emitc.CallOp)]
    if any(isinstance(form.parent_op(), StreamOp) for form in forms):
        prefix = public[0].sym_name.data.removesuffix("run") if public else ""
        calls = [prefix + ("" if form.node is None else form.node.data) for form in forms]
    if len(calls) != len(forms):
        return {}
    found: dict[str, list[StructuredForm]] = {}
    for name, form in zip(calls, forms, strict=True):
        found.setdefault(name, []).append(form)
    return found


def fitted(core: Core, points: Sequence[Point]) -> Core:
    """The core with new prices."""
    cycles, counted = (prices(points, [getattr(p, kind) for p in points]) for kind in ("cycles", "instructions"))
    seen = {name for point in points for name in point.work.units}
    cycles = {**{name: price for name, price in core.cycles.items() if name not in seen}, **cycles}
    new = replace(core, cycles=cycles, instructions=counted if any(p.instructions for p in points) else {})
    return replace(new, cycle_error=round(float(np.mean(list(model_errors(CostModel(new), points).values()))), 1))


def prices(points: Sequence[Point], values: Sequence[float]) -> dict[str, float]:
    """The price of each unit; those of encodings are given (`layout_cycles`)."""
    names = [name for name in UNITS if any(point.work.units.get(name) for point in points)]
    given = load_core(points[0].core).layout_cycles
    values = [
        value - sum(given.get(unit, 0.0) * count for unit, count in point.work.units.items())
        for point, value in zip(points, values, strict=True)
    ]
    sums = {model: sum(v for p, v in zip(points, values, strict=True) if p.model == model) for model in models(points)}
    weights = np.array([1 / max(v, SHARE * sums[p.model], 1.0) for p, v in zip(points, values, strict=True)])
    counts = np.array([[point.work.units.get(name, 0.0) for name in names] for point in points])
    scale = np.maximum(1e-12, np.abs(counts * weights[:, None]).max(axis=0))
    found = nonnegative(counts * weights[:, None] / scale, np.array(values) * weights, REGULARIZATION) / scale
    return {name: rounded(price) for name, price in zip(names, found.tolist(), strict=True) if price > 1e-3}


def rounded(price: float) -> float:
    """Three digits."""
    return float(f"{price:.3g}")


def models(points: Sequence[Point]) -> list[str]:
    """The names of the models."""
    return list(dict.fromkeys(point.model for point in points))


def model_errors(model: CostModel, points: Sequence[Point]) -> dict[str, float]:
    """By how many percent the estimate of each whole model is off."""
    found: dict[str, float] = {}
    for name, group in groupby(points, key=lambda point: point.model):
        members = list(group)
        true = sum(point.cycles for point in members)
        found[name] = 100 * abs(sum(model.cycles(Work(p.work.units)) for p in members) - true) / max(1.0, true)
    return found


def write(core: Core) -> None:
    """Replace the prices of work in a core's file."""
    path = CORES / f"{core.name}.toml"
    path.write_text(with_prices(path.read_text(encoding="utf-8"), core), encoding="utf-8")


def with_prices(text: str, core: Core) -> str:
    """The text of a core's file with new prices of work; all else stays."""
    for name in ("cycles", "instructions"):
        text = without_table(text, name)
    lines = [line for line in text.splitlines() if not line.startswith("cycle_error = ")]
    head = next((n for n, line in enumerate(lines) if line.startswith("[")), len(lines))
    while head and (not lines[head - 1] or lines[head - 1].startswith("#")):
        head -= 1
    lines.insert(head, f"cycle_error = {core.cycle_error}")
    text = "\n".join(lines).rstrip() + "\n"
    comment = "of a unit of work (targets/costs.py), fitted: python -m tinyml_opt.tools.bench.costs FOLDER --write"
    for name, table in (("cycles", core.cycles), ("instructions", core.instructions)):
        if table:
            text = with_table(text, name, f"{name.capitalize()} {comment}", table)
    return text


def show(model: CostModel, points: Sequence[Point], every: bool) -> None:
    """The estimates beside the measured figures: whole models, then functions, the worst first."""
    rows: list[tuple[object, ...]] = []
    for name, group in groupby(points, key=lambda point: point.model):
        members = list(group)
        rows.append((name, "all", *compared(model, members)))
    shares = [(abs(model.cycles(Work(p.work.units)) - p.cycles) / p.cycles, p) for p in points if p.cycles]
    sums = {name: sum(p.cycles for p in points if p.model == name) for name in models(points)}
    large = [(share, p) for share, p in shares if p.cycles >= SHARE * sums[p.model]]
    large.sort(key=lambda pair: pair[0], reverse=True)
    rows += [(p.model, p.node, *compared(model, [p])) for _, p in (large if every else large[:8])]
    errors = model_errors(model, points)
    caption = (
        f"{len(points)} functions: mean error of those of {100 * SHARE:.0f} % of their model or more "
        f"{mean(large):.1f} %, of models {np.mean(list(errors.values())):.1f} %, at most {max(errors.values()):.1f} %"
    )
    columns = ("model", "function", "cycles said", "cycles", "error", "instructions said", "instructions", "error")
    print_table(model.core.title, columns, rows, caption)
    print(flush=True)


def mean(shares: Sequence[tuple[float, Point]]) -> float:
    """The mean share, in percent."""
    return 100 * float(np.mean([share for share, _ in shares])) if shares else 0.0


def compared(model: CostModel, points: Sequence[Point]) -> tuple[object, ...]:
    """Cycles and instructions, said and measured, with the error."""
    work = total_work(Work(point.work.units) for point in points)
    cells: list[object] = []
    for said, true in (
        (model.cycles(work), sum(p.cycles for p in points)),
        (model.instructions(work), sum(p.instructions for p in points)),
    ):
        cells += [round(said), round(true), f"{100 * (said / true - 1):+.1f} %"] if true else ["-", "-", "-"]
    return tuple(cells)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
