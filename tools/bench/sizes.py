"""What `analyze` says beside what was linked: `python -m tinyml_opt.tools.bench.sizes [FOLDER...] [--random N]`.

Every model is compiled for every board, linked, and run on one random input in the board's simulator. RAM must be
equal, flash within what the estimate of code may be off, the stack within its reserve. The exit code is 1 where one of
these does not hold.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...dialects.errors import UserError
from ...targets.executors.select import board_executor
from ..analyze import Analysis, analyze
from ..fit import flash_error, refuse_misfit
from ..show import print_table
from .models import random_rows
from .random_models import write_random_models
from .samples import WAYS, Sample, samples

BOARDS = ("uno", "metro-m0", "nano33ble", "stm32f746")


@dataclass(frozen=True)
class Line:
    """A model on a board: what was said, and bytes of the linked and simulated program."""

    said: Analysis
    ram: int
    flash: int
    stack: int

    @property
    def holds(self) -> bool:
        """True where all three figures are as they were said."""
        said = self.said
        is_near = abs(said.flash_bytes - self.flash) <= flash_error(said)
        return said.peak_ram_bytes == self.ram and is_near and self.stack <= said.stack_reserve_bytes


def main(arguments: Sequence[str]) -> int:
    """Print a table for each board."""
    parser = argparse.ArgumentParser(prog="bench_sizes", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="where more .onnx files are, at any depth")
    parser.add_argument("--calibrations", type=Path, metavar="FOLDER", help="MODEL.npz: calibration data by model")
    parser.add_argument("--models", nargs="*", help="only these")
    parser.add_argument("--boards", nargs="*", default=BOARDS, help="boards with a compiler and a simulator")
    parser.add_argument("--way", choices=WAYS, help="compile in this way (default: as `tinyml compile` does)")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="so many random small models besides")
    parser.add_argument("--first", type=int, default=1000, metavar="SEED", help="of the first of them (default: 1000)")
    args = parser.parse_args(arguments)
    chosen = [s for s in samples(args.folders, args.calibrations) if not args.models or s.name in args.models]
    options = {} if args.way is None else {**WAYS[args.way], "ram": None}
    with TemporaryDirectory(prefix="tinyml-") as folder:
        chosen += write_random_models(range(args.first, args.first + args.random), Path(folder))
        holds = [show(board, chosen, options) for board in args.boards]
    return 0 if all(holds) else 1


def show(board: str, chosen: Sequence[Sample], options: Mapping[str, Any]) -> bool:
    """The models that fit a board; returns whether all figures hold."""
    lines: list[Line] = []
    for sample in chosen:
        try:
            lines.append(measured(sample, board, options))
        except UserError as error:
            print(f"{sample.name} on {board}: {error.reasons[0]}", file=sys.stderr)
    rows = [
        (
            line.said.model,
            line.said.peak_ram_bytes,
            line.ram,
            line.said.flash_bytes,
            line.flash,
            f"{100 * (line.said.flash_bytes / line.flash - 1):+.1f} % ({line.said.flash_bytes - line.flash:+,})",
            line.said.stack_reserve_bytes,
            line.stack,
            "yes" if line.holds else "NO",
        )
        for line in lines
    ]
    columns = ("model", "RAM said", "RAM", "flash said", "flash", "error", "stack reserve", "stack", "holds")
    print_table(board, columns, rows)
    print(flush=True)
    return all(line.holds for line in lines)


def measured(sample: Sample, board: str, options: Mapping[str, Any]) -> Line:
    """A model on a board. Raises UserError where it does not fit, or cannot be compiled or simulated."""
    compilation = sample.compile(board, **options)
    said = analyze(compilation)
    refuse_misfit(said)
    model = compilation.generated()
    inputs = {port.label.data: random_rows(port, 1) for port in model.inputs}
    found = board_executor(model, compilation.board).run(inputs).measurement
    assert found.ram_bytes is not None and found.flash_bytes is not None and found.stack_bytes is not None
    return Line(said, found.ram_bytes, found.flash_bytes, found.stack_bytes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
