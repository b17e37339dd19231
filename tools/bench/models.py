"""What streaming gains and costs on whole models: `python -m tinyml_opt.tools.bench.models FOLDER`.

For each .onnx file of the folder, in each way of planning: the arena, the static RAM of the object file that the
board's compiler makes (.bss), the instructions of an inference in the simulator, the seconds that planning took, and
whether the C on this computer gives the integers of the level `fixed` on random inputs. Then, for some RAM limits, the
cheapest plan that fits: the Pareto front of RAM against multiply-accumulates, bytes moved and slices.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...dialects.fixed.types import PortAttr, storage_limits
from ...passes.fixed.calibrate import the_function
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.host import HostExecutor
from ...targets.executors.select import board_executor
from ...targets.firmware import COMMON_FLAGS, GeneratedModel, port_dtype, sizes, write_sources
from ...targets.toolchain import compile_with
from ..analyze import analyze, plan_of
from ..compiler import compile_model
from ..compiling.compilation import Compilation
from ..compiling.options import Options
from ..show import print_table

WAYS: dict[str, dict[str, Any]] = {
    "whole tensors": {"ram": 1 << 30},
    "streamed, input at the caller": {"stream": True},
    "streamed, input in the arena": {"stream": True, "input": "arena"},
    "streamed, input by rows": {"input": "rows"},
}
"""Options of the compiler, by name."""

LIMITS = 8
"""RAM limits of a sweep, from the least arena to that of whole tensors."""


@dataclass(frozen=True)
class Figures:
    """A model planned in one way. Bytes; `instructions` is None where nothing simulated it."""

    arena: int
    lower_bound: int
    bss: int
    macs: int
    instructions: int | None
    seconds: float
    equal: bool


def main(arguments: Sequence[str]) -> int:
    """Print a table for each model, and the sweeps."""
    parser = argparse.ArgumentParser(prog="bench_models", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the .onnx files are")
    parser.add_argument("--models", nargs="*", help="only these, by file name without .onnx")
    parser.add_argument("--board", default="nano33ble", help="compiler and simulator")
    parser.add_argument("--rows", type=int, default=3, help="random inputs per model")
    parser.add_argument("--no-simulation", action="store_true", help="count no instructions")
    parser.add_argument("--sweep", nargs="*", default=[], help="models to plan for a range of RAM limits")
    args = parser.parse_args(arguments)
    paths = [p for p in sorted(args.folder.glob("*.onnx")) if not args.models or p.stem in args.models]
    if not paths:
        print(f"bench_models: no .onnx files in {args.folder}", file=sys.stderr)
        return 1
    for path in paths:
        try:
            show_model(path, args.board, args.rows, not args.no_simulation)
        except UserError as error:
            print(f"{path.stem}: not compiled: {error.reasons[0]}\n", flush=True)
    for path in paths:
        if path.stem in args.sweep:
            show_sweep(path, args.board)
    return 0


def show_model(path: Path, board: str, rows: int, simulate: bool) -> None:
    """A row for each way of planning."""
    lines: list[tuple[object, ...]] = []
    for way, options in WAYS.items():
        figures = measure(Options(path, board, sizes_only=True, **options), rows, simulate)
        count = "not simulated" if figures.instructions is None else figures.instructions
        equal = "yes" if figures.equal else "NO"
        seconds = round(figures.seconds, 2)
        lines.append((way, figures.arena, figures.lower_bound, figures.bss, figures.macs, count, seconds, equal))
    columns = ("way", "arena", "lower bound", ".bss", "MACs", "instructions", "planning s", "equal")
    print_table(path.stem, columns, lines)
    print(flush=True)


def measure(options: Options, rows: int, simulate: bool) -> Figures:
    """Plan, build and run one model."""
    compilation = compile_model(options)
    stages = compilation.timing.stages.items()
    seconds = sum(time for stage, time in stages if stage.startswith("memplan") or stage == "convert-fixed-to-memplan")
    model = compilation.generated()
    inputs = {port.label.data: random_rows(port, rows) for port in model.inputs}
    expected = FixedExecutor(compilation.fixed).run(inputs).outputs
    actual = HostExecutor(model).run(inputs).outputs
    plan = plan_of(the_function(compilation.memplan))
    return Figures(
        arena=plan["peak"],
        lower_bound=plan["lower_bound"],
        bss=object_ram(model, compilation),
        macs=analyze(compilation).macs,
        instructions=instructions(model, compilation, inputs) if simulate else None,
        seconds=seconds,
        equal=all(np.array_equal(expected[name], actual[name]) for name in expected),
    )


def random_rows(port: PortAttr, rows: int) -> NDArray[Any]:
    """Any integers that an input holds, (rows, *stored shape)."""
    low, high = storage_limits(port.storage)
    values = np.random.default_rng(0).integers(low, high, (rows, *port.stored_shape), endpoint=True)
    return values.astype(port_dtype(port))


def object_ram(model: GeneratedModel, compilation: Compilation) -> int:
    """Bytes of .data and .bss of the model's object file: the arena, and what a stream remembers between calls."""
    board = compilation.board
    with TemporaryDirectory(prefix="tinyml-") as scratch:
        write_sources(model, board.alignment, Path(scratch), ())
        compile_with(board.compiler, [*board.flags, *COMMON_FLAGS, "-c", *model.sources], Path(scratch))
        return sizes(board, Path(scratch) / f"{model.name}.o")[0]


def instructions(model: GeneratedModel, compilation: Compilation, inputs: dict[str, NDArray[Any]]) -> int | None:
    """Instructions of an inference; None where the board does not hold the model."""
    one = {name: values[:1] for name, values in inputs.items()}
    try:
        measurement = board_executor(model, compilation.board).run(one).measurement
    except UserError:
        return None
    return measurement.instructions


def show_sweep(path: Path, board: str) -> None:
    """The cheapest plan for each of a range of RAM limits."""
    whole = analyze(compile_model(Options(path, board, sizes_only=True, ram=1 << 30)))
    least = analyze(compile_model(Options(path, board, sizes_only=True, stream=True)))
    limits = np.unique(np.geomspace(least.peak_ram_bytes, whole.peak_ram_bytes, LIMITS).astype(int))
    lines: list[tuple[object, ...]] = []
    for limit in limits.tolist():
        fit = compile_model(Options(path, board, sizes_only=True, ram=limit))
        plan = plan_of(the_function(fit.memplan))["fit"]
        lines.append((limit, plan["way"], plan["peak"], plan["macs"], plan["moved"], plan["slices"]))
    print_table(f"{path.stem}: RAM limits", ("limit", "way", "arena", "MACs", "bytes moved", "slices"), lines)
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
