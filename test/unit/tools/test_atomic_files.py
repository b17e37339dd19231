"""Files that change together: all of them, or none, whatever ends the writing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.tools import atomic_files
from tinyml_opt.tools.atomic_files import replacing, write_files

Contents = dict[str, str]
NEW = {"a.c": "new a", "b.h": "new b", "c.json": "new c"}


def contents(folder: Path) -> Contents:
    """The text of each file in a folder, hidden ones included."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if path.is_file()}


def places(folder: Path) -> dict[Path, str | bytes]:
    """The new files in a folder."""
    return {folder / name: text for name, text in NEW.items()}


@pytest.fixture
def old(tmp_path: Path) -> Contents:
    """What lies in the folder before: two of the three files, and another one."""
    before = {"a.c": "old a", "b.h": "old b", "other": "mine"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    return before


def test_all_files_are_replaced(tmp_path: Path, old: Contents):
    write_files(places(tmp_path))
    assert contents(tmp_path) == {**old, **NEW}


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("no"), SystemExit(143), OSError("full")])
def test_nothing_changes_where_the_block_fails(tmp_path: Path, old: Contents, error: BaseException):
    with pytest.raises(BaseException) as raised, replacing(places(tmp_path)):  # noqa: B017
        raise error
    assert raised.type is error or raised.value is error
    assert contents(tmp_path) == old


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_changes_where_a_rename_fails(
    tmp_path: Path, old: Contents, monkeypatch: pytest.MonkeyPatch, call: int, failure: BaseException, links: bool
):
    replace, calls = os.replace, 0

    def fail_once(source: str, target: str) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise failure
        replace(source, target)

    def no_links(source: str, target: str) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(atomic_files.os, "replace", fail_once)
    if not links:
        monkeypatch.setattr(atomic_files.os, "link", no_links)
    with pytest.raises((UserError, KeyboardInterrupt)):
        write_files(places(tmp_path))
    assert contents(tmp_path) == old


def test_made_folders_go_where_writing_fails(tmp_path: Path):
    with pytest.raises(RuntimeError), replacing({tmp_path / "x" / "y" / "z": "text"}, make_folders=True):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    write_files({tmp_path / "x" / "y" / "z": "text"}, make_folders=True)
    assert (tmp_path / "x" / "y" / "z").read_text() == "text"


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a folder": (lambda folder: folder, "it is a folder"),
    "a missing folder": (lambda folder: folder / "none" / "file", "No such file or directory"),
    "a file as folder": (lambda folder: folder / "a.c" / "file", "Not a directory"),
    "a long name": (lambda folder: folder / ("n" * 300), "File name too long"),
    "a long path": (lambda folder: folder / "/".join(["n" * 200] * 30), "File name too long"),
    "a NUL": (lambda folder: folder / "a\0b", "null"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_said(tmp_path: Path, old: Contents, case: str):
    place, message = REFUSED[case]
    with pytest.raises(UserError, match=message):
        write_files({tmp_path / "a.c": "new", place(tmp_path): "new", tmp_path / "b.h": "new"})
    assert contents(tmp_path) == old


def test_a_full_device_is_said_and_devices_stay_devices():
    with pytest.raises(UserError, match="No space left on device"):
        write_files({Path("/dev/full"): "text"})
    write_files({Path("/dev/null"): "text"})
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_modes_and_links_are_kept(tmp_path: Path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o751)
    link.symlink_to(target)
    write_files({link: "new"})
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o751
    fresh = tmp_path / "fresh"
    write_files({fresh: b"bytes"})
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o666 & ~mask
