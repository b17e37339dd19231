"""Small models on an Arduino Uno beside SeeDot: `python -m tinyml_opt.tools.bench.uno FOLDER...`.

Each folder has a model, `model.onnx`, with `calib.npz` and `test.npz` beside it. A line has

- right: rows of all test data whose class is right, in float, in the integer executor, and by SeeDot;
- equal: rows whose outputs on the simulated board are the integers of the executor;
- parameters: bytes of weights, their indices and biases, as they lie in flash; beside them multipliers, and tables;
- RAM: .data, .bss and the deepest stack, without the caller's inputs and outputs; flash; mean cycles of a call;
- ELF: RAM, stack included, and flash of the whole file with its harness, start-up code and the caller's buffers;
- seconds of processor time from the file to the plan, a search for types included.

With `--levels` each model is built at these levels of the compiler, a line each; all must give the same integers. A
model that does not compile is shown with the reason.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...dialects.errors import UserError
from ...dialects.harmless import json_text
from ...targets.board import Board
from ...targets.dataset import Dataset, load_dataset
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.interface import Arrays
from ...targets.executors.select import board_executor
from ...targets.ports import input_ports, output_ports, predicted_classes, to_real, to_stored
from ..analyze import analyze
from ..compiler import compile_model
from ..compiling.compilation import Compilation, float_outputs, input_types
from ..compiling.options import LOSS, Options, SearchOptions
from ..constants import Kinds, constant_kinds
from ..fit import refuse_misfit
from ..show import print_table
from .seedot import SEEDOT, TEST_ROWS, Published

COLUMNS = ("model", "right", "equal", "parameters", "mult + tables", "RAM", "flash", "cycles", "ELF", "s")


@dataclass(frozen=True)
class Line:
    """The figures of a model; `reason` says why there are none."""

    name: str
    rows: int
    float_right: int = 0
    right: int = 0
    simulated: int = 0
    equal: int = 0
    kinds: Kinds | None = None
    ram: int = 0
    flash: int = 0
    cycles: int = 0
    seconds: float = 0.0
    by_rows: bool = False
    elf: tuple[int, int] = (0, 0)
    reason: str = ""

    @property
    def published(self) -> Published | None:
        """SeeDot's figures of the same model on the same rows."""
        return SEEDOT.get(self.name.split("/")[-1].split()[0]) if self.rows == TEST_ROWS else None

    def cells(self) -> tuple[str, ...]:
        """Each figure, with SeeDot's behind a slash."""
        if self.kinds is None:
            return (self.name, f"refused: {self.reason}", *[""] * (len(COLUMNS) - 2))
        theirs = self.published
        beside = asdict(theirs) if theirs is not None else {}

        def cell(value: int, name: str) -> str:
            return f"{value:,} / {beside[name]:,}" if beside else f"{value:,}"

        right = cell(self.right, "right") + f" (float {self.float_right:,} of {self.rows:,})"
        kinds = self.kinds
        return (
            f"{self.name}{' by rows' if self.by_rows else ''}",
            right,
            f"{self.equal} of {self.simulated}",
            cell(kinds.parameters, "parameters"),
            f"{kinds.multipliers} + {kinds.tables}",
            cell(self.ram, "ram"),
            cell(self.flash, "flash"),
            cell(self.cycles, "cycles"),
            f"{self.elf[0]:,} + {self.elf[1]:,}",
            f"{self.seconds:.1f}",
        )


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where a simulated row differs."""
    parser = argparse.ArgumentParser(prog="bench-uno", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="models, or folders with model.onnx")
    parser.add_argument("--board", default="uno")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8)
    parser.add_argument("--scheme", choices=("affine", "pow2"), default="affine")
    parser.add_argument(
        "--search",
        choices=("exact", "shiftry", "sensitivity"),
        help="look for widths and scales, within the bytes of SeeDot's parameters where they are known",
    )
    parser.add_argument("--weights", type=int, metavar="BYTES", help="--search: parameters within this")
    parser.add_argument("--ram", type=int, metavar="BYTES", help="within this, the caller's buffers included")
    parser.add_argument("--cycles", type=int, metavar="N", help="--search: about so many cycles per inference")
    parser.add_argument("--input", choices=("caller", "arena", "rows"), default="caller")
    parser.add_argument("--rows", type=int, default=100, help="that are simulated")
    parser.add_argument("--levels", nargs="+", choices=("O1", "O2", "O3", "Os"), help="of the compiler's optimization")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, too")
    args = parser.parse_args(arguments)
    gc.disable()
    lines = [line for path in args.folders for line in measured(path, args)]
    title = f"{args.board}: ours / SeeDot, 8 and 16 bits" if any(line.published for line in lines) else args.board
    print_table(title, COLUMNS, [line.cells() for line in lines])
    if args.json is not None:
        args.json.write_text(json_text([asdict(line) for line in lines]) + "\n")
    return int(any(line.equal < line.simulated for line in lines))


def measured(path: Path, args: argparse.Namespace) -> list[Line]:
    """The lines of a model: one for each level of the compiler."""
    model = path / "model.onnx" if path.is_dir() else path
    name = "/".join(model.resolve().with_suffix("").parts[-3:]).removesuffix("/model")
    print(name, file=sys.stderr, flush=True)
    calibration = model.with_name("calib.npz")
    options = Options(model, args.board, calibration, args.bits, args.scheme, input=args.input, ram=args.ram)
    if args.search is not None:
        known = SEEDOT.get(model.parent.name)
        weights = args.weights or (known.parameters if known is not None and is_theirs(model) else None)
        loss = None if weights or args.cycles else LOSS
        options = replace(options, search=SearchOptions(args.search, weights, cycles=args.cycles, loss=loss))
    start = time.process_time()
    try:
        compilation = compiled(options)
    except UserError as error:
        return [Line(name, 0, reason=error.reasons[-1])]
    seconds, data = time.process_time() - start, model.with_name("test.npz")
    if not args.levels:
        return [figures(name, compilation, data, args.rows, seconds)]
    boards = [at_level(compilation.board, level) for level in args.levels]
    built = [replace(compilation, board=board) for board in boards]
    return [
        replace(figures(name, c, data, args.rows, seconds), name=f"{name} -{level}")
        for c, level in zip(built, args.levels, strict=True)
    ]


def at_level(board: Board, level: str) -> Board:
    """A board whose compiler optimizes at a level."""
    others = (flag for flag in board.flags if not flag.startswith("-O"))
    return replace(board, flags=(*others, f"-{level}"))


def is_theirs(model: Path) -> bool:
    """Whether SeeDot's figures are of this model, by the size of its test data."""
    with np.load(model.with_name("test.npz")) as data:
        return len(data["y"]) == TEST_ROWS


def compiled(options: Options) -> Compilation:
    """A model that fits its board; by rows, where it does not otherwise. Raises UserError."""
    compilation = compile_model(options)
    try:
        refuse_misfit(analyze(compilation))
        return compilation
    except UserError:
        try:
            by_rows = compile_model(replace(options, input="rows"))
            refuse_misfit(analyze(by_rows))
            return by_rows
        except UserError:
            pass
        raise


def figures(name: str, compilation: Compilation, data: Path, rows: int, seconds: float) -> Line:
    """All test rows in the executors of float and integers, some of them on the board."""
    dataset = load_dataset(data, input_types(compilation.onnx))
    inputs, outputs = input_ports(compilation.function), output_ports(compilation.function)
    integers = FixedExecutor(compilation.fixed).run(to_stored(dataset, inputs)).outputs
    few = dataset.head(rows)
    model = compilation.generated()
    run = board_executor(model, compilation.board).run(to_stored(few, inputs))
    equal = [(run.outputs[key] == integers[key][: len(few)]).reshape(len(few), -1).all(axis=1) for key in run.outputs]
    measurement = run.measurement
    return Line(
        name,
        len(dataset),
        right_rows(float_outputs(compilation, dataset), dataset),
        right_rows(to_real(integers, outputs), dataset),
        len(few),
        int(np.logical_and.reduce(equal).sum()),
        constant_kinds(compilation.memplan),
        number(measurement.ram_bytes) - model.caller_bytes + number(measurement.stack_bytes),
        number(measurement.flash_bytes),
        number(measurement.cycles),
        seconds,
        model.input_rows > 0,
        (
            number(measurement.elf_ram_bytes) + number(measurement.stack_bytes),
            number(measurement.elf_flash_bytes),
        ),
    )


def number(value: int | None) -> int:
    """A figure that a simulator of AVR always has; of others 0."""
    return 0 if value is None else value


def right_rows(outputs: Arrays | dict[str, Any], dataset: Dataset) -> int:
    """How many rows have the class of their label, by the first output."""
    values = next(iter(outputs.values()))
    assert dataset.labels is not None, "test data have labels"
    return int((predicted_classes(values, values[0].size == 1) == dataset.labels).sum())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
