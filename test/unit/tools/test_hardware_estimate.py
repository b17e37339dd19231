"""`tinyml analyze` of an FPGA: what it shows of lanes and ports, before any tool runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tinyml_opt.tools.tinyml import main

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
COMMAND = ["analyze", str(DIGITS / "digits.onnx"), "--board", "arty-a7-35t", "--calib", str(DIGITS / "calib.npz")]

INPUTS = 64
"""Of the classifier; it has ten outputs."""


def shown(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """The figures with options."""
    assert main([*COMMAND, "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_ports(capsys: pytest.CaptureFixture[str]):
    """Double ports hide what the caller writes and reads, and take memory; HLS's have no interval of Verilog's."""
    single, double, stream = (shown(capsys, "--ports", kind) for kind in ("memory", "double", "stream"))
    assert single["interval"] == single["cycles"] + 1 + INPUTS
    assert double["interval"] == double["cycles"] + 1
    assert double["LUT"] + 32 * double["BRAM36"] > single["LUT"] + 32 * single["BRAM36"]
    assert (stream["interval"], stream["cycles"]) == (None, single["cycles"])


def test_lanes(capsys: pytest.CaptureFixture[str]):
    """As many as are asked for, or as many as fit."""
    one, all_that_fit = shown(capsys, "--lanes", "1"), shown(capsys)
    assert one["DSP"] < all_that_fit["DSP"] <= all_that_fit["has"]["DSP"]
    assert one["cycles"] > 10 * all_that_fit["cycles"]
    assert not one["misfit"] and not all_that_fit["misfit"]


@pytest.mark.parametrize(("option", "value"), [("lanes", "4"), ("ports", "double")])
def test_boards_that_are_no_hardware(option: str, value: str, capsys: pytest.CaptureFixture[str]):
    """One message, as for what only microcontrollers have."""
    assert main(["analyze", COMMAND[1], "--board", "uno", f"--{option}", value]) == 1
    assert capsys.readouterr().err == f"error: --{option} is of FPGAs: board 'uno' is none\n"


def test_a_table(capsys: pytest.CaptureFixture[str]):
    """A row per op, then the whole against the part."""
    assert main([*COMMAND, "--ports", "double"]) == 0
    out = capsys.readouterr().out
    assert "digits, op by op" in out and "cycles from one inference to the next" in out and "of 90" in out
