"""The netlist of an ECP5 as nextpnr gets it, registers moved and copied: it computes what the Verilog does."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from tinyml_opt.targets.processes import run_program
from tinyml_opt.targets.simulators import verilog
from tinyml_opt.targets.synthesis.tools import yosys_command
from tinyml_opt.targets.synthesis.yosys import NETLIST, synthesize
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.hardware.files import rtl_files

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
CELLS = Path(__file__).parents[1] / "support" / "ecp5_cells.v"
YOSYS = find_spec("pyosys")

YOSYS_CELLS = ("LUT2", "LUT4", "PFUMX", "L6MUX21", "CCU2C", "TRELLIS_DPR16X4", "TRELLIS_FF")
"""Of which Yosys has models that Icarus Verilog takes: LUT2 is part of others."""

pytestmark = pytest.mark.skipif(YOSYS is None, reason="pyosys is not installed")


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the digit classifier's files and its packed netlist as Verilog."""
    folder = tmp_path_factory.mktemp("netlist")
    compilation = compile_model(Options(DIGITS / "digits.onnx", "ulx3s-85f", DIGITS / "calib.npz", lanes=2))
    for name, text in rtl_files(compilation).items():
        (folder / name).write_text(text, encoding="utf-8")
    synthesize("ecp5", "digits", "digits.v", folder)
    write(folder)
    return folder


def write(folder: Path) -> None:
    """The netlist as netlist.v, with models of cells: Yosys' own, and those that it has none of."""
    assert YOSYS is not None and YOSYS.submodule_search_locations
    models = Path(YOSYS.submodule_search_locations[0]) / "share" / "ecp5"
    done = run_program(yosys_command([f"read_json {NETLIST}", "write_verilog -noattr netlist.v"]), 120, folder)
    assert done.code == 0, done.stderr
    own = CELLS.read_text(encoding="utf-8")
    theirs = "".join((models / name).read_text(encoding="utf-8") for name in ("common_sim.vh", "ccu2c_sim.vh"))
    texts = [
        text for kind in YOSYS_CELLS for text in re.findall(rf"^module {kind}\b.*?^endmodule$", theirs, re.M | re.S)
    ]
    assert len(texts) == len(YOSYS_CELLS)
    (folder / "cells.v").write_text("\n".join([*texts, own]), encoding="utf-8")


def test_the_packed_netlist_computes_the_same(synthesized: Path, monkeypatch: pytest.MonkeyPatch):
    """The test bench of the Verilog, which checks the outputs of `fixed`, in as many clocks."""
    monkeypatch.setattr(verilog, "SECONDS", 120)  # a netlist that is wrong may never be done
    named = json.loads((synthesized / NETLIST).read_text())["modules"]["digits"]["cells"]
    assert any("$copy" in name for name in named)
    cells = named.values()
    moved = Counter(c["type"] for c in cells if {"REG_INPUTA_CLK", "REG_OUTPUT_CLK"} & set(c["parameters"]))
    moved += Counter(c["type"] for c in cells if c["parameters"].get("REGMODE_A") == "OUTREG")
    assert set(moved) == {"MULT18X18D", "DP16KD"}
    said = [
        verilog.simulate("iverilog", "digits__tb", files, synthesized).splitlines()
        for files in (["digits.v", "digits_tb.v"], ["netlist.v", "cells.v", "digits_tb.v"])
    ]
    assert said[0] == said[1]
    assert "PASS: 0 of 40 outputs wrong" in said[1]
