"""A failing file, made small."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ...dialects.errors import UserError
from ..progress import doing
from .failure import PLACES, Failure
from .minimize import minimized
from .module import Module
from .onnx_graph import OnnxGraph
from .subject import Part, Subject


@dataclass(frozen=True)
class Reduction:
    """The smallest file that was found, parts of each kind before and after, runs of the command."""

    content: bytes
    before: dict[str, int]
    after: dict[str, int]
    runs: int
    message: str
    interrupted: bool


def subject_of(path: Path) -> Subject:
    """The parts of a file, by its suffix. Raises UserError."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.suffix == ".onnx":
        return OnnxGraph(path)
    if path.suffix == ".mlir":
        return Module(path)
    raise UserError(
        f"{path}: neither .onnx nor .mlir; of a TFLite file `tinyml-opt {path} -o FILE.mlir` makes a module"
    )


def command_in(path: Path) -> str:
    """The command of a file that --crash-reproducer wrote: that of its RUN line. Raises UserError where it has none."""
    first = path.read_text(errors="replace").partition("\n")[0] if path.suffix == ".mlir" else ""
    words = first.removeprefix("// RUN:").split("|")[0].strip()
    if not first.startswith("// RUN:") or not words.startswith("tinyml-opt"):
        raise UserError("--run 'COMMAND {}' is needed: the command that fails, with {} for the file")
    return words


def reduce(path: Path, command: str | None, text: str | None, seconds: float) -> Reduction:
    """Leave out whatever the failure does not need. Raises UserError where the command does not fail."""
    subject = subject_of(path)
    with TemporaryDirectory() as folder:
        failure = Failure(command or command_in(path), Path(folder) / path.name, text, seconds)
        failure.start(path.read_bytes())
        if failure.expected is None or not failure.still(written(subject, subject.parts())):
            raise UserError(f"{path}: written again it does not fail in this way; is the failure one of reading it?")
        return reduced(subject, failure)


def reduced(subject: Subject, failure: Failure) -> Reduction:
    """The parts that the failure needs: kind by kind, until nothing more goes. After Ctrl-C the best so far."""
    everything = subject.parts()
    best, interrupted = list(everything), False

    def attempt(kind: str) -> None:
        def fails(some: list[Part]) -> bool:
            nonlocal best
            candidate = [part for part in best_of_others if part[0] != kind] + some
            content = subject.written(candidate)
            if content is None or not failure.still(content):
                return False
            best = candidate
            return True

        best_of_others = best
        minimized([part for part in best if part[0] == kind], fails)

    try:
        with doing("looking for a smaller file that fails"):
            before = len(best) + 1
            while len(best) < before:
                before = len(best)
                for kind in subject.kinds:
                    attempt(kind)
    except KeyboardInterrupt:
        interrupted = True
    expected = failure.expected
    assert expected is not None
    end = f"no end within {failure.seconds:g} s" if expected.code is None else f"exit code {expected.code}"
    told = failure.text or expected.message or end
    return Reduction(written(subject, best), counts(everything), counts(best), failure.runs, told, interrupted)


def written(subject: Subject, parts: list[Part]) -> bytes:
    """The file of parts of which there is one."""
    content = subject.written(parts)
    assert content is not None
    return content


def counts(parts: list[Part]) -> dict[str, int]:
    """How many parts there are of each kind."""
    found: dict[str, int] = {}
    for kind, _, _ in parts:
        found[kind] = found.get(kind, 0) + 1
    return found


def shown_command(command: str, path: Path) -> str:
    """The command on another file."""
    for place in PLACES:
        command = command.replace(place, shlex.quote(str(path)))
    return command
