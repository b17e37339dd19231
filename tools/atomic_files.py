"""Files that change together or not at all: all are written beside their places first, then renamed.

Whatever ends the run before the last rename (an error, Ctrl-C) leaves the old files as they were, and nothing new.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ..dialects.errors import UserError
from .streams import flush

PREFIX = ".tinyml-"
"""What the names of files begin with that are not yet, or no longer, in their place."""


@contextmanager
def replacing(files: Mapping[Path, str | bytes], make_folders: bool = False) -> Generator[None]:
    """Write the files, run the block, then put all of them in place; an exception in the block changes nothing.

    What the block prints has reached its reader before any file changes. Text is written as UTF-8. A link is followed;
    a device or a pipe is written to. With `make_folders` missing folders are made. Raises UserError where a file cannot
    be written.
    """
    change = Change()
    try:
        with writing_errors(change):
            for path, content in files.items():
                change.prepare(path, content.encode() if isinstance(content, str) else content, make_folders)
        yield
        flush()
        with writing_errors(change):
            change.commit()
    except BaseException:
        change.undo()
        raise
    change.forget()


def write_files(files: Mapping[Path, str | bytes], make_folders: bool = False) -> None:
    """Write the files, all or none. Raises UserError where one cannot be written."""
    with replacing(files, make_folders):
        pass


@contextmanager
def writing_errors(change: Change) -> Generator[None]:
    """Turn an OSError into the UserError that names the file at which it happened."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"cannot write {change.current}: {reason}; choose another place") from None


class Change:
    """Files that are to take the places of others, and what it takes to go back."""

    def __init__(self) -> None:
        self.current = Path()
        self.written: list[tuple[Path, Path]] = []
        """The new content, and where it belongs."""
        self.direct: list[tuple[Path, bytes]] = []
        """Contents for devices and pipes."""
        self.folders: list[Path] = []
        """Folders that were made, outermost first."""
        self.replaced: list[tuple[Path, Path | None]] = []
        """Places that were taken, each with where its old content lies now, if it had any."""

    def prepare(self, path: Path, content: bytes, make_folders: bool) -> None:
        """Write a file beside its place. Raises OSError."""
        self.current = path
        if make_folders:
            self._make(path.parent)
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and stat.S_ISDIR(mode):
            raise UserError(f"cannot write {path}: it is a folder; choose another name")
        if mode is not None and not stat.S_ISREG(mode):
            self.direct.append((path, content))
            return
        if mode is not None and not os.access(path, os.W_OK):
            raise UserError(f"cannot write {path}: it is write-protected; choose another name")
        place = Path(os.path.realpath(path))
        with suppress(FileNotFoundError):
            os.lstat(place)  # a name that is too long fails here, not when others are already renamed
        new = beside(place)
        self.written.append((new, place))
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
        if mode is not None:
            new.chmod(stat.S_IMODE(mode))

    def _make(self, folder: Path) -> None:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir()
            self.folders.append(parent)

    def commit(self) -> None:
        """Put everything in place. Raises OSError."""
        for new, place in self.written:
            self.current = place
            old = beside(place) if place.exists() else None
            self.replaced.append((place, old))
            if old is not None:
                keep(place, old)
            os.replace(new, place)
        for path, content in self.direct:
            self.current = path
            with open(path, "wb") as file:
                file.write(content)

    def undo(self) -> None:
        """Go back to the old files, as far as the file system lets."""
        for place, old in reversed(self.replaced):
            with suppress(OSError):
                if old is None:
                    place.unlink()
                elif old.exists():
                    os.replace(old, place)
                    old.unlink(missing_ok=True)  # where both are still names of one file, replacing does nothing
        for new, _ in self.written:
            with suppress(OSError):
                new.unlink()
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()

    def forget(self) -> None:
        """Remove the old contents."""
        for _, old in self.replaced:
            if old is not None:
                with suppress(OSError):
                    old.unlink()


def keep(place: Path, old: Path) -> None:
    """Give a file a second name, or another one where the file system has no links. Raises OSError."""
    try:
        os.link(place, old)
    except OSError:
        os.rename(place, old)


def beside(place: Path) -> Path:
    """A name in the same folder that no file has."""
    return place.with_name(f"{PREFIX}{secrets.token_hex(8)}")
