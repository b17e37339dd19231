"""The prices of code in flash: `python -m tinyml_opt.tools.bench.code_size [FOLDER...] [--random N] [--write]`.

Models of folders in several ways, and random small ones in one way each, are compiled and linked for a board of each
core whose compiler is installed. What the ELF has beside the constants is compared with the estimate of
`targets/code_size`; with `--write` the prices are fitted anew and written to `targets/cores/`. Then the second table
shows how far programs are off that had no part in a fit: prices of one half of the models, errors of the other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ....targets.board import Board
from ....targets.code_size.estimate import priced
from ....targets.core import core_name, core_of, load_core
from ...show import print_table
from ..core_files import CORES, with_table
from ..random_models import write_random_models
from ..samples import samples
from .points import Point, boards_with_compilers, measured, random_way
from .prices import fitted, halves

WORST = 5
"""Programs that a table shows."""


def main(arguments: Sequence[str]) -> int:
    """Measure, compare, and fit."""
    parser = argparse.ArgumentParser(prog="bench_code_size", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="where more .onnx files are, at any depth")
    parser.add_argument("--calibrations", type=Path, metavar="FOLDER", help="MODEL.npz: calibration data by model")
    parser.add_argument("--models", nargs="*", help="of the folders only these")
    parser.add_argument("--boards", nargs="*", help="only these (default: one of each core)")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="so many random small models besides")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="of the first of them (default: 0)")
    parser.add_argument("--write", action="store_true", help="fit the prices and write them to targets/cores")
    args = parser.parse_args(arguments)
    boards = list(boards_with_compilers(args.boards))
    for core, points in grouped(all_points(args, boards)).items():
        board = next(board for board in boards if core_name(board) == core)
        if args.write:
            write(core, fitted(points))
            load_core.cache_clear()
        show(core, points, [estimates(points, core_of(board).code_bytes)])
        if args.write:
            tested = [(test, fitted(train)) for train, test in halves(points)]
            show(f"{core}, fitted on the other half", points, [estimates(test, prices) for test, prices in tested])
    return 0


def all_points(args: argparse.Namespace, boards: Sequence[Board]) -> Iterator[Point]:
    """Every program of every core."""
    for sample in samples(args.folders, args.calibrations):
        if not args.models or sample.name in args.models:
            yield from measured(sample, boards)
    seeds = range(args.first, args.first + args.random)
    with TemporaryDirectory(prefix="tinyml-") as folder:
        for seed, sample in zip(seeds, write_random_models(seeds, Path(folder)), strict=True):
            yield from measured(sample, boards, random_way(seed))


def grouped(points: Iterable[Point]) -> dict[str, list[Point]]:
    """Points by core."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.core, []).append(point)
    return found


def write(core: str, prices: Mapping[str, float]) -> None:
    """Replace the prices in a core's file."""
    path = CORES / f"{core}.toml"
    comment = (
        "Bytes of flash for each feature that targets/code_size counts, by least squares over functions and programs\n"
        "# that were linked: python -m tinyml_opt.tools.bench.code_size FOLDER --random N --write"
    )
    table = {name: price for name, price in sorted(prices.items()) if price > 0}
    text = with_table(path.read_text(encoding="utf-8"), "code_bytes", comment, table)
    path.write_text(text, encoding="utf-8")


def estimates(points: Sequence[Point], prices: Mapping[str, float]) -> list[tuple[Point, int]]:
    """What prices say of each program's code."""
    return [(point, round(priced(point.features, prices))) for point in points]


def show(title: str, points: Sequence[Point], parts: Iterable[Sequence[tuple[Point, int]]]) -> None:
    """The errors of estimates, the worst first."""
    errors = [(abs(said - point.code) / point.tolerated, point, said) for part in parts for point, said in part]
    errors.sort(key=lambda error: error[0], reverse=True)
    absolute = [abs(said - point.code) for _, point, said in errors]
    relative = [abs(said - point.code) / point.flash for _, point, said in errors]
    beyond = sum(share > 1 for share, *_ in errors)
    caption = (
        f"{len(points)} programs: mean error {np.mean(absolute):.0f} bytes ({100 * np.mean(relative):.1f} % of flash), "
        f"greatest {max(absolute)} bytes; {beyond} beyond what is tolerated, at most {errors[0][0]:.2f} of it"
    )
    rows = [(p.model, p.way, p.code, said, p.flash, round(share, 2)) for share, p, said in errors[:WORST]]
    print_table(title, ("model", "way", "code", "estimate", "flash", "error / tolerated"), rows, caption)
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
