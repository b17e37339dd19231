"""Programs of the host system as processes that leave nothing behind: no child outlives the call, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..dialects.errors import UserError


class TooSlow(UserError):
    """A program did not end in time; it was ended."""


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """The exit code, or the signal that ended the program, as a person calls it."""
        if self.code >= 0:
            return f"ended with code {self.code}"
        with suppress(ValueError):
            return f"crashed ({signal.Signals(-self.code).name})"
        return f"crashed with signal {-self.code}"


def run_program(
    command: Sequence[str | Path], seconds: float, cwd: Path | None = None, stdin: str | None = None
) -> Ended:
    """Run a program with what it starts in a process group of its own, which is ended with the call.

    Raises TooSlow; UserError where the file is no program, or may not be run.
    """
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"cannot run '{name}' ({command[0]}): {reason}") from None
    try:
        out, err = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise TooSlow(f"'{name}' did not finish within {seconds:g} seconds") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    return Ended(process.returncode, out, err)
