"""FPGAs as boards: their files, what is refused, and what reports of tools are read as."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.board import board_names, load_board
from tinyml_opt.targets.synthesis.yosys import cells_of_ecp5, cells_of_xc7
from tinyml_opt.tools.tinyml import main

DIGITS = Path(__file__).parents[3] / "examples" / "digits"

PART = """
kind = "fpga"
title = "A board"
[fpga]
part = "XC7A35T"
family = "xc7"
luts = 20800
ffs = 41600
dsps = 90
bram36 = 50
clock_hz = 100_000_000
"""


def test_the_parts_of_the_package():
    parts = {name: board.fpga for name in board_names() if (board := load_board(name)).fpga is not None}
    assert set(parts) == {"arty-a7-35t", "arty-a7-100t", "zybo-z7-10", "pynq-z2", "ulx3s-45f", "ulx3s-85f"}
    arty = parts["arty-a7-35t"]
    assert arty is not None
    assert (arty.luts, arty.ffs, arty.dsps, arty.bram36, arty.clock_hz) == (20800, 41600, 90, 50, 100_000_000)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('family = "xc7"', 'family = "ice"', "fpga.family must be one of xc7, ecp5"),
        ("dsps = 90", "", "fpga.dsps is missing"),
        ("luts = 20800", 'luts = "many"', "fpga.luts must be of type int"),
        ("clock_hz = 100_000_000", "clock_hz = 0", "fpga.clock_hz"),
        ("bram36 = 50", "bram36 = 50\nram = 3", "unknown field fpga.ram"),
        ('title = "A board"', "", "title is missing"),
    ],
)
def test_refused(old: str, new: str, reason: str, tmp_path: Path):
    file = tmp_path / "part.toml"
    file.write_text(PART.replace(old, new))
    with pytest.raises(UserError, match=reason):
        load_board(file)


def test_cells_of_7_series():
    cells = cells_of_xc7({"LUT6": 10, "LUT2": 5, "RAM64M": 2, "FDRE": 7, "FDSE": 1, "RAMB36E1": 1, "RAMB18E1": 3})
    assert (cells.luts, cells.ffs, cells.dsps, cells.bram36) == (23, 8, 0, 2.5)


def test_cells_of_ecp5():
    cells = cells_of_ecp5({"LUT4": 10, "CCU2C": 2, "TRELLIS_FF": 7, "MULT18X18D": 3, "DP16KD": 3})
    assert (cells.luts, cells.ffs, cells.dsps, cells.bram36) == (14, 7, 3, 1.5)


def test_an_fpga_runs_no_c(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    model, data = str(DIGITS / "digits.onnx"), str(DIGITS / "calib.npz")
    arguments = ["compile", model, "--board", "ulx3s-85f", "--calib", data, "-t", "c", "-o", str(tmp_path)]
    assert main(arguments) == 1
    assert "board 'ulx3s-85f' is an FPGA, which runs no C: -t hls or -t rtl" in capsys.readouterr().err
