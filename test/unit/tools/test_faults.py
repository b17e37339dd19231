"""Faults of the surroundings: one line, exit code 1 (130 on Ctrl-C), no traceback, old files as they were."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets import processes, toolchain
from tinyml_opt.targets.processes import TooSlow, run_program
from tinyml_opt.tools import analyze, exit_codes
from tinyml_opt.tools.commands import compile as command_compile
from tinyml_opt.tools.exit_codes import DEFECT, FAILED, INTERRUPTED, exit_code
from tinyml_opt.tools.tinyml import main
from tinyml_opt.tools.tinyml_opt import main as tinyml_opt

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
MODEL = [str(DIGITS / "digits.onnx"), "--calib", str(DIGITS / "calib.npz")]
COMPILE = ["compile", *MODEL, "--board", "uno", "-o", "out"]
RUN = ["run", *MODEL, "--board", "host", "--data", str(DIGITS / "test.npz"), "--limit", "2"]
LONG = "n" * 300

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands run in an empty folder, where an earlier run left a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "digits.c").write_text("precious")
    yield
    assert (tmp_path / "out" / "digits.c").read_text() == "precious"
    assert os.listdir("out") == ["digits.c"]


def said(capsys: Capture, code: int, tool: Callable[[list[str]], int], *arguments: str) -> str:
    """The one line on standard error of a run that ends with this code."""
    assert tool(list(arguments)) == code
    (line,) = capsys.readouterr().err.splitlines()
    return line


NO_FILE = "" if sys.version_info >= (3, 14) else "File name too long"
"""What is said of a name that no file can have; from Python 3.14 on there is just no such file."""

PATHS: dict[str, tuple[Callable[[list[str]], int], list[str], str]] = {
    "model_long": (main, ["analyze", LONG, "--board", "uno"], "File name too long"),
    "model_folder": (main, ["analyze", "out", "--board", "uno"], "Is a directory"),
    "board_folder": (main, ["analyze", *MODEL, "--board", "out.toml"], "no such board file"),
    "board_long": (main, ["analyze", *MODEL, "--board", f"{LONG}.toml"], NO_FILE or "no such board file"),
    "calib_folder": (main, ["analyze", MODEL[0], "--board", "uno", "--calib", "out"], "no such data file"),
    "calib_long": (main, ["analyze", MODEL[0], "--board", "uno", "--calib", LONG], NO_FILE or "no such data file"),
    "data_folder": (main, [*RUN[:-4], "--data", "out"], "Is a directory"),
    "data_long": (main, [*RUN[:-4], "--data", LONG], "File name too long"),
    "output_long": (main, [*COMPILE[:-1], LONG], "File name too long"),
    "csv_folder": (main, ["analyze", *MODEL, "--board", "uno", "--csv", "out"], "it is a folder"),
    "csv_full": (main, ["analyze", *MODEL, "--board", "uno", "--csv", "/dev/full"], "No space left on device"),
    "opt_long": (tinyml_opt, [LONG], "File name too long"),
    "opt_folder": (tinyml_opt, ["out"], "Is a directory"),
    "opt_output_folder": (tinyml_opt, [MODEL[0], "-o", "out"], "it is a folder"),
    "opt_output_long": (tinyml_opt, [MODEL[0], "-o", LONG], "File name too long"),
    "opt_output_nowhere": (tinyml_opt, [MODEL[0], "-o", "none/x"], "No such file or directory"),
    "opt_output_full": (tinyml_opt, [MODEL[0], "-o", "/dev/full"], "No space left on device"),
    "opt_dumps": (tinyml_opt, [MODEL[0], "-p", "cse", "--print-ir-after-all-dir", "out/digits.c"], "Not a directory"),
}


@pytest.mark.parametrize("case", PATHS)
def test_paths(capsys: Capture, case: str):
    tool, arguments, message = PATHS[case]
    line = said(capsys, FAILED, tool, *arguments)
    assert line.startswith("error: ") and message in line


def program(tool: str, arguments: Sequence[str]) -> list[str]:
    """The command line of a tool as a process."""
    return [sys.executable, "-m", f"tinyml_opt.tools.{tool}", *arguments]


STREAMS: dict[str, tuple[str, str, str]] = {
    "full": ("tinyml boards >/dev/full", "tinyml", "No space left on device"),
    "full_json": ("tinyml boards --json >/dev/full", "tinyml", "No space left on device"),
    "closed": ("tinyml boards >&-", "tinyml", "Bad file descriptor"),
    "opt_full": ("tinyml_opt ops.mlir >/dev/full", "tinyml_opt", "cannot write to standard output: No space left"),
    "opt_closed": ("tinyml_opt ops.mlir >&-", "tinyml_opt", "cannot write to standard output: Bad file descriptor"),
    "opt_no_input": ("tinyml_opt <&-", "tinyml_opt", "Bad file descriptor"),
    "opt_nothing_open": ("tinyml_opt ops.mlir <&- >&- 2>&-", "tinyml_opt", ""),
}


@pytest.mark.parametrize(("case", "unbuffered"), [*((case, "") for case in STREAMS), ("full", "1"), ("closed", "1")])
def test_streams(case: str, unbuffered: str):
    command, tool, message = STREAMS[case]
    Path("ops.mlir").write_text('"test.op"() : () -> ()\n')
    line = command.replace(tool, f"{sys.executable} -m tinyml_opt.tools.{tool}", 1)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(line, shell=True, capture_output=True, text=True, env=environment)
    assert done.returncode == FAILED and done.stdout == ""
    assert [message in line for line in done.stderr.splitlines()] == [True] * bool(message), done.stderr


def test_what_cannot_be_told_changes_no_file():
    with open("/dev/full", "w") as full:
        done = subprocess.run(program("tinyml", COMPILE), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == FAILED
    assert "No space left on device" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_locale_of_ascii():
    Path("m\xf6del.onnx").write_bytes((DIGITS / "digits.onnx").read_bytes())
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for arguments in (
        ["boards"],
        ["analyze", "m\xf6del.onnx", "--board", "uno"],
        ["analyze", "n\xf6", "--board", "uno"],
    ):
        done = subprocess.run(program("tinyml", arguments), capture_output=True, env=environment)
        assert done.returncode == (FAILED if "n\xf6" in arguments else 0), done.stderr
        (done.stdout + done.stderr).decode("ascii")
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("module", "moment"), [(command_compile, "compile_model"), (analyze, "analyze"), (command_compile, "replacing")]
)
def test_an_interrupt(capsys: Capture, monkeypatch: pytest.MonkeyPatch, module: ModuleType, moment: str):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, moment, interrupt)
    assert said(capsys, INTERRUPTED, main, *COMPILE) == "error: interrupted"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_process_and_its_children(number: int, code: int):
    pid = Path("pid").absolute()
    write_compiler(f"#!/bin/sh\nsleep 1000 & echo $! >{pid}.new; mv {pid}.new {pid}; wait\n")
    environment = {**os.environ, "PATH": f"{Path('bin').absolute()}:{os.environ['PATH']}"}
    command = program("tinyml", RUN)
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible
    ) as process:
        while process.poll() is None and not pid.exists():
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == ("error: interrupted\n" if number == signal.SIGINT else "")
    assert has_ended(pid)


def interruptible() -> None:
    """Undo what a shell does to a background process, whose children ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def has_ended(pid: Path) -> bool:
    """Whether the process whose number a file holds has ended, or does so soon."""
    state = Path(f"/proc/{pid.read_text().strip()}/stat")
    for _ in range(100):
        if not state.exists() or " Z " in state.read_text():
            return True
        time.sleep(0.05)
    return False


def write_compiler(text: str, mode: int = 0o755) -> None:
    """A `cc` of one's own, first on PATH."""
    Path("bin").mkdir(exist_ok=True)
    Path("bin/cc").write_text(text)
    Path("bin/cc").chmod(mode)


COMPILERS: dict[str, tuple[str, str]] = {
    "no program": ("this is none", "cannot run 'cc' .*: Exec format error"),
    "no interpreter": ("#!/nowhere/sh\n", "cannot run 'cc' .*: No such file or directory"),
    "crash": ("#!/bin/sh\nkill -SEGV $$\n", r"cc crashed \(SIGSEGV\)"),
    "failure": ("#!/bin/sh\nexit 3\n", "cc ended with code 3"),
    "nothing done": ("#!/bin/sh\nexit 0\n", "cannot run 'program' .*: No such file or directory"),
    "hang": ("#!/bin/sh\nsleep 1000\n", "'cc' did not finish within 0.2 seconds"),
}


@pytest.mark.parametrize("case", COMPILERS)
def test_compilers_that_are_none(capsys: Capture, monkeypatch: pytest.MonkeyPatch, case: str):
    text, message = COMPILERS[case]
    write_compiler(text)
    monkeypatch.setenv("PATH", f"{Path('bin').absolute()}:{os.environ['PATH']}")
    monkeypatch.setattr(toolchain, "COMPILE_SECONDS", 0.2 if case == "hang" else 60)
    line = said(capsys, FAILED, main, *RUN)
    with pytest.raises(UserError, match=message):
        raise UserError(line.removeprefix("error: "))


def test_programs_end_with_the_call(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(TooSlow, match="'sh' did not finish within 0.3 seconds"):
        run_program(["/bin/sh", "-c", "sleep 1000 & echo $! >pid; wait"], 0.3)
    assert has_ended(Path("pid"))
    assert run_program(["/bin/cat"], 10, stdin="text").stdout == "text"
    assert run_program(["/bin/cat"], 10).stdout == ""
    with pytest.raises(UserError, match="null byte"):
        run_program(["/bin/echo", "a\0b"], 10)
    assert processes.Ended(-9, "", "").reason == "crashed (SIGKILL)"


def test_no_space_for_temporary_files(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    assert said(capsys, FAILED, main, *RUN) == "error: cannot write: No space left on device"


def test_a_file_that_becomes_too_large():
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(program("tinyml", COMPILE), stderr=subprocess.PIPE, text=True, preexec_fn=limit)
    assert done.returncode == FAILED and len(done.stderr.splitlines()) == 1
    assert "cannot write" in done.stderr and "File too large" in done.stderr


@pytest.mark.parametrize("home", [None, "/proc"])
def test_no_home(monkeypatch: pytest.MonkeyPatch, home: str | None):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(toolchain.tempfile, "gettempdir", lambda: str(Path("out").absolute().parent))
    if home is None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # pyright: ignore[reportUnknownLambdaType]
    else:
        monkeypatch.setenv("HOME", home)
    assert toolchain.cache_directory().name == f"tinyml-opt-{os.getuid()}"


ERRORS: dict[str, tuple[BaseException, int, str]] = {
    "denied": (PermissionError(13, "Permission denied", "a/b"), FAILED, "error: a/b: Permission denied\n"),
    "memory": (MemoryError(), FAILED, "error: not enough memory"),
    "pipe": (BrokenPipeError(32, "Broken pipe"), FAILED, ""),
    "interrupt": (KeyboardInterrupt(), INTERRUPTED, "error: interrupted\n"),
    "reasons": (UserError("one", "two"), FAILED, "error: one\nerror: two\n"),
    "defect": (
        ZeroDivisionError("division\nby zero"),
        DEFECT,
        "internal error: ZeroDivisionError: division\nnote: say it\n",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_exit_codes(capsys: Capture, case: str):
    error, code, message = ERRORS[case]

    def run() -> int:
        raise error

    assert exit_code(run, False, "say it") == code
    assert capsys.readouterr().err.startswith(message)


def test_an_interrupt_in_the_guise_of_another_error(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exit_codes, "INTERRUPTS", [signal.SIGINT])

    def run() -> int:
        raise ImportError

    assert exit_code(run, False, "") == INTERRUPTED
    assert capsys.readouterr().err == "error: interrupted\n"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(capsys: Capture):
    Path("closed").mkdir(mode=0o500)
    assert "Permission denied" in said(capsys, FAILED, main, *COMPILE[:-1], "closed")


def test_a_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda tool: None)  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(toolchain.ToolchainMissing, match="'cc' is not installed: apt-get install gcc"):
        toolchain.require("cc")
