"""`tinyml verify`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from ..targets.dataset import load_dataset
from ..targets.executors.select import executors_for
from ..targets.ports import input_ports, output_ports, to_stored
from .compiler import compile_model, input_shapes, options_of
from .show import print_json, print_table
from .verify import Verification, verify


def execute(args: Namespace) -> int:
    """Print a row per level; exit code 1 where any integer differs."""
    compilation = compile_model(options_of(args))
    dataset = load_dataset(args.data, input_shapes(compilation.onnx))
    dataset = dataset.head(args.limit) if args.limit else dataset
    function = compilation.function
    executors, notes = executors_for(compilation.generated(), compilation.board)
    stored = to_stored(dataset, input_ports(function))
    result = verify(compilation, executors, dataset, stored, output_ports(function))
    if args.timing:
        compilation.timing.print()
    if args.json:
        print_json(to_json(result, notes))
    else:
        show(result, notes)
    return 0 if result.equal else 1


def to_json(result: Verification, notes: list[str]) -> dict[str, Any]:
    """As plain data."""
    return {**asdict(result), "equal": result.equal, "not_run": notes}


def show(result: Verification, notes: list[str]) -> None:
    """A table of levels."""
    rows = [("fixed", "reference", "")]
    for level in result.levels:
        outcome = "equal" if level.difference is None else f"DIFFERS at {level.difference}"
        rows.append((level.level, outcome, f"{level.compared:,} integers"))
    caption = (
        f"float and integer outputs differ by at most {result.float_error:.4g} (float range {result.float_range:.4g})"
    )
    print_table(f"{result.rows} inputs through every level", ("level", "against fixed", "compared"), rows, caption)
    for note in notes:
        print(f"not run: {note}")
    print("all levels equal from `fixed` down" if result.equal else "levels differ")
