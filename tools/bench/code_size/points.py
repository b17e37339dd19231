"""Programs that are compiled and linked: what they consist of, and what they take."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ....dialects.errors import UserError
from ....targets.board import Board, board_names, load_board
from ....targets.code_size.estimate import code_features, function_features, functions_of
from ....targets.core import core_name, operations_of
from ....targets.firmware import RECIPES, build_firmware
from ....targets.firmware import functions_of as linked_functions
from ....targets.static_data import static_data
from ...compiling.compilation import Compilation
from ...fit import CODE_ERROR_BYTES, CODE_ERROR_SHARE
from ..samples import WAYS, Sample


@dataclass(frozen=True)
class Point:
    """A linked program: what it and each of its functions consist of and take; bytes of code, and of all flash."""

    core: str
    model: str
    way: str
    features: Counter[str]
    functions: tuple[tuple[Counter[str], int], ...]
    code: int
    flash: int

    @property
    def tolerated(self) -> float:
        """The error that is tolerated, in bytes."""
        return max(CODE_ERROR_BYTES, CODE_ERROR_SHARE * self.flash)


def boards_with_compilers(names: Sequence[str] | None) -> Iterator[Board]:
    """A board for each core and set of flags whose compiler is here; of those named, where there are names."""
    seen: set[tuple[str, ...]] = set()
    for board in map(load_board, names or board_names()):
        if board.compiler in RECIPES and shutil.which(board.compiler) and board.flags not in seen:
            seen.add(board.flags)
            yield board


def random_way(seed: int) -> list[str]:
    """The way in which a random model is compiled: every second one is whole."""
    names = list(WAYS)
    return names[:1] if seed % 2 else [names[1 + seed // 2 % (len(names) - 1)]]


def measured(sample: Sample, boards: Sequence[Board], ways: Sequence[str] = tuple(WAYS)) -> Iterator[Point]:
    """A model in some ways, linked for every board; compiled once for boards of like cores."""
    kinds = dict.fromkeys((board.index_bits, tuple(operations_of(board))) for board in boards)
    for way in ways:
        for bits, operations in kinds:
            same = [b for b in boards if (b.index_bits, tuple(operations_of(b))) == (bits, operations)]
            try:
                compilation = sample.compile(same[0].name, **WAYS[way])
                yield from (point(sample.name, way, compilation, board) for board in same)
            except UserError as error:
                print(f"{sample.name}, {way}, {bits}-bit indices: {error.reasons[0]}", file=sys.stderr)


def point(name: str, way: str, compilation: Compilation, board: Board) -> Point:
    """A program that is compiled, linked for a board, whether or not it fits. Raises UserError."""
    with TemporaryDirectory(prefix="tinyml-") as scratch:
        firmware = build_firmware(compilation.generated(), board, Path(scratch), checked=False)
        linked = {
            symbol.partition(".")[0]: place.size for symbol, place in linked_functions(firmware, firmware.elf).items()
        }
    constants = static_data(compilation.emitc, board).constants
    return Point(
        core=core_name(board),
        model=name,
        way=way,
        features=code_features(compilation.emitc),
        functions=tuple(sized_functions(compilation, linked)),
        code=firmware.flash_bytes - constants,
        flash=firmware.flash_bytes,
    )


def sized_functions(compilation: Compilation, linked: Mapping[str, int]) -> Iterator[tuple[Counter[str], int]]:
    """The features and bytes of each function that is there by its name; compilers clone under the name and a dot."""
    for function in functions_of(compilation.emitc):
        if size := linked.get(function.sym_name.data):
            yield function_features(function), size
