"""Whether a command still fails as it did: the question that each smaller file is asked."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ...dialects.errors import UserError

PLACES = ("{}", "%s")
"""What stands for the file in a command, as in `find -exec` and in RUN lines of lit."""

VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
"""What a message names of one file, and another file of the same failure would have other ones of."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code (None: stopped after the time limit), and what it printed."""

    code: int | None
    text: str

    @property
    def message(self) -> str:
        """The first line that says `error`, without names and numbers; empty where none does."""
        lines = (line for line in self.text.splitlines() if "error" in line.lower())
        return VARYING.sub("_", next(lines, ""))


@dataclass
class Failure:
    """A command with a place for a file, run on files in a folder of its own.

    A file fails alike where the exit code is the same and the output has the `text`; without one, the same first line
    that says `error`.
    """

    command: str
    file: Path
    text: str | None = None
    seconds: float = 60.0
    runs: int = 0
    expected: Outcome | None = None
    seen: dict[bytes, bool] = field(default_factory=dict[bytes, bool])

    def start(self, content: bytes) -> None:
        """Run the command on the whole file. Raises UserError where that is no failure."""
        if not any(place in self.command for place in PLACES):
            raise UserError(f"--run '{self.command}' does not say where the file stands; write {{}} there")
        found = self.run(content)
        if self.text is not None and self.text not in found.text:
            raise UserError(f"the command does not print {self.text!r}; it ends with exit code {found.code}")
        if self.text is None and found.code == 0:
            raise UserError("the command succeeds; say by --message TEXT what is wrong in its output")
        self.expected = found

    def still(self, content: bytes) -> bool:
        """True where the command fails on another content as it did on the first one."""
        key = sha256(content).digest()
        if key not in self.seen:
            self.seen[key] = self.is_alike(self.run(content))
        return self.seen[key]

    def is_alike(self, found: Outcome) -> bool:
        """True for the same failure."""
        assert self.expected is not None
        same = found.message == self.expected.message if self.text is None else self.text in found.text
        return same and found.code == self.expected.code

    def run(self, content: bytes) -> Outcome:
        """Run the command on a content; `tinyml` in it is that of this Python. Raises UserError for no such program."""
        self.file.write_bytes(content)
        self.runs += 1
        words = shlex.split(self.command)
        for place in PLACES:
            words = [word.replace(place, str(self.file)) for word in words]
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(f"cannot run {words[0]!r}: {error.strerror}") from None
        try:
            output, _ = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            return Outcome(None, ended(process))
        except KeyboardInterrupt:
            ended(process)
            raise
        return Outcome(process.returncode, output.decode(errors="replace").replace(str(self.file), "FILE"))


def ended(process: subprocess.Popen[bytes]) -> str:
    """End a process with those that it started; returns nothing of what it printed."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return ""
