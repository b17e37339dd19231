"""Accuracy against bytes: `python -m tinyml_opt.tools.bench.widths FOLDER --board uno --weights 4000 3000 2000`.

For each limit of the weights' bytes a search for types (`fixed-search-types`) on `calib.npz`; a line has what it took,
the rows of `test.npz` that the integers have right, the sizes of the program, and what the board's simulator measures.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...dialects.errors import UserError
from ...targets.dataset import Dataset, load_dataset
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.select import board_executor
from ...targets.ports import input_ports, output_ports, predicted_classes, to_real, to_stored
from ..compiler import compile_model
from ..compiling.compilation import Compilation, float_outputs, input_types
from ..compiling.options import Options, SearchOptions
from ..searching.outcome import caption, rows
from ..show import print_table

COLUMNS = ("limit", "4 / 8 / 16 bits", "weights", "right of test", "float", "flash", "RAM", "stack", "cycles", "CPU, s")


def main(arguments: Sequence[str]) -> int:
    """Print a table per model."""
    parser = argparse.ArgumentParser(prog="bench-widths", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="models, or folders with model.onnx")
    parser.add_argument("--board", default="uno")
    parser.add_argument("--weights", nargs="+", type=int, default=[4_000, 3_000, 2_500, 2_000, 1_600], metavar="BYTES")
    parser.add_argument("--cycles", type=int, metavar="N", help="about so many cycles at most")
    parser.add_argument("--strategy", default="exact")
    parser.add_argument("--input", default="caller", choices=("caller", "arena", "rows"))
    parser.add_argument("--rows", type=int, default=1, help="that are simulated; 0: none")
    args = parser.parse_args(arguments)
    gc.disable()
    for path in args.models:
        model = path / "model.onnx" if path.is_dir() else path
        lines: list[tuple[object, ...]] = []
        for limit in args.weights:
            try:
                lines.append(line(model, args, limit))
            except UserError as error:
                print(f"{model}, {limit}: {error}", file=sys.stderr)
        print_table(f"{model.parent.name} on {args.board}", COLUMNS, lines)
    return 0


def line(model: Path, args: argparse.Namespace, limit: int) -> tuple[object, ...]:
    """The figures of one model within one limit."""
    search = SearchOptions(args.strategy, weights=limit, cycles=args.cycles)
    begin = time.process_time()
    options = Options(model, args.board, model.with_name("calib.npz"), input=args.input, search=search)
    compilation = compile_model(options)
    seconds = time.process_time() - begin
    found = compilation.found
    assert found is not None, "a search was asked for"
    print(f"{limit}: {caption(found)}", file=sys.stderr)
    data = load_dataset(model.with_name("test.npz"), input_types(compilation.onnx))
    flash, ram, stack, cycles = simulated(compilation, data.head(args.rows)) if args.rows else (None,) * 4
    cells = rows(found)[-1]
    right = f"{integers_right(compilation, data):,} of {len(data):,}"
    expected = right_of(compilation, float_outputs(compilation, data), data)
    widths = " / ".join(map(str, cells[1:4]))
    return (limit, widths, cells[6], right, expected, flash, ram, stack, cycles, round(seconds, 1))


def simulated(compilation: Compilation, data: Dataset) -> tuple[int | None, ...]:
    """Flash, RAM and stack in bytes, and cycles, as the board's simulator measures them."""
    run = board_executor(compilation.generated(), compilation.board).run(
        to_stored(data, input_ports(compilation.function))
    )
    m = run.measurement
    return m.flash_bytes, m.ram_bytes, m.stack_bytes, m.cycles or m.instructions


def integers_right(compilation: Compilation, data: Dataset) -> int:
    """The rows whose class the integers have right."""
    function = compilation.function
    outputs = FixedExecutor(compilation.fixed).run(to_stored(data, input_ports(function))).outputs
    return right_of(compilation, to_real(outputs, output_ports(function)), data)


def right_of(compilation: Compilation, outputs: dict[str, NDArray[Any]], data: Dataset) -> int:
    """The rows whose class, by the first output, is the label."""
    values = outputs[output_ports(compilation.function)[0].label.data]
    if data.labels is None:
        raise UserError("the test data have no labels `y`")
    return int((predicted_classes(values, values[0].size == 1) == data.labels).sum())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
