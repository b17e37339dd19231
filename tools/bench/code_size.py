"""The prices of code in flash: `python -m tinyml_opt.tools.bench.code_size [FOLDER...] [--write]`.

Every model is compiled in several ways and linked for a board of each core whose compiler is installed. What the ELF
has beside the constants is compared with the estimate of `targets/code_size.py`; with `--write` the prices are fitted
anew by least squares, none of them negative, and written to `targets/cores/`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...dialects.errors import UserError
from ...targets.board import Board, board_names, load_board
from ...targets.code_size import code_features
from ...targets.core import core_name, core_of, load_core, operations_of
from ...targets.firmware import RECIPES
from ...targets.static_data import static_data
from ..compiling.compilation import Compilation
from ..fit import CODE_ERROR_BYTES, CODE_ERROR_SHARE
from ..show import print_table
from .core_files import CORES, with_table
from .fitting import nonnegative
from .samples import WAYS, Sample, linked, samples

REGULARIZATION = 1e-4
"""How much a price is drawn to 0, against the square of an error as large as is tolerated."""


@dataclass(frozen=True)
class Point:
    """A linked program: what it consists of; bytes of code, and of all flash."""

    core: str
    model: str
    way: str
    features: Counter[str]
    code: int
    flash: int

    @property
    def tolerated(self) -> float:
        """The error that is tolerated, in bytes."""
        return max(CODE_ERROR_BYTES, CODE_ERROR_SHARE * self.flash)


def main(arguments: Sequence[str]) -> int:
    """Measure, compare, and fit."""
    parser = argparse.ArgumentParser(prog="bench_code_size", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="where more .onnx files are, at any depth")
    parser.add_argument("--calibrations", type=Path, metavar="FOLDER", help="MODEL.npz: calibration data by model")
    parser.add_argument("--models", nargs="*", help="only these")
    parser.add_argument("--write", action="store_true", help="fit the prices and write them to targets/cores")
    args = parser.parse_args(arguments)
    boards = list(boards_with_compilers())
    chosen = [s for s in samples(args.folders, args.calibrations) if not args.models or s.name in args.models]
    points = [point for sample in chosen for point in measured(sample, boards)]
    for name in dict.fromkeys(point.core for point in points):
        of_core = [point for point in points if point.core == name]
        prices = fitted(of_core) if args.write else dict(core_of(board_of(name, boards)).code_bytes)
        if args.write:
            write(name, prices)
        show(name, of_core, prices)
    return 0


def boards_with_compilers() -> Iterator[Board]:
    """A board for each core and set of flags whose compiler is here."""
    seen: set[tuple[str, ...]] = set()
    for board in map(load_board, board_names()):
        if board.compiler in RECIPES and shutil.which(board.compiler) and board.flags not in seen:
            seen.add(board.flags)
            yield board


def board_of(core: str, boards: Iterable[Board]) -> Board:
    """The first board of a core."""
    return next(board for board in boards if core_name(board) == core)


def measured(sample: Sample, boards: Sequence[Board]) -> Iterator[Point]:
    """A model in every way, linked for every board; compiled once for boards of like cores."""
    kinds = dict.fromkeys((board.index_bits, tuple(operations_of(board))) for board in boards)
    for way, options in WAYS.items():
        for bits, operations in kinds:
            same = [b for b in boards if (b.index_bits, tuple(operations_of(b))) == (bits, operations)]
            try:
                compilation = sample.compile(same[0].name, **options)
                yield from (point(sample.name, way, compilation, board) for board in same)
            except UserError as error:
                print(f"{sample.name}, {way}, {bits}-bit indices: {error.reasons[0]}", file=sys.stderr)


def point(name: str, way: str, compilation: Compilation, board: Board) -> Point:
    """A program that is compiled, linked for a board."""
    flash, constants = linked(compilation, board).flash_bytes, static_data(compilation.emitc, board).constants
    return Point(core_name(board), name, way, code_features(compilation.emitc), flash - constants, flash)


def fitted(points: Sequence[Point]) -> dict[str, float]:
    """The prices with the least squared errors, in units of what is tolerated; every model counts alike."""
    names = sorted({name for point in points for name, count in point.features.items() if count})
    models = Counter(point.model for point in points)
    weights = np.array([1 / point.tolerated / models[point.model] ** 0.5 for point in points])
    counts = np.array([[float(point.features[name]) for name in names] for point in points])
    prices = nonnegative(
        counts * weights[:, None], np.array([point.code for point in points]) * weights, REGULARIZATION
    )
    return {name: round(price, 1) for name, price in zip(names, prices.tolist(), strict=True)}


def write(core: str, prices: dict[str, float]) -> None:
    """Replace the prices in a core's file; what no program of the fit has keeps its price."""
    path = CORES / f"{core}.toml"
    known = {name: price for name, price in load_core(core).code_bytes.items() if name not in prices}
    comment = (
        "Bytes of flash for each feature that targets/code_size.py counts, by least squares over models that were "
        "linked:\n# python -m tinyml_opt.tools.bench.code_size FOLDER --write"
    )
    table = {name: price for name, price in sorted((known | prices).items()) if price > 0}
    text = with_table(path.read_text(encoding="utf-8"), "code_bytes", comment, table)
    path.write_text(text, encoding="utf-8")


def show(core: str, points: Sequence[Point], prices: dict[str, float]) -> None:
    """The errors of the estimate, the worst first."""
    errors: list[tuple[float, Point, int]] = []
    for point in points:
        estimate = round(sum(prices.get(name, 0.0) * count for name, count in point.features.items()))
        errors.append((abs(estimate - point.code) / point.tolerated, point, estimate))
    errors.sort(key=lambda error: error[0], reverse=True)
    absolute = [abs(estimate - point.code) for _, point, estimate in errors]
    relative = [abs(estimate - point.code) / point.flash for _, point, estimate in errors]
    rows = [(p.model, p.way, p.code, estimate, p.flash, round(share, 2)) for share, p, estimate in errors[:5]]
    caption = (
        f"{len(points)} programs: mean error {np.mean(absolute):.0f} bytes ({100 * np.mean(relative):.1f} % of flash), "
        f"greatest {max(absolute)} bytes; at most {errors[0][0]:.2f} of what is tolerated"
    )
    print_table(core, ("model", "way", "code", "estimate", "flash", "error / tolerated"), rows, caption)
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
