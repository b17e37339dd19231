"""`make test-hls` runs a tool that is on PATH on every project, and says so where none is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tinyml_opt.tools.hardware.vendor import TOOLS, main


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that alone is searched for programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cat").symlink_to(shutil.which("cat") or "/bin/cat")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_no_tool(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(tmp_path / "hls") == 0
    assert capsys.readouterr().out == f"skipped: none of {', '.join(TOOLS)} is on PATH\n"


@pytest.mark.parametrize(("ending", "code"), [("digits", 1), ("none", 0)])
def test_a_tool(ending: str, code: int, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One that fails where the script is for the model `digits`."""
    tool = path / "vitis_hls"
    tool.write_text(f'#!/bin/sh\ncat "$2"\ncase "$(cat "$2")" in *"set_top {ending}_run"*) exit 3;; esac\n')
    tool.chmod(0o755)
    assert main(tmp_path / "hls") == code
    lines = capsys.readouterr().out.splitlines()
    assert [("failed" in line) for line in lines] == [code == 1, code == 1, False, False]
    assert "csynth_design" in (tmp_path / "hls" / "digits_0" / "log.txt").read_text()
