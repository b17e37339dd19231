"""`--effort`, and the line of `tinyml` where planning stopped at its limit."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from tinyml_opt.tools.bench.adds import main as bench
from tinyml_opt.tools.bench.adds import random_adds
from tinyml_opt.tools.tinyml import main

LINE = "planning stopped at its limit; --effort {} for more\n"


def analyzed(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, object], str]:
    """The plan, and what stands on standard error."""
    assert main(["analyze", str(path), "--board", "nano33ble", "--json", *options]) == 0
    out, err = capsys.readouterr()
    return json.loads(out)["plan"], err


def test_it_is_said_where_the_limit_was_reached(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "adds.onnx"
    onnx.save(random_adds(120), path)
    plan, error = analyzed(path, capsys, "--effort", "1")
    assert error == LINE.format(10)
    assert plan["schedule"]["limited"] and plan["fit"]["limited"]  # pyright: ignore[reportIndexIssue]
    assert analyzed(path, capsys, "--effort", "1") == (plan, error)


def test_nothing_is_said_where_the_plan_is_proven(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "adds.onnx"
    onnx.save(random_adds(3), path)
    plan, error = analyzed(path, capsys)
    assert error == "" and "limited" not in plan


def test_efforts_are_positive(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["analyze", "model.onnx", "--board", "uno", "--effort", "0"])
    assert "--effort: '0' is not a positive number" in capsys.readouterr().err


def test_the_benchmark_of_adds(capsys: pytest.CaptureFixture[str]):
    assert bench(["10", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["adds", "10", "20"]
