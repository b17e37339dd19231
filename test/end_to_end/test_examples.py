"""The examples that are programs run, and say what they are for."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from end_to_end.test_readme import ROOT
from support.emitc import WARNINGS
from xdsl.utils.exceptions import DiagnosticException

from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.tinyml import main


def printed(*arguments: str) -> str:
    """What a program of examples/ prints; it must end with exit code 0."""
    result = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_search_takes_the_largest_that_fits() -> None:
    lines = printed("examples/nas/search.py", "uno", "8").splitlines()
    macs: dict[bool, list[int]] = {}
    for line in lines[:-1]:
        (count,) = re.findall(r"([\d,]+) MACs", line)
        macs.setdefault(line.endswith(": fits"), []).append(int(count.replace(",", "")))
    assert set(macs) == {True, False}, "some candidates fit, some do not"
    assert lines[-1].startswith("taken: ") and lines[-1].endswith(f" {max(macs[True]):,} MACs")


def test_own_pass_stands_between_the_compiler_s() -> None:
    first, second = printed("examples/own_pass/plans.py").splitlines()
    assert int(first.split()[0]) > 0
    over, apart = (int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:bytes|without)", second))
    assert over < apart


def cells_of(notebook: str) -> list[str]:
    """The code of a notebook."""
    found = json.loads((ROOT / "examples" / notebook).read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def shown(code: str, names: dict[str, Any]) -> Any:
    """Run a cell; what a notebook shows below it."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


def all_at_0(requests: list[object]) -> list[int]:
    """Every tensor over every other one."""
    return [0 for _ in requests]


def test_a_planner_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    notebook = ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", notebook)
    names = vars(notebook)
    outputs = [shown(cell, names) for cell in cells_of("own_planner/planner.ipynb")]
    assert sum("<svg" in output._repr_html_() for output in outputs if hasattr(output, "_repr_html_")) == 2
    peaks = outputs[-1]
    assert peaks["the compiler's least"] < peaks["greedy by size"] == names["mine"].peak
    names["by_size"] = all_at_0
    with pytest.raises(DiagnosticException):
        shown(cells_of("own_planner/planner.ipynb")[-2], names)


def test_words_are_heard_in_blocks(tmp_path: Path) -> None:
    require("cc")
    folder, words = tmp_path / "words", ROOT / "examples" / "words"
    calibration = ["--calib", str(words / "calib.npz"), "--input", "steps", "--quiet", "-o", str(folder)]
    assert not main(["compile", str(words / "words.onnx"), "--board", "host", *calibration])
    sources = [words / "microphone.c", folder / "words.c", folder / "words_weights.c"]
    subprocess.run(["cc", *WARNINGS, "-std=c99", f"-I{folder}", "-o", tmp_path / "hear", *sources], check=True)
    said = ["down", "twice", "up", "up"]
    samples = subprocess.run([sys.executable, words / "say.py", *said], capture_output=True, check=True).stdout
    heard = subprocess.run([tmp_path / "hear"], input=samples, capture_output=True, check=True).stdout
    assert heard.decode().split() == said


def test_gestures_are_right_on_an_uno(capfd: pytest.CaptureFixture[str]) -> None:
    require("avr-gcc")
    folder = ROOT / "examples" / "gestures"
    data = ["--calib", str(folder / "calib.npz"), "--data", str(folder / "test.npz"), "--limit", "20"]
    assert not main(["run", str(folder / "gestures.onnx"), "--board", "uno", *data, "--json", "--quiet"])
    assert json.loads(capfd.readouterr().out)["accuracy"] == 1.0
