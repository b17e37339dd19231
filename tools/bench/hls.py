"""Models as HLS C++ in C simulation: `python -m tinyml_opt.tools.bench.hls MODEL... --board arty-a7-35t --rows 50`.

A model is a file, or a folder with `model.onnx`, `calib.npz` and `test.npz`. Its project is made for the board, built
with the headers of `ap_int`, and run on some rows (of its data, else any integers); the outputs must be those of the
integer executor. A line has the rows, whether all are equal, the characters of C++ beside constants, and the CPU
seconds of generation and those of compiler and simulation. With `--json FILE` each line is written as soon as it is
known, and what the file has for the same model, board and options is not run again. The exit code says what failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...dialects.errors import UserError
from ...dialects.harmless import json_text
from ...targets.executors.fixed import FixedExecutor
from ..compiler import compile_model
from ..compiling.options import Options
from ..hardware.hls_project import project_files
from ..show import print_table
from ..verifying.levels import compare_runs, hls_executor
from .fpga import rows_of

COLUMNS = ("model", "board", "rows", "equal", "characters", "generated_s", "simulated_s", "remark")

KEY = ("model", "board", "rows", "lanes")
"""What makes a line another one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table."""
    args = parser().parse_args(arguments)
    known: list[dict[str, Any]] = []
    if args.json is not None and args.json.exists():
        known = json.loads(args.json.read_text(encoding="utf-8"))
    lines: list[dict[str, Any]] = []
    for model in args.models:
        line = {"model": named(model), "board": args.board, "rows": args.rows, "lanes": args.lanes}
        found = next((old for old in known if all(old.get(key) == line[key] for key in KEY)), None)
        if found is None:
            measure(line, model)
            known.append(line)
            if args.json is not None:
                args.json.write_text(json_text(known) + "\n", encoding="utf-8")
        lines.append(found or line)
        print_line(lines[-1])
    print_table("HLS in C simulation", COLUMNS, [tuple(line.get(c, "") for c in COLUMNS) for line in lines])
    return 0 if all(line.get("equal") for line in lines) else 1


def print_line(line: dict[str, Any]) -> None:
    """A line as it comes, on standard error."""
    print(*(f"{c}={line[c]}" for c in COLUMNS if c in line), file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--board", default="arty-a7-35t")
    parser.add_argument("--rows", type=int, default=50, help="rows to simulate (default: 50)")
    parser.add_argument("--lanes", type=int, default=0, help="points of a form at once (default: as the part allows)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines, and leave out those that it has")
    return parser


def named(model: Path) -> str:
    """What a model is called."""
    return model.name if model.is_dir() else model.stem


def measure(line: dict[str, Any], model: Path) -> None:
    """Fill the line of a model."""
    folder = model if model.is_dir() else None
    file, data = (folder / "model.onnx", folder / "calib.npz") if folder else (model, None)
    start = time.process_time()
    try:
        compilation = compile_model(Options(file, line["board"], data, lanes=line["lanes"]))
        files = project_files(compilation)
        line["generated_s"] = round(time.process_time() - start, 1)
        line["characters"] = len(files[f"{compilation.name}.cpp"])
        line["remark"] = "; ".join(compilation.hls.remarks)
        stored, start = rows_of(compilation, folder, line["rows"]), time.perf_counter()
        run = hls_executor(compilation).run(stored)
        line["simulated_s"] = round(time.perf_counter() - start)
        compared = compare_runs("hls", FixedExecutor(compilation.fixed).run(stored), run)
        line["equal"] = compared.difference is None
        if compared.difference is not None:
            line["remark"] = str(compared.difference)
    except UserError as error:
        line |= {"equal": False, "remark": "; ".join(error.reasons)}


if __name__ == "__main__":
    sys.exit(main())
