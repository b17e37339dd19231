"""Single layers on a Cortex-M: `python -m tinyml_opt.tools.bench.kernels [--cmsis FOLDER]`.

Each layer is a small ONNX model that is compiled and runs in the board's simulator, with packed weights of 16 bits and
of 8. A line has instructions per multiply-accumulate, beside those of a kernel that was written by hand for this shape
(with what it is times as many), stack and flash; with the folder of CMSIS-NN also what that library takes, compiled
with the same flags, and how many of the outputs differ: it rounds twice.

The exit code is 1 where outputs on the board are not those of the executor of integers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ....dialects.harmless import json_text
from ....targets.executors.fixed import FixedExecutor
from ....targets.executors.interface import Run
from ....targets.executors.select import board_executor
from ....targets.ports import input_ports
from ...compiler import compile_model
from ...compiling.compilation import Compilation
from ...compiling.options import Options
from ...show import print_table
from .cmsis import source
from .items import ITEMS, Item

ROWS = 2


@dataclass(frozen=True)
class Figures:
    """Instructions per multiply-accumulate, bytes of stack and flash; outputs that differ from the executor's."""

    per_mac: float
    stack: int
    flash: int
    different: int


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where an output differs."""
    parser = argparse.ArgumentParser(prog="bench-kernels", description=__doc__)
    parser.add_argument("--board", default="nano33ble")
    parser.add_argument("--cmsis", type=Path, metavar="FOLDER", help="CMSIS-NN, to measure it, too")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[item.name for item in ITEMS])
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="only write the ONNX models, there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, too")
    args = parser.parse_args(arguments)
    chosen = [item for item in ITEMS if args.only is None or item.name in args.only]
    if args.write is not None:
        args.write.mkdir(parents=True, exist_ok=True)
        for item in chosen:
            onnx.save(item.model(), args.write / f"{item.name}.onnx")
        return 0
    lines: list[tuple[str, ...]] = []
    found: dict[str, dict[str, Any]] = {}
    for item in chosen:
        found[item.name] = measured(item, args.board, args.cmsis)
        lines.append(cells(item, found[item.name]))
    columns = (
        "layer",
        "MACs",
        "16 bits",
        "by hand",
        "8 bits",
        "by hand",
        "stack",
        "flash 16 / 8",
        "CMSIS-NN",
        "differ",
    )
    print_table(f"instructions per multiply-accumulate on {args.board}", columns, lines)
    if args.json is not None:
        args.json.write_text(json_text(found) + "\n")
    return int(any(way["different"] for ways in found.values() for name, way in ways.items() if name != "cmsis"))


def measured(item: Item, board: str, cmsis: Path | None) -> dict[str, dict[str, Any]]:
    """The figures of a layer, by way."""
    with TemporaryDirectory(prefix="tinyml-") as scratch:
        path = Path(scratch) / f"{item.name}.onnx"
        onnx.save(item.model(), path)
        ways = {packed: compile_model(Options(path, board, packed=packed)) for packed in ("16", "8")}
        stored = {input_ports(ways["16"].function)[0].label.data: shaped(ways["16"], item.rows(ROWS))}
        expected = FixedExecutor(ways["16"].fixed).run(stored)
        figures = {packed: run(item, compilation, stored, expected) for packed, compilation in ways.items()}
        if cmsis is not None:
            figures["cmsis"] = library(item, ways["16"], stored, expected, cmsis)
    return {name: asdict(way) for name, way in figures.items()}


def shaped(compilation: Compilation, rows: NDArray[Any]) -> NDArray[Any]:
    """Rows in the shape of the model's port."""
    return rows.reshape(len(rows), *input_ports(compilation.function)[0].stored_shape)


def run(item: Item, compilation: Compilation, stored: dict[str, NDArray[Any]], expected: Run) -> Figures:
    """The compiled layer in the simulator."""
    return figures_of(item, board_executor(compilation.generated(), compilation.board).run(stored), expected)


def library(
    item: Item, compilation: Compilation, stored: dict[str, NDArray[Any]], expected: Run, folder: Path
) -> Figures:
    """The library, compiled with the same flags, in the harness of the compiled layer."""
    folder = folder.resolve()
    model = compilation.generated()
    text = source(item, folder)
    board = replace(compilation.board, flags=(*compilation.board.flags, f"-I{folder / 'Include'}"))
    return figures_of(item, board_executor(replace(model, source=text), board).run(stored), expected)


def figures_of(item: Item, run: Run, expected: Run) -> Figures:
    """What a run took."""
    count = run.measurement.instructions
    assert count is not None, "boards without counts of instructions are refused by their simulator"
    pairs = zip(run.outputs.values(), expected.outputs.values(), strict=True)
    different = sum(int(np.count_nonzero(mine != theirs)) for mine, theirs in pairs)
    return Figures(count / item.macs, run.measurement.stack_bytes or 0, run.measurement.flash_bytes or 0, different)


def cells(item: Item, ways: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """A line of the table."""
    wide, narrow, library = ways["16"], ways["8"], ways.get("cmsis")
    by_hand8 = "" if item.tuned8 is None else f"{item.tuned8:.2f} ({narrow['per_mac'] / item.tuned8:.2f}x)"
    return (
        item.name,
        f"{item.macs:,}",
        f"{wide['per_mac']:.3f}",
        f"{item.tuned:.2f} ({wide['per_mac'] / item.tuned:.2f}x)",
        f"{narrow['per_mac']:.3f}",
        by_hand8,
        f"{wide['stack']:,}",
        f"{wide['flash']:,} / {narrow['flash']:,}",
        "" if library is None else f"{library['per_mac']:.2f} ({library['per_mac'] / wide['per_mac']:.2f}x)",
        "" if library is None else f"{library['different']:,}",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
