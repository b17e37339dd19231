"""The driver: what it says when something is wrong, and what its tables promise."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from tinyml_opt.tools import registry
from tinyml_opt.tools.exit_codes import DEFECT, FAILED
from tinyml_opt.tools.opt.pipeline import parse_passes
from tinyml_opt.tools.pipelines import PIPELINES, Timing, run_passes
from tinyml_opt.tools.tinyml_opt import main

OPS = '"test.op"() : () -> ()\n"test.op"() : () -> ()\n'


@pytest.fixture(autouse=True)
def garbage_collector() -> Iterator[None]:
    """The tool turns the collector off for good; the other tests want it."""
    yield
    gc.enable()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of two ops."""
    path = tmp_path / "ops.mlir"
    path.write_text(OPS)
    return path


@dataclass(frozen=True)
class CrashPass(ModulePass):
    """Erase the first op, then fail as a pass with a bug does."""

    name = "crash"
    times: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        first = op.body.block.first_op
        assert first is not None
        first.detach()
        raise IndexError("there is no spoon")


@dataclass(frozen=True)
class BreakPass(ModulePass):
    """Leave IR that does not verify."""

    name = "break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        first = op.body.block.first_op
        assert first is not None

        def refuse() -> None:
            raise VerifyException("not like this")

        first.verify_ = refuse


@pytest.fixture
def failing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passes `crash` and `break`, for one test."""
    loaded = {"here:CrashPass": CrashPass, "here:BreakPass": BreakPass}
    monkeypatch.setitem(registry.PASSES, "crash", "here:CrashPass")
    monkeypatch.setitem(registry.PASSES, "break", "here:BreakPass")
    monkeypatch.setattr("tinyml_opt.tools.opt.pipeline.load", lambda path: loaded.get(path) or registry.load(path))  # pyright: ignore[reportUnknownLambdaType]


def errors(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = FAILED) -> list[str]:
    """The lines on standard error of a run that must fail and print nothing."""
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err.splitlines()


ENTRIES = [
    (table, name)
    for table in ("DIALECTS", "PASSES", "TARGETS")
    for name, path in getattr(registry, table).items()
    if not path.startswith("xdsl.")
]


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_entry_resolves(table: str, name: str):
    path: str = getattr(registry, table)[name]
    entry = registry.load(path)
    assert entry.name == name
    if table != "DIALECTS":
        assert not entry.__doc__.startswith(f"{entry.__name__}("), "it has no docstring of its own"


def test_names_are_sorted_and_pipelines_are_not_passes():
    for table in (registry.DIALECTS, registry.PASSES, registry.TARGETS):
        assert list(table) == sorted(table)
    assert not set(PIPELINES) & set(registry.PASSES)
    assert {step.name for steps in PIPELINES.values() for step in steps} <= set(registry.PASSES)


def test_lists_name_everything(capsys: pytest.CaptureFixture[str]):
    assert main(["--list-passes", "--list-pipelines", "--list-targets"]) == 0
    out = capsys.readouterr().out
    assert "cannot be loaded" not in out
    heads = {line.partition("{")[0] for line in out.splitlines() if not line.startswith(" ")}
    assert heads == {*registry.PASSES, *PIPELINES, *registry.TARGETS}
    assert "loops-pipeline{ii=1}" in out


@pytest.mark.parametrize(
    ("passes", "messages"),
    [
        ("canonicalise", ["error: unknown pass: 'canonicalise'; did you mean 'canonicalize'?"]),
        ("qqq,www", ["error: unknown pass: 'qqq'; --list-passes prints them all",
                     "error: unknown pass: 'www'; --list-passes prints them all"]),
        ("loops-pipeline{i=3}", ["error: unknown option of pass 'loops-pipeline': 'i'; did you mean 'ii'?"]),
        ("cse{x=1}", ["error: unknown option of pass 'cse': 'x'; it has no options"]),
        ("fixed-calibrate", ["error: pass 'fixed-calibrate' needs option 'data'"]),
    ],
)  # fmt: skip
def test_wrong_passes(source: Path, capsys: pytest.CaptureFixture[str], passes: str, messages: list[str]):
    assert errors(capsys, source, "-p", passes) == messages


def test_wrong_type_of_option(source: Path, capsys: pytest.CaptureFixture[str]):
    (line,) = errors(capsys, source, "-p", "loops-pipeline{ii=fast}")
    assert line.startswith("error: pass 'loops-pipeline': ") and line.endswith("its options are {ii=1}")


def test_wrong_pipeline_syntax(source: Path, capsys: pytest.CaptureFixture[str]):
    assert errors(capsys, source, "-p", "cse{")[0].startswith("error: ")


def test_wrong_target(source: Path, capsys: pytest.CaptureFixture[str]):
    assert errors(capsys, source, "-t", "hsl") == ["error: unknown target: 'hsl'; did you mean 'hls'?"]


def test_missing_file(capsys: pytest.CaptureFixture[str]):
    assert errors(capsys, "nowhere.mlir") == ["error: cannot read nowhere.mlir: No such file or directory"]


def test_binary_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "model.bin"
    path.write_bytes(b"\x80\xff\x00")
    (line,) = errors(capsys, path)
    assert "not MLIR text" in line


def test_long_lines_are_cut_around_the_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "long.mlir"
    path.write_text('"test.op"() {a = "' + "x" * 5000 + '", ?} : () -> ()')
    message, line, carets = errors(capsys, path)
    assert message.startswith(f"{path}:1:5022: error: ")
    assert len(line) <= 110 and line[carets.index("^")] == "?"


def test_an_error_leaves_the_output_file_alone(tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.mlir"
    out.write_text("precious")
    source.write_text(OPS + "nonsense")
    errors(capsys, source, "-o", out)
    assert out.read_text() == "precious"


def test_good_parts_are_printed_beside_bad_ones(source: Path, capsys: pytest.CaptureFixture[str]):
    source.write_text(f"nonsense\n// -----\n{OPS}")
    assert main([str(source), "--split-input-file"]) == 1
    captured = capsys.readouterr()
    assert captured.out.count("test.op") == 2
    assert captured.err.count("error:") == 1


@pytest.mark.usefixtures("failing_passes")
def test_crash_writes_a_reproducer(tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]):
    reproducer = tmp_path / "crash.mlir"
    lines = errors(capsys, source, "-p", "cse,crash{times=2},dce", "--crash-reproducer", reproducer, code=DEFECT)
    assert "error: pass 'crash': internal error: IndexError: there is no spoon" in lines
    first, second, *module = reproducer.read_text().splitlines()
    assert first == "// RUN: tinyml-opt -p 'crash{times=2},dce' %s"
    assert second == "// pass 'crash' failed with IndexError: there is no spoon"
    assert sum("test.op" in line for line in module) == 2
    assert "error: pass 'crash': internal error: IndexError: there is no spoon" in errors(
        capsys, reproducer, "-p", "crash{times=2},dce", code=DEFECT
    )


@pytest.mark.usefixtures("failing_passes")
def test_no_reproducer_unless_asked(source: Path, capsys: pytest.CaptureFixture[str]):
    lines = errors(capsys, source, "-p", "crash", code=DEFECT)
    assert len(lines) == 2 and "--crash-reproducer" in lines[1]
    assert list(source.parent.iterdir()) == [source]


@pytest.mark.usefixtures("failing_passes")
def test_a_pass_that_breaks_the_ir_is_named(source: Path, capsys: pytest.CaptureFixture[str]):
    lines = errors(capsys, source, "-p", "cse,break")
    assert lines[0] == "error: pass 'break': 'test.op': not like this"
    assert lines[1:] == ["note: the op is", '"test.op"() : () -> ()']


@pytest.mark.usefixtures("failing_passes")
def test_debug_keeps_the_traceback(source: Path):
    with pytest.raises(IndexError):
        main([str(source), "-p", "crash", "--debug"])


def test_timing_names_every_stage(source: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(source), "-p", "canonicalize,cse", "--timing"]) == 0
    stages = [line.split()[-1] for line in capsys.readouterr().err.splitlines()[1:]]
    assert [stage for stage in stages if stage not in ("verify", "dump")] == [
        "parse",
        "canonicalize",
        "cse",
        "print",
        "total",
    ]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(OPS.encode())))
    assert main(["-p", "cse"]) == 0
    assert capsys.readouterr().out.count("test.op") == 2


@pytest.mark.parametrize("value", ["calib.npz", "../a dir/calib.npz", "/x/1.5.npz", "plain"])
def test_paths_need_no_quotes(value: str):
    text = f'"{value}"' if " " in value else value
    passes = parse_passes(f"fixed-calibrate{{data={text} rows=3}},cse")
    assert str(passes[0]) == f'fixed-calibrate{{data="{value}" rows=3}}'
    assert passes[1].name == "cse"


def test_a_reader_that_stops_early_is_no_error():
    program = [sys.executable, "-m", "tinyml_opt.tools.tinyml_opt"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdout.close()
        process.stdin.write(OPS.encode() * 100)
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_help_imports_nothing_heavy():
    program = "import sys; from tinyml_opt.tools.tinyml_opt import argument_parser; argument_parser().format_help()"
    check = "; print([m for m in ('xdsl.ir', 'numpy', 'onnx', 'rich') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program + check], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_level_is_verified_once_unless_each_pass_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    verified: list[str] = []
    applied: list[str] = []

    def passes(*names: str) -> list[ModulePass]:
        def apply(self: ModulePass, ctx: Context, op: ModuleOp) -> None:
            applied.append(self.name)

        return [type("Pass", (ModulePass,), {"name": name, "apply": apply})() for name in names]

    monkeypatch.setattr(ModuleOp, "verify", lambda self, verify_nested_ops=True: verified.append(applied[-1]))  # pyright: ignore
    steps = passes("convert-a", "b", "c", "convert-d", "e")
    run_passes(ModuleOp([]), steps, Timing())
    assert verified == ["c", "e"] and applied == [step.name for step in steps]
    verified.clear()
    run_passes(ModuleOp([]), steps, Timing(), verify_each=True)
    assert verified == [step.name for step in steps]
