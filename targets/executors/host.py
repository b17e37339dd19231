"""The compiled model on this computer: fast, and the reference for what the simulators compute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ..board import load_board
from ..firmware import GeneratedModel, write_sources
from ..processes import run_program
from ..simulators.outcome import FirmwareFault
from ..toolchain import compile_with
from .compiled import bytes_in_calls, pack_rows, unpack_rows
from .interface import Arrays, Run

SECONDS = 600
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class HostExecutor:
    """`HostExecutor(model)`: a program in a process of its own, so that a crash of the model is a message.

    With `sanitize`, accesses outside of an array and undefined behaviour (an overflow, a bad shift) end the run.
    """

    level = "host"

    def __init__(self, model: GeneratedModel, sanitize: bool = False):
        self.model = model
        self.sanitize = sanitize

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Outputs only: sizes and times of this computer say nothing about a board.

        Raises ToolchainMissing, CompileError, FirmwareFault, TooSlow.
        """
        rows = pack_rows(inputs, self.model.inputs)
        board = load_board("host")
        with TemporaryDirectory(prefix="tinyml-") as scratch:
            directory = Path(scratch)
            write_sources(self.model, board.alignment, directory, ("main-host.c",))
            flags = [*board.flags, "-std=gnu11", *(SANITIZERS if self.sanitize else ())]
            sources = self.sources(directory)
            compile_with(board.compiler, [*flags, "-o", "program", *sources, "main-host.c"], directory)
            (directory / "inputs").write_bytes(bytes_in_calls(rows, self.model.calls))
            self.execute(directory)
            return Run(unpack_rows((directory / "outputs").read_bytes(), self.model.outputs, len(rows)))

    def sources(self, directory: Path) -> Sequence[str]:
        """The files that are compiled or linked beside the harness, all in the folder."""
        return self.model.sources

    def execute(self, directory: Path) -> None:
        """Run the program on the file `inputs`."""
        done = run_program([directory / "program", directory / "inputs", directory / "outputs"], SECONDS)
        if done.code != 0:
            said = done.stderr.strip().splitlines()[:4]
            raise FirmwareFault(f"{self.model.name} on the host: {done.reason}", *said)
