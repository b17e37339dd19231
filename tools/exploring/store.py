"""Results on disk, a file each, named by the key: what is there is not computed again, by whatever run."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ...dialects.errors import UserError
from ..atomic_files import write_files
from .result import Result


def default_folder() -> Path:
    """Where caches are kept (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "tinyml-opt" / "explore"


@dataclass(frozen=True)
class Store:
    """A folder of results."""

    folder: Path

    def get(self, key: str) -> Result | None:
        """A result; None where there is none, or its file is damaged."""
        try:
            result = Result(**json.loads(self._path(key).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return result if result.key == key else None

    def put(self, result: Result) -> None:
        """Keep a result; the file is there as a whole or not at all. Raises UserError where it cannot be written."""
        write_files({self._path(result.key): json.dumps(asdict(result), indent=1) + "\n"})

    def prepare(self) -> None:
        """Make the folder. Raises UserError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--results {self.folder}: {error.strerror}; choose another folder") from None

    @contextmanager
    def claim(self, key: str, wait: bool) -> Generator[bool]:
        """Whether this process alone has a key inside of the block; the system ends the claim of a process that dies.

        With `wait` it is waited for. Where the system has no such locks every process has it: a candidate may then be
        computed twice, to the same end.
        """
        try:
            import fcntl
        except ImportError:
            yield True
            return
        lock = self.folder / f".{key}.lock"
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            except OSError:
                pass
            yield True
            if self._path(key).exists():  # whoever claims it anew, by another file, finds the result
                lock.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"
