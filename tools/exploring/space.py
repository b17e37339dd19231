"""The candidates of a sweep: every combination of what its options list."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from ...dialects.errors import UserError
from .candidate import MIXED, Candidate, Fixed, Settings, candidate_key
from .digests import board_digest, file_digest, model_digest, program_digest

MOST = 100_000
"""Candidates of one sweep."""


def candidates_of(args: Namespace) -> list[Candidate]:
    """All of a command line, each once. Raises UserError with everything that is wrong with it."""
    sources = checked(args)
    settings = list(all_settings(args))
    total = len(sources) * len(args.board) * len(settings)
    if total > MOST:
        raise UserError(f"{total:,} candidates are more than {MOST:,}: sweep fewer options at once")
    fixed = Fixed(
        args.limit, args.flash, args.stack, args.effort, tuple(dict(args.shape).items()), tuple(args.dim), args.batch
    )
    boards = {board: board_digest(board) for board in args.board}
    found: dict[str, Candidate] = {}
    for model, calibration, data in sources:
        hashes: dict[str, str | None] = {
            "model": model_digest(model),
            "name": model.stem,
            "calibration": None if calibration is None else file_digest(calibration),
            "data": None if data is None else file_digest(data),
            "program": program_digest(),
        }
        for (board, digest), chosen in product(boards.items(), settings):
            key = candidate_key({**hashes, "board": digest}, chosen, fixed)
            place = str(Path(board).resolve()) if board.endswith(".toml") else board
            found.setdefault(key, Candidate(model, place, calibration, data, chosen, fixed, key))
    return list(found.values())


def checked(args: Namespace) -> list[tuple[Path, Path | None, Path | None]]:
    """Each model with its calibration data and the data to be judged on, all absolute."""
    reasons = [f"{path}: no such {what} file" for what, path in files_of(args) if not path.is_file()]
    for flag, given in (("--calib", args.calib), ("--data", args.data)):
        if len(given) not in (0, 1, len(args.models)):
            reasons.append(f"{flag}: {len(given)} files for {len(args.models)} models: give one, or one for each")
    if MIXED in args.bits and not args.calib:
        reasons.append("--bits mixed judges types on calibration data: give --calib")
    if reasons:
        raise UserError(*reasons)
    for _, path in files_of(args):
        if path.suffix == ".npz":
            from ...targets.npz import read_arrays

            read_arrays(path)
    return [
        (model.resolve(), at(args.calib, index), at(args.data, index) or at(args.calib, index))
        for index, model in enumerate(args.models)
    ]


def files_of(args: Namespace) -> Iterator[tuple[str, Path]]:
    """What is read."""
    yield from (("model", path) for path in args.models)
    yield from (("data", path) for path in (*args.calib, *args.data))


def at(files: list[Path], index: int) -> Path | None:
    """The file of a model: there is none, one for all, or one for each."""
    return files[index if len(files) > 1 else 0].resolve() if files else None


def all_settings(args: Namespace) -> Iterator[Settings]:
    """Every combination, those of mixed widths with each loss. Raises UserError for too many."""
    values: dict[str, Any] = vars(args)
    names = ("scheme", "arithmetic", "calibration", "stream", "ram", "input", "packed", "objective")
    widths = [(bits, loss) for bits in args.bits for loss in (args.max_loss if bits == MIXED else (None,))]
    total = len(widths) * prod(len(values[name]) for name in names)
    if total > MOST:
        raise UserError(f"{total:,} candidates for each model are more than {MOST:,}: sweep fewer options at once")
    lists: list[list[Any]] = [values[name] for name in names]
    for (bits, loss), rest in product(widths, product(*lists)):
        yield Settings(bits, loss, *rest)
