"""Everything in README.md that a shell can run is run, in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tinyml_opt.targets.toolchain import require

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def test_readme_has_commands() -> None:
    assert len(COMMANDS) > 10
    assert all(command.startswith(("tinyml ", "tinyml-opt ")) for command in COMMANDS)


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_commands_run(tmp_path: Path) -> None:
    for tool in ("cc", "g++", "avr-gcc", "arm-none-eabi-gcc", "qemu-system-arm"):
        require(tool)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "build").mkdir()
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in COMMANDS:
        result = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    call = (tmp_path / "build" / "digits_cnn" / "digits_cnn.h").read_text(encoding="utf-8")
    for macro in re.findall(r"\[(DIGITS_CNN_\w+)\]", README):
        assert f"#define {macro} " in call
