"""Models as hardware: `python -m tinyml_opt.tools.bench.fpga MODEL... --board arty-a7-35t ulx3s-85f`.

A model is a file, or a folder with `model.onnx`, `calib.npz` and `test.npz`. Each is simulated on some rows (of its
data, else any integers), whose outputs must be those of the integer executor; then its Verilog is synthesized for each
board, and placed and routed where open tools do that. Lanes are those that fit each board, or `--lanes` in each layer.
A line has the cycles of an inference, predicted and simulated, and those from one inference to the next (the caller
writes an input and reads an output between them, an element of each in a clock), computed and, of two rows or more,
simulated; cells predicted and synthesized, the greatest clock and the
time of an inference (at the target clock where none is known), and the seconds that generation took (of the processor)
and all of it. `--board NAME --no-synthesis` only simulates. `--slice allocation` and `--slice widths` print the tables
of allocation.py for the first board instead. A model that fails is shown with the reason; the exit code says so.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...dialects.errors import UserError
from ...dialects.harmless import json_text
from ...targets.board import load_board
from ...targets.dataset import load_dataset
from ...targets.estimating.design import design_of
from ...targets.executors.interface import Arrays
from ...targets.family import load_family
from ...targets.ports import input_ports, to_stored
from ..compiler import compile_model
from ..compiling.compilation import Compilation, input_types
from ..compiling.options import RTL_PORTS, Options
from ..hardware.estimate import interval_of, refuse_misfits
from ..hardware.files import random_rows
from ..hardware.run import implement, reached, simulated
from ..show import print_table
from .allocation import TABLES, files_of

COLUMNS = tuple(
    (
        "model board rows predicted cycles interval? interval LUT? LUT FF DSP? DSP BRAM36? BRAM36 MHz target ms "
        "generated_s s"
    ).split()
)
SLICES = ("hardware", "allocation", "widths")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table."""
    args = parser().parse_args(arguments)
    gc.disable()
    if args.slice != SLICES[0]:
        return TABLES[args.slice](args.models, args.board[0])
    lines: list[dict[str, Any]] = []
    for model in args.models:
        lines += measured(model, args)
        if lines[-1].get("reason"):
            print(f"{model}: {lines[-1]['reason']}", file=sys.stderr)
    shown = [column for column in COLUMNS if any(line.get(column, "") != "" for line in lines)]
    print_table("Hardware", shown, [tuple(line.get(column, "") for column in shown) for line in lines])
    if args.json is not None:
        args.json.write_text(json_text(lines) + "\n", encoding="utf-8")
    return 1 if any(line.get("reason") for line in lines) else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument(
        "--lanes", type=int, default=0, help="points of a form at once, at most (default: as many as fit the board)"
    )
    parser.add_argument("--rows", type=int, default=2, help="rows to simulate (default: 2)")
    parser.add_argument("--simulator", choices=("iverilog", "verilator"), default="verilator")
    parser.add_argument("--board", nargs="+", default=["arty-a7-35t", "ulx3s-85f"])
    parser.add_argument("--ports", choices=RTL_PORTS, default=RTL_PORTS[0], help="memories of inputs and outputs")
    parser.add_argument("--no-synthesis", action="store_true", help="only simulate")
    parser.add_argument("--no-simulation", action="store_true", help="only predict and synthesize")
    parser.add_argument("--slice", choices=SLICES, default=SLICES[0], help=f"what to print (default: {SLICES[0]})")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what is synthesized, and Yosys' counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines")
    return parser


def measured(model: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """The lines of a model, one for each board."""
    folder = model if model.is_dir() else None
    name = model.name if folder else model.stem
    lines: list[dict[str, Any]] = []
    for board in args.board:
        line: dict[str, Any] = {"model": name, "board": board, "lanes": args.lanes}
        start = time.perf_counter()
        lines.append(line)
        try:
            measure(line, folder, model, board, args)
        except UserError as error:
            line["reason"] = "; ".join(error.reasons)
        line["s"] = round(time.perf_counter() - start)
    return lines


def measure(line: dict[str, Any], folder: Path | None, model: Path, board: str, args: argparse.Namespace) -> None:
    """Fill the line of a model on a board. Raises UserError for what fails, or does not fit."""
    fpga, start = load_board(board).fpga, time.process_time()
    if fpga is None:
        raise UserError(f"board '{board}' is no FPGA")
    compilation = compile_model(Options(*files_of(model, board), lanes=args.lanes, ports=args.ports))
    module = compilation.rtl()
    line["generated_s"] = round(time.process_time() - start, 1)
    design = design_of(load_family(fpga.family), module.ops)
    line |= {"predicted": design.cycles, "LUT?": round(design.cells.luts)}
    line |= {"DSP?": design.cells.dsps, "BRAM36?": design.cells.bram36}
    refuse_misfits(compilation, design)
    cycles = design.cycles
    if not args.no_simulation:
        line["rows"] = args.rows
        seen = simulated(compilation, module, rows_of(compilation, folder, args.rows), args.simulator)
        assert seen.cycles is not None, "an RTL simulation counts them"
        cycles = line["cycles"] = seen.cycles
        line["interval"] = seen.interval or ""
    line["interval?"] = interval_of(compilation, design.cycles)
    clock = fpga.clock_hz
    if not args.no_synthesis:
        keep = None if args.keep is None else args.keep / f"{line['model']}-{board}"
        cells = implement(compilation.name, module, fpga, keep)
        clock = cells.fmax_hz or fpga.clock_hz
        line["target"] = reached(cells, fpga)
        line |= {"LUT": cells.luts, "FF": cells.ffs, "DSP": cells.dsps, "BRAM36": cells.bram36}
    line |= {"MHz": round(clock / 1e6, 1), "ms": round(1000 * cycles / clock, 4)}


def rows_of(compilation: Compilation, folder: Path | None, count: int) -> Arrays:
    """Stored inputs: the first rows of the model's test data, else any integers."""
    ports = input_ports(compilation.function)
    if folder is None:
        return random_rows(ports, count)
    return to_stored(load_dataset(folder / "test.npz", input_types(compilation.onnx)).head(count), ports)


if __name__ == "__main__":
    sys.exit(main())
