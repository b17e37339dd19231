"""What a person sees of the tool itself: versions, what is installed, completion, colours, progress."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinyml_opt import __version__
from tinyml_opt.targets.board import load_board
from tinyml_opt.tools.doctor import checked, missing_for
from tinyml_opt.tools.progress import Display
from tinyml_opt.tools.tinyml import COMMANDS, main

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


def test_versions_are_those_of_the_package(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tinyml {__version__}\n"


def test_doctor_tells_what_is_there(capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "--json"]) == 0
    found = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["found"]}
    assert found["Python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert bool(found["avr-gcc"]["version"]) == (shutil.which("avr-gcc") is not None)


def test_doctor_fails_for_a_board_that_lacks_something(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor", "--board", "uno"]) == 1
    shown = capsys.readouterr().out
    assert "missing for board uno: avr-gcc" in shown and "apt-get install gcc-avr" in shown
    assert {f.name for f in missing_for(load_board("nano33ble"), checked())} >= {"arm-none-eabi-gcc", "cc"}


def test_programs_that_do_not_answer_are_no_defect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = tmp_path / "avr-gcc"
    program.write_text("no program at all")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = (f for f in checked() if f.name == "avr-gcc")
    assert found.version.startswith("does not answer")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_commands(shell: str, capsys: pytest.CaptureFixture[str]):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)


def test_completion_works_in_bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "tinyml"
    script.write_text(capsys.readouterr().out)
    ask = "COMP_WORDS=(tinyml ana); COMP_CWORD=1; _shtab_tinyml 2>/dev/null; echo ${COMPREPLY[@]}"
    shown = subprocess.run([bash, "-c", f"source {script}; {ask}"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "analyze"


def in_terminal(arguments: list[str], **environment: str) -> str:
    """What a command writes to a terminal."""
    reader, writer = pty.openpty()
    program = [sys.executable, "-m", "tinyml_opt.tools.tinyml", *arguments]
    given = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(program, stdout=writer, stderr=writer, env={**given, "TERM": "xterm", **environment}, check=True)
    os.close(writer)
    text = b""
    try:
        while part := os.read(reader, 65536):
            text += part
    except OSError:  # Linux says so at the end of a terminal
        pass
    os.close(reader)
    return text.decode()


def test_no_color_is_plain_text():
    assert "\x1b[" in in_terminal(["boards"])
    assert "\x1b[" not in in_terminal(["boards"], NO_COLOR="1")


def test_quiet_leaves_remarks_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    import onnx

    model = onnx.load(DIGITS / "digits.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, tmp_path / "open.onnx")
    command = ["analyze", str(tmp_path / "open.onnx"), "--board", "uno"]
    assert main(command) == 0
    assert "remark:" in capsys.readouterr().err
    assert main([*command, "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "" and "peak RAM" in captured.out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("quiet", [False, True])
def test_what_takes_long_is_said(quiet: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tinyml_opt.tools.progress.PATIENCE", 0.02)
    monkeypatch.setattr("tinyml_opt.tools.progress.TICK", 0.01)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    display = Display()
    display.quiet = quiet
    with display.doing("memplan-fit"):
        deadline = time.monotonic() + (0.1 if quiet else 5)
        while time.monotonic() < deadline and "memplan-fit" not in terminal.getvalue():
            time.sleep(0.01)
    assert ("memplan-fit" in terminal.getvalue()) != quiet
    assert terminal.getvalue().endswith("\r") or quiet
