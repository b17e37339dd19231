"""Netlists between Yosys and nextpnr: registers that move into other cells, copies of registers, and progress."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.processes import Ended
from tinyml_opt.targets.synthesis import nextpnr
from tinyml_opt.targets.synthesis.copying import MOST_READERS, copy_registers
from tinyml_opt.targets.synthesis.packing import pack_registers
from tinyml_opt.targets.synthesis.progress import reporting

CLOCK, RESET = 2, 3


def flip_flop(data: int, output: int, reset: int | str = "0", enable: str = "1 ", clock: int = CLOCK) -> dict[str, Any]:
    """A flip-flop as Yosys writes it."""
    parameters = {"CEMUX": enable, "CLKMUX": "CLK", "LSRMUX": "LSR", "REGSET": "RESET", "SRMODE": "LSR_OVER_CE"}
    return cell("TRELLIS_FF", parameters, {"CLK": [clock], "DI": [data], "LSR": [reset]}, {"Q": [output]})


def cell(kind: str, parameters: Mapping[str, str], inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    """A cell of a netlist."""
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    return {
        "type": kind,
        "parameters": dict(parameters),
        "port_directions": directions,
        "connections": {**inputs, **outputs},
    }


def multiplier(left: Sequence[int | str], right: Sequence[int | str], product: Sequence[int]) -> Any:
    """A multiplier of two bits by two; the upper ones are 0, or nothing reads them."""
    inputs = {f"{s}{n}": [bits[n] if n < 2 else "0"] for s, bits in (("A", left), ("B", right)) for n in range(18)}
    return cell("MULT18X18D", {}, inputs, {f"P{n}": [product[n] if n < 4 else 900 + n] for n in range(36)})


def packed(tmp_path: Path, cells: dict[str, Any], outputs: Sequence[int] = ()) -> dict[str, Any]:
    """The cells after packing."""
    module = {
        "attributes": {"top": f"{1:032b}"},
        "ports": {"y": {"direction": "output", "bits": list(outputs)}},
        "netnames": {},
        "cells": cells,
    }
    file = tmp_path / "netlist.json"
    file.write_text(json.dumps({"modules": {"top": module, "LUT4": {"attributes": {}}}}))
    moved = pack_registers(file)
    after = json.loads(file.read_text())["modules"]["top"]["cells"]
    assert moved == len(cells) - len(after)
    return after


def product_cells(**settings: Any) -> dict[str, Any]:
    """Registers before and behind a product, which is read as wires 30 to 33."""
    cells = {f"a{n}": flip_flop(10 + n, 12 + n, **settings) for n in range(2)}
    cells |= {f"b{n}": flip_flop(14 + n, 16 + n) for n in range(2)}
    cells["m"] = multiplier((12, 13), (16, 17), (20, 21, 22, 23))
    return cells | {f"p{n}": flip_flop(20 + n, 30 + n) for n in range(4)}


def test_registers_around_a_product_move_into_the_multiplier(tmp_path: Path):
    after = packed(tmp_path, product_cells(), (30, 31, 32, 33))
    assert set(after) == {"m"}
    pins, settings = after["m"]["connections"], after["m"]["parameters"]
    assert [pins[p] for p in ("A0", "A1", "A2", "B0", "B1")] == [[10], [11], ["0"], [14], [15]]
    assert [pins[f"P{n}"] for n in range(4)] == [[30], [31], [32], [33]]
    assert [settings[f"REG_{r}_CLK"] for r in ("INPUTA", "INPUTB", "OUTPUT")] == ["CLK0"] * 3
    assert (pins["CLK0"], pins["CE0"], pins["RST0"], pins["RST1"], pins["RST2"]) == (
        [CLOCK],
        ["1"],
        ["0"],
        ["0"],
        ["0"],
    )


def test_a_reset_of_a_factor_goes_along(tmp_path: Path):
    after = packed(tmp_path, product_cells(reset=RESET), (30, 31, 32, 33))
    assert set(after) == {"m"}
    assert (after["m"]["connections"]["RST0"], after["m"]["connections"]["RST1"]) == ([RESET], ["0"])
    assert after["m"]["parameters"]["RESETMODE"] == "SYNC"


@pytest.mark.parametrize("settings", [{"enable": "CE"}, {"clock": 99}])
def test_what_a_multiplier_cannot_hold_stays(settings: dict[str, Any], tmp_path: Path):
    after = packed(tmp_path, product_cells(**settings), (30, 31, 32, 33))
    assert set(after) == {"a0", "a1", "b0", "b1", "m"}
    assert "REG_INPUTA_CLK" not in after["m"]["parameters"]


def test_a_constant_one_is_not_reset(tmp_path: Path):
    cells = product_cells(reset=RESET)
    del cells["a1"]
    cells["m"]["connections"]["A1"] = ["1"]
    after = packed(tmp_path, cells, (30, 31, 32, 33))
    assert "REG_INPUTA_CLK" not in after["m"]["parameters"]
    assert "a0" in after


def test_registers_that_others_read_stay(tmp_path: Path):
    """A factor that is read elsewhere keeps its flip-flop, a product has none of its own."""
    after = packed(tmp_path, product_cells(), (12, 20, 31, 32, 33))
    assert set(after) == {"a0", "m", "p0", "p1", "p2", "p3"}
    assert after["m"]["connections"]["A0"] == [10]
    assert "REG_OUTPUT_CLK" not in after["m"]["parameters"]


def memory(width: int) -> Any:
    """A block RAM of which two bits of each port are read."""
    words = {f"DO{p}{n}": [40 + n + (10 if p == "B" else 0)] for p in "AB" for n in range(2)}
    inputs = {f"{pin}{port}": [CLOCK] if pin == "CLK" else ["0"] for pin in ("CLK", "OCE") for port in "AB"}
    return cell("DP16KD", {"DATA_WIDTH_A": f"{width:032b}", "REGMODE_A": "NOREG", "REGMODE_B": "NOREG"}, inputs, words)


def test_registers_behind_a_word_move_into_the_memory(tmp_path: Path):
    cells = {"m": memory(18)} | {f"a{n}": flip_flop(40 + n, 60 + n) for n in range(2)}
    after = packed(tmp_path, cells, (60, 61, 50, 51))
    assert set(after) == {"m"}
    settings, pins = after["m"]["parameters"], after["m"]["connections"]
    assert (settings["REGMODE_A"], settings["REGMODE_B"], pins["OCEA"], pins["OCEB"]) == (
        "OUTREG",
        "NOREG",
        ["1"],
        ["0"],
    )
    assert (pins["DOA0"], pins["DOB0"]) == ([60], [50])


def test_both_ports_of_a_whole_word_have_registers_or_none(tmp_path: Path):
    cells = {"m": memory(36)} | {f"a{n}": flip_flop(40 + n, 60 + n) for n in range(2)}
    after = packed(tmp_path, cells, (60, 61, 50, 51))
    assert set(after) == {"m", "a0", "a1"}
    assert after["m"]["parameters"]["REGMODE_A"] == "NOREG"
    cells |= {f"b{n}": flip_flop(50 + n, 70 + n) for n in range(2)}
    cells["m"]["connections"]["CLKA"] = ["0"]  # nothing writes
    after = packed(tmp_path, cells, (60, 61, 70, 71))
    assert set(after) == {"m"}
    assert (after["m"]["parameters"]["REGMODE_A"], after["m"]["parameters"]["REGMODE_B"]) == ("OUTREG", "OUTREG")


def test_registers_with_many_readers_are_copied():
    """Each copy has its share of the readers, neighbours together, and the pins of the first."""
    readers = 2 * MOST_READERS + 3
    luts = {f"m{n}": cell("LUT4", {}, {"A": [12]}, {"Z": [100 + n]}) for n in reversed(range(readers))}
    module: dict[str, Any] = {
        "cells": {"r": flip_flop(10, 12, RESET), **luts},
        "netnames": {"unused": {"bits": [5000]}},
    }
    assert copy_registers(module) == 2
    outputs = {name: c["connections"]["Q"][0] for name, c in module["cells"].items() if c["type"] == "TRELLIS_FF"}
    assert len(set(outputs.values())) == 3
    assert outputs["r"] == 12 and min(set(outputs.values()) - {12}) > 5000
    shares = [[n for n in range(readers) if luts[f"m{n}"]["connections"]["A"] == [q]] for q in outputs.values()]
    assert [len(share) for share in shares] == [MOST_READERS, MOST_READERS, 3]
    assert all(share == list(range(share[0], share[-1] + 1)) for share in shares)
    assert module["cells"]["r$copy1"]["connections"]["LSR"] == [RESET]


def test_copies_are_readers_of_what_they_read():
    """A register before one with copies is copied in turn; copies of one that keeps itself do, too."""
    readers = MOST_READERS * (MOST_READERS + 1)
    luts = {f"m{n}": cell("LUT4", {}, {"A": [13]}, {"Z": [100 + n]}) for n in range(readers)}
    kept = {f"k{n}": cell("LUT4", {}, {"A": [14]}, {"Z": [1000 + n]}) for n in range(readers)}
    flip_flops = {"a": flip_flop(11, 12), "b": flip_flop(12, 13), "c": flip_flop(14, 14)}
    module: dict[str, Any] = {"cells": {**flip_flops, **luts, **kept}, "netnames": {}}
    made = copy_registers(module)
    flip_flops = {name: c for name, c in module["cells"].items() if c["type"] == "TRELLIS_FF"}
    assert made == len(flip_flops) - 3
    origin = {c["connections"]["Q"][0]: name[0] for name, c in flip_flops.items()}
    assert len(origin) == len(flip_flops)
    taken = [bits[0] for c in module["cells"].values() for pin, bits in c["connections"].items() if pin in ("A", "DI")]
    assert all(taken.count(wire) <= MOST_READERS for wire, name in origin.items() if name != "c")
    assert {origin[luts[name]["connections"]["A"][0]] for name in luts} == {"b"}
    assert {origin[kept[name]["connections"]["A"][0]] for name in kept} == {"c"}
    before = {name[0]: set[str]() for name in flip_flops}
    for name, c in flip_flops.items():
        before[name[0]].add(origin.get(c["connections"]["DI"][0], "input"))
    assert before == {"a": {"input"}, "b": {"a"}, "c": {"c"}}


def test_progress_names_stages(tmp_path: Path):
    said: list[str] = []
    log = tmp_path / "log"
    with reporting("tool", said.append, log, {r"placed at (\d+) MHz": "{} MHz"}):
        log.write_text("Info: placed at 80 MHz\nplaced at 9")
        time.sleep(1.2)
    assert said[0] == "tool: 80 MHz"
    assert len(said) == 2 and said[1].startswith("tool took")


@pytest.mark.parametrize(
    ("reached", "seeds", "best"), [([120.0], 1, 120.0), ([95.0, 104.0], 2, 104.0), ([97.0, 91.0, 94.0], 3, 97.0)]
)
def test_another_seed_where_the_clock_is_missed(
    reached: list[float], seeds: int, best: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The first placement with the target's clock, or the best one of three; its files stay."""
    ran: list[str] = []

    def run(command: Sequence[str], seconds: int, directory: Path) -> Ended:
        option = dict(zip(command[1:], command[2:], strict=False))
        mhz = reached[len(ran)]
        ran.append(option["--seed"])
        (directory / option["--report"]).write_text(
            json.dumps({"utilization": {"TRELLIS_FF": {"used": 7}}, "fmax": {"clk": {"achieved": mhz}}})
        )
        (directory / option["--textcfg"]).write_text(f"{mhz}")
        return Ended(0, "", "")

    monkeypatch.setattr(nextpnr, "run_program", run)
    monkeypatch.setattr(nextpnr, "nextpnr_command", lambda: "nextpnr-ecp5")
    fpga = load_board("ulx3s-85f").fpga
    assert fpga is not None
    cells = nextpnr.place_and_route(fpga, tmp_path)
    assert (cells.ffs, cells.fmax_hz, len(set(ran))) == (7, best * 1e6, seeds)
    assert (tmp_path / "design.config").read_text() == f"{best}"
