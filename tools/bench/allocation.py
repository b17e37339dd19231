"""Lanes by search beside the same for each layer, and widths: tables of `bench.fpga --slice allocation|widths`.

A line of the first has a model on as many uniform lanes as fit the board, and on the lanes that
`memplan-allocate-lanes` finds with no more multipliers (DSP), with layers one after the other and overlapping row by
row. Beside them stands what sequential engines gain at most where each takes cells in proportion to its lanes:
`n * sum(w) / (sum sqrt(w))^2` for n layers of w steps on one lane (lanes in proportion to `sqrt(w)` are best). That
bound counts steps alone. A layer that runs by itself also waits, in each round, until its pipeline is empty, which no
lanes shorten: `fixed` are these clocks of the uniform design, and `bound+` is what can be gained beside them,
`uniform / ((uniform - fixed) / bound + fixed)`. Layers of few steps have little to gain for that reason, until they
overlap. Cycles are counted from the hardware's IR.

A line of the second has a model in 16 bits, or in widths that `fixed-search-types` finds: cells and cycles on one lane
for each layer, and on all that fit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory

from xdsl.dialects import func

from ...dialects.errors import UserError
from ...targets.board import load_board
from ...targets.device import Fpga
from ...targets.estimating.design import Design, design_of
from ...targets.family import load_family
from ..allocating.choices import work_of
from ..allocating.timeline import Timeline
from ..compiler import compile_model
from ..compiling.compilation import Compilation
from ..compiling.options import Options, SearchOptions
from ..hardware.estimate import misfits
from ..pipelines import pipeline, run_passes
from ..searching.outcome import file_text
from ..show import print_table

COLUMNS = tuple(
    "model lanes DSP uniform allocated gain bound share fixed bound+ share+ uniform* allocated* gain* LUT LUT*".split()
)
WIDTHS = tuple("model bits lanes DSP BRAM36 LUT cycles".split())
MOST_LANES = 64

SEARCHED = "host"
"""The board for which widths are looked for: an FPGA has no costs of flash and cycles, by which a search chooses."""

MOST_BITS = 16
"""Of a value, before a search takes some of them."""

LOSS = 0.5
"""Percent that the search for widths may lose."""

Row = tuple[object, ...]


@dataclass(frozen=True)
class Way:
    """How layers get lanes: so many each, or by search with so many multipliers; whether they overlap."""

    lanes: int = 0
    dsps: int = 0
    overlaps: bool = True


def allocations(models: Sequence[Path], board: str) -> int:
    """Print the first table; 1 where a model has no line."""
    lines, failed = collected(models, lambda model: [allocation(model, board)])
    print_table(f"Lanes on {board}; * with layers that overlap", COLUMNS, lines)
    return failed


def widths(models: Sequence[Path], board: str) -> int:
    """Print the second table; 1 where a model has no line."""
    lines, failed = collected(models, lambda model: by_width(model, board))
    if lines:
        print_table(f"Widths on {board}", WIDTHS, lines)
    return failed


TABLES = {"allocation": allocations, "widths": widths}
"""By slice."""


def collected(models: Sequence[Path], measure: Callable[[Path], list[Row]]) -> tuple[list[Row], int]:
    """The lines of all models; 1 where one has none."""
    lines: list[Row] = []
    failed = 0
    for model in models:
        try:
            lines += measure(model)
        except UserError as error:
            failed = 1
            print(f"{model}: {'; '.join(error.reasons)}", file=sys.stderr)
    return lines, failed


def compiled(model: Path, board: str, bits: int = 8) -> Compilation:
    """A model, with the data beside it."""
    return compile_model(Options(*files_of(model, board), bits))


def searched(model: Path, board: str) -> Compilation:
    """A model for a board, in the widths that a search finds for the machine at hand. Raises UserError without data."""
    if files_of(model, board)[2] is None:
        raise UserError("mixed widths are found on data: put calib.npz beside the model")
    search = SearchOptions(loss=LOSS)
    found = compile_model(Options(*files_of(model, SEARCHED), MOST_BITS, search=search)).found
    assert found is not None, "a search was asked for"
    with TemporaryDirectory(prefix="tinyml-") as scratch:
        types = Path(scratch) / "types.toml"
        types.write_text(file_text(found), encoding="utf-8")
        return compile_model(Options(*files_of(model, board), MOST_BITS, types=types))


def files_of(model: Path, board: str) -> tuple[Path, str, Path | None]:
    """A file, or `model.onnx` of a folder; the board; `calib.npz` beside it, where there is one."""
    file = model / "model.onnx" if model.is_dir() else model
    data = file.with_name("calib.npz")
    return file, board, data if data.is_file() else None


def designed(compilation: Compilation, way: Way) -> Design:
    """The estimate of a program. Raises UserError where nothing fits."""
    fpga, module = part_of(compilation), compilation.fixed.clone()
    given = {**compilation.hardware(), **compilation.stages(), "lanes": way.lanes or None, "dsps": way.dsps or None}
    if way.lanes:
        given["board"] = None
    passes = [p for p in pipeline("fixed-to-rtl", **given) if way.overlaps or p.name != "memplan-overlap"]
    run_passes(module, passes, compilation.timing)
    return design_of(load_family(fpga.family), module.ops)


def part_of(compilation: Compilation) -> Fpga:
    """The part of a board. Raises UserError for one that is none."""
    fpga = load_board(compilation.options.board).fpga
    if fpga is None:
        raise UserError(f"board '{compilation.options.board}' is no FPGA")
    return fpga


def allocation(model: Path, board: str) -> Row:
    """The line of a model."""
    compilation = compiled(model, board)
    lanes, uniform = most_lanes(compilation)
    dsps = uniform.cells.dsps
    found = designed(compilation, Way(dsps=dsps, overlaps=False))
    beside, found_beside = designed(compilation, Way(lanes)), designed(compilation, Way(dsps=dsps))
    timeline = timeline_of(compilation)
    rounds = [timeline.rounds(n) for n in range(len(timeline.forms))]
    gain, bound = uniform.cycles / found.cycles, bound_of(timeline)
    fixed = uniform.cycles - sum(part.steps * times for part, times in zip(uniform.parts, rounds, strict=True))
    within = uniform.cycles / ((uniform.cycles - fixed) / bound + fixed)
    cycles = (uniform.cycles, found.cycles, f"{gain:.2f}", f"{bound:.2f}", f"{100 * gain / bound:.0f} %")
    cycles = (*cycles, fixed, f"{within:.2f}", f"{100 * gain / within:.0f} %")
    overlapped = (beside.cycles, found_beside.cycles, f"{uniform.cycles / found_beside.cycles:.2f}")
    return (
        name_of(model),
        lanes,
        dsps,
        *cycles,
        *overlapped,
        round(uniform.cells.luts),
        round(found_beside.cells.luts),
    )


def most_lanes(compilation: Compilation) -> tuple[int, Design]:
    """The most lanes that each layer may have, and what they take. Raises UserError where one is too many."""
    fpga, best, lanes = part_of(compilation), None, 1
    while lanes <= MOST_LANES:
        design = designed(compilation, Way(lanes, overlaps=False))
        if reasons := misfits(compilation.name, design, fpga):
            if best is None:
                raise UserError(*reasons)
            break
        if best is None or design.cycles < best[1].cycles:
            best = lanes, design
        lanes *= 2
    assert best is not None
    return best


def timeline_of(compilation: Compilation) -> Timeline:
    """The forms of a model, as they are before they get lanes."""
    module = compilation.fixed.clone()
    passes = pipeline("fixed-to-rtl", lanes=1)
    run_passes(module, passes[: [p.name for p in passes].index("memplan-lanes")], compilation.timing)
    return Timeline(next(o for o in module.ops if isinstance(o, func.FuncOp)))


def bound_of(timeline: Timeline) -> float:
    """What lanes in proportion to the root of each layer's steps gain over the same for all."""
    works = [work_of(form) * timeline.rounds(n) for n, form in enumerate(timeline.forms)]
    return len(works) * sum(works) / sum(map(sqrt, works)) ** 2


def by_width(model: Path, board: str) -> list[Row]:
    """Lines for 8 and 16 bits and for mixed widths, on one lane each and on all that fit."""
    lines: list[Row] = []
    mixed = searched(model, board)
    given = {8: compiled(model, board), MOST_BITS: compiled(model, board, MOST_BITS), "mixed": mixed}
    for label, compilation in given.items():
        for way in (Way(1), Way()):
            design = designed(compilation, way)
            cells = design.cells
            figures = (cells.dsps, cells.bram36, round(cells.luts), design.cycles)
            lines.append((name_of(model), label, way.lanes or "search", *figures))
    return lines


def name_of(model: Path) -> str:
    """The name of a file, or of a folder."""
    return model.name if model.is_dir() else model.stem
