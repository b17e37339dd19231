"""What the pages of docs/ tell a reader to run is run, and the pass that they write works."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from end_to_end.test_readme import ROOT, commands_of, run, workspace

from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools import registry, tinyml_opt

PAGES = (
    *("index", "examples", "data", "verify", "memory", "widths", "packages", "explore"),
    *("arduino", "fpga", "planning", "write_a_pass", "add_a_board"),
)
NAME = "tinyml_opt.passes.loops.inline_single_rounds"


def page(name: str) -> str:
    """The text of a page."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_commands_run(name: str, tmp_path: Path) -> None:
    for tool in ("avr-gcc", "arm-none-eabi-gcc", "qemu-system-arm", "iverilog"):
        require(tool)
    workspace(tmp_path)
    commands = commands_of(page(name))
    assert commands
    for command in commands:
        run(command, tmp_path)


def test_pass_of_the_page_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page("write_a_pass")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (entry,) = re.findall(r'```text\n\s*"(.*?)": "(.*?)",\n```', text)
    (test,) = re.findall(r"```mlir\n(.*?)```", text, re.DOTALL)
    source, case, printed = tmp_path / "pass.py", tmp_path / "case.mlir", tmp_path / "printed.mlir"
    source.write_text(code)
    case.write_text(test)
    spec = importlib.util.spec_from_file_location(NAME, source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, NAME, module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(registry.PASSES, *entry)
    assert not tinyml_opt.main(["-p", entry[0], str(case), "-o", str(printed)])
    filecheck = Path(sys.executable).parent / "filecheck"
    with printed.open() as out:
        assert subprocess.run([filecheck, case], stdin=out, check=False).returncode == 0
