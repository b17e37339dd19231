"""`tinyml verify`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from ...targets.dataset import load_dataset
from ..compiler import compile_model, input_types, options_of
from ..show import print_json, print_table
from ..verify import Verification, verify


def execute(args: Namespace) -> int:
    """Print a row per level; exit code 1 where any integer differs."""
    compilation = compile_model(options_of(args))
    dataset = load_dataset(args.data, input_types(compilation.onnx))
    dataset = dataset.head(args.limit) if args.limit else dataset
    result = verify(compilation, dataset, args.hls)
    if args.timing:
        compilation.timing.print()
    if args.json:
        print_json({**asdict(result), "equal": result.equal})
    else:
        show(result)
    return 0 if result.equal else 1


def show(result: Verification) -> None:
    """A table of levels."""
    rows = [("fixed", "reference", "")]
    for level in result.levels:
        outcome = "equal" if level.difference is None else f"DIFFERS at {level.difference}"
        rows.append((level.level, outcome, f"{level.compared:,} integers"))
    caption = (
        f"float and integer outputs differ by at most {result.float_error:.4g} (float range {result.float_range:.4g})"
    )
    print_table(f"{result.rows} inputs through every level", ("level", "against fixed", "compared"), rows, caption)
    for note in result.not_run:
        print(f"not run: {note}")
    print("all levels equal from `fixed` down" if result.equal else "levels differ")
