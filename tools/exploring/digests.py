"""What the key of a result is made of: hashes of models with their weights, boards, data, and this program."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from ...targets.board import load_board

PROGRAM = ("dialects", "lowering", "passes", "targets", "tools")
"""The folders of the package that a result follows from."""


@cache
def program_digest() -> str:
    """All code and data files of this program: what it computes may change between releases, too."""
    root = Path(__file__).parents[2]
    files = sorted(path for name in PROGRAM for path in (root / name).rglob("*") if path.suffix in (".py", ".toml"))
    found = hashlib.sha256()
    for path in files:
        found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def board_digest(board: str) -> str:
    """All that a board's file says. Raises UserError where there is none."""
    return hashlib.sha256(repr(load_board(board)).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """A file's content, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_digest(path: Path) -> str:
    """A model's file, and the files beside it in which it keeps weights."""
    parts = [file_digest(path)]
    if path.suffix != ".tflite":
        parts += [file_digest(beside) for beside in weight_files(path)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def weight_files(path: Path) -> list[Path]:
    """Files in the model's folder that its tensors name; none where the file is no model, which is said elsewhere."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError):
        return []
    places = {e.value for t in model.graph.initializer for e in t.external_data if e.key == "location"}
    folder = path.parent.resolve()
    found = [(folder / place).resolve() for place in sorted(places)]
    return [file for file in found if file.is_relative_to(folder) and file.is_file()]
