"""Everything in README.md that a shell can run is run, and the pages of docs/ show what their commands print."""

from __future__ import annotations

import gc
import os
import re
import shlex
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools import tinyml, tinyml_opt

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands_of(page: str) -> list[str]:
    """The lines of a page's shell blocks."""
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]


def sections_of(page: str) -> list[tuple[str, list[str]]]:
    """The headings of a page's sections that have shell blocks, each with their lines: they run by themselves."""
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    titles = zip(parts[1::2], parts[2::2], strict=True)
    return [(title, commands) for title, text in titles if (commands := commands_of(text))]


def workspace(folder: Path) -> Path:
    """A folder in which the commands of the pages run."""
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "build").mkdir()
    return folder


TOOLS = {"tinyml": tinyml.main, "tinyml-opt": tinyml_opt.main}
"""What is called in this process, where nothing needs a shell: a program of its own takes a second to start."""


def run(command: str, folder: Path) -> str:
    """What a command prints; it must end with exit code 0."""
    words = shlex.split(command)
    if words[0] in TOOLS and not re.search(r"[|<>$`;&]|\s#", command):
        return run_here(words, folder)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def run_here(words: list[str], folder: Path) -> str:
    """The same in this process."""
    printed, said = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(said):
        code = TOOLS[words[0]](words[1:])
    gc.enable()
    assert code == 0, f"{shlex.join(words)}\n{printed.getvalue()}\n{said.getvalue()}"
    return printed.getvalue()


def test_readme_has_commands() -> None:
    assert len(commands_of(README)) > 10
    assert all(command.startswith(("tinyml ", "tinyml-opt ")) for command in commands_of(README))


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_every_command_is_in_a_section() -> None:
    assert sum(len(commands) for _, commands in sections_of(README)) == len(commands_of(README))


@pytest.mark.parametrize("commands", [pytest.param(commands, id=title) for title, commands in sections_of(README)])
def test_readme_runs(commands: list[str], tmp_path: Path) -> None:
    for tool in ("cc", "g++", "avr-gcc", "arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool)
    workspace(tmp_path)
    for command in commands:
        run(command, tmp_path)
    if any(command.endswith("-o build/digits_cnn") for command in commands):
        header = (tmp_path / "build" / "digits_cnn" / "digits_cnn.h").read_text(encoding="utf-8")
        for macro in re.findall(r"\[(DIGITS_CNN_\w+)\]", README):
            assert f"#define {macro} " in header


@pytest.mark.parametrize(("page", "count"), (("staircase", 5), ("pointwise", 4)))
def test_pages_show_what_is_printed(page: str, count: int, tmp_path: Path) -> None:
    workspace(tmp_path)
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    steps = re.findall(r"```sh\n(.*?)```\n```\w+\n(.*?)```", text, re.DOTALL)
    assert len(steps) == count
    for commands, excerpt in steps:
        outputs = [run(command, tmp_path) for command in commands.splitlines()]
        printed = [line.strip() for line in outputs[-1].splitlines()]
        position = 0
        for line in excerpt.splitlines():
            if line == "...":
                continue
            start = line.removesuffix("...").strip()
            exact = not line.endswith("...")
            found = [i for i in range(position, len(printed)) if printed[i].startswith(start)]
            assert found, f"not printed: {line}"
            assert not exact or any(printed[i] == start for i in found), f"printed otherwise: {printed[found[0]]}"
            position = found[0] + 1
