"""The tensor memory map and its figure, against sizes that can be counted by hand, and what analyze says of a plan."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.networks import Network

from tinyml_opt.tools.memory_figure import PALETTE, Room, colouring
from tinyml_opt.tools.memory_map import COLUMNS
from tinyml_opt.tools.tinyml import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def save(net: Network) -> list[str]:
    """Arguments that analyze a network on the host."""
    onnx.save(net.model(), "net.onnx")
    return ["analyze", "net.onnx", "--board", "host"]


def two_layers() -> Network:
    """64 bytes of input, 256 between the layers, 3 of output."""
    net = Network((1, 1, 8, 8))
    first = net.node("Conv", "x", net.weight(4, 1, 3, 3), name="first", pads=[1] * 4)
    flat = net.node("Flatten", first)
    net.result(net.node("Gemm", flat, net.weight(256, 3, axis=1), name="second"))
    return net


def diamond() -> Network:
    """A branch of 256 and 64 bytes, and one of 64 bytes that is computed between its two layers, while 256 wait."""
    net = Network((1, 1, 8, 8))
    wide = net.node("Conv", "x", net.weight(4, 1, 1, 1), name="wide")
    narrow = net.node("Conv", "x", net.weight(1, 1, 3, 3), name="narrow", pads=[1] * 4)
    last = net.node("Conv", wide, net.weight(1, 4, 1, 1), name="last")
    net.result(net.node("Add", narrow, last, name="sum"))
    return net


def chain() -> Network:
    """Two 3x3 layers of 8 rows: of 8 bytes (input), 32 bytes, and 32 bytes (output). Three rows between them do."""
    net = Network((1, 1, 8, 8))
    first = net.node("Conv", "x", net.weight(4, 1, 3, 3), name="first", pads=[1] * 4)
    net.result(net.node("Conv", first, net.weight(4, 4, 3, 3), name="second", pads=[1] * 4))
    return net


def table_of(arguments: list[str]) -> list[dict[str, str]]:
    """The lines of the CSV that a command writes."""
    assert main([*arguments, "--csv", "map.csv"]) == 0
    with open("map.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    return lines


def cells(line: dict[str, str], plan: str) -> list[int]:
    """Input, output, other, caller and total of one plan."""
    return [int(line[f"{plan}_{part}"]) for part in ("input", "output", "other", "caller", "total")]


def printed(capsys: Capture, arguments: list[str]) -> dict[str, Any]:
    """What a command prints with --json."""
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_two_layers():
    first, second, peak = table_of(save(two_layers()))
    for plan in ("before", "after"):
        assert cells(first, plan) == [0, 256, 0, 64 + 3, 323]
        assert cells(second, plan) == [256, 0, 0, 64 + 3, 323]
        assert peak[f"{plan}_total"] == "323"
    assert [first["node"], first["form"], first["slices"], first["slice"]] == ["first", "contract", "1", ""]
    assert peak["step"] == "peak"


def test_before_is_the_order_of_the_model():
    *lines, peak = table_of(save(diamond()))
    assert {line["node"]: cells(line, "before") for line in lines} == {
        "wide": [0, 256, 0, 128, 384],
        "narrow": [0, 64, 256, 128, 448],
        "last": [256, 64, 64, 128, 512],
        "sum": [128, 0, 0, 128, 256],
    }
    assert [line["node"] for line in lines] == ["wide", "last", "narrow", "sum"]
    assert [line["before_step"] for line in lines] == ["0", "2", "1", "3"]
    assert peak["before_total"] == "512"


def test_the_peak_is_what_analyze_prints(capsys: Capture):
    for net in (two_layers(), diamond()):
        arguments = save(net)
        *lines, peak = table_of(arguments)
        result = printed(capsys, arguments)
        assert int(peak["after_total"]) == result["peak_ram_bytes"]
        assert [int(line["after_total"]) for line in lines] == [row["live_bytes"] for row in result["rows"]]
        assert int(peak["before_total"]) - result["io_bytes"] == result["plan"]["schedule"]["given_peak"]


def test_streams_count_rows(capsys: Capture):
    arguments = [*save(chain()), "--stream"]
    first, second, peak = table_of(arguments)
    caller = 8 * 8 + 8 * 32
    assert cells(first, "before") == [0, 8 * 32, 0, caller, 256 + caller]
    assert cells(second, "before") == [8 * 32, 0, 0, caller, 256 + caller]
    assert cells(first, "after") == [0, 3 * 32, 0, caller, 96 + caller]
    assert cells(second, "after") == [3 * 32, 0, 0, caller, 96 + caller]
    # Row 1 of the second layer is the first that reads three rows, the last of which is row 2 of the first layer.
    assert [first["slices"], first["slice"], second["slices"], second["slice"]] == ["8", "2", "8", "1"]
    assert peak["after_total"] == str(96 + caller)
    result = printed(capsys, arguments)
    assert result["peak_ram_bytes"] == 96 + caller
    assert (result["plan"]["stream"]["forms"], result["plan"]["stream"]["slices"]) == (2, 16)
    assert main(arguments) == 0
    assert "streamed forms" in capsys.readouterr().out


def test_input_rows_are_the_callers_one_by_one(capsys: Capture):
    arguments = [*save(chain()), "--stream", "--input-rows"]
    *lines, peak = table_of(arguments)
    caller = 8 + 8 * 32
    assert [line["node"] for line in lines] == ["input", "first", "second"]
    assert {line["after_caller"] for line in lines} == {str(caller)}
    assert lines[0]["before_total"] == "" and lines[1]["before_caller"] == str(8 * 8 + 8 * 32)
    assert cells(lines[1], "after") == [3 * 8, 3 * 32, 0, caller, 120 + caller]
    row_number = 2
    assert peak["after_total"] == str(120 + caller + row_number)
    result = printed(capsys, arguments)
    assert (result["io_bytes"], result["input_rows"], result["state_bytes"]) == (caller, 8, row_number)
    assert main(arguments) == 0
    assert "rows of input" in capsys.readouterr().out


def test_an_input_in_the_arena_is_not_the_callers(capsys: Capture):
    arguments = [*save(two_layers()), "--input", "arena"]
    *lines, peak = table_of(arguments)
    assert {line["after_caller"] for line in lines} == {"3"}
    first = {line["node"]: line for line in lines}["first"]
    assert cells(first, "before")[:4] == [0, 256, 0, 64 + 3]
    assert cells(first, "after")[:4] == [64, 256, 0, 3]
    assert int(peak["after_total"]) == printed(capsys, arguments)["peak_ram_bytes"] <= 64 + 256 + 3


def test_bytes_that_an_output_shares_with_a_dying_input_count_once():
    *lines, peak = table_of(save(diamond()))
    assert {line["node"]: line["after_shared"] for line in lines}["last"] == "64"
    for line in lines:
        assert sum(cells(line, "after")[:4]) - int(line["after_shared"]) == int(line["after_total"])
    assert max(int(line["after_total"]) for line in lines) == int(peak["after_total"]) == 384


def test_the_plan_is_plain_data(capsys: Capture):
    plan = printed(capsys, save(diamond()))["plan"]
    assert plan["peak"] == plan["lower_bound"] and plan["proven"] is True
    assert plan["method"] in ("greedy", "search")
    assert {"peak", "given_peak", "lower_bound", "method"} <= set(plan["schedule"])
    assert "stream" not in plan


@pytest.mark.parametrize("options", [[], ["--stream"]])
def test_figures(options: list[str]):
    arguments = [*save(chain()), *options]
    assert main([*arguments, "--figure", "arena.png"]) == 0
    assert main([*arguments, "--figure", "arena.svg"]) == 0
    png, svg = Path("arena.png").read_bytes(), Path("arena.svg").read_text()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (1500, 750)
    assert "<svg" in svg and svg.count("<path") > 5


def test_a_label_stands_inside_its_area():
    mask = np.zeros((50, 100), np.bool_)
    mask[10:20, 30:80] = True
    mask[5:10, 30:40] = True
    row, column = Room(mask).window(6, 20) or (0, 0)
    assert mask[int(row - 3) : int(row + 3), int(column - 10) : int(column + 10)].all()
    assert Room(mask).window(16, 20) is None


def test_neighbours_have_different_colours():
    grid = np.arange(24, dtype=np.int32).reshape(4, 6).repeat(5, 0).repeat(5, 1)
    colours = np.array(colouring(grid, 24))[grid]
    assert colours.min() >= 0 and colours.max() < len(PALETTE)
    assert (colours[1:] != colours[:-1])[grid[1:] != grid[:-1]].all()
    assert (colours[:, 1:] != colours[:, :-1])[grid[:, 1:] != grid[:, :-1]].all()


def refusal(capsys: Capture, arguments: list[str]) -> str:
    """What a refused command says."""
    assert main(arguments) == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["arena.pdf", "arena", "arena.PNG.txt"])
def test_a_figure_needs_a_suffix_that_can_be_drawn(capsys: Capture, name: str):
    said = refusal(capsys, [*save(two_layers()), "--figure", name])
    assert said == f"error: --figure {name}: the name must end in .png or .svg\n"


def test_without_matplotlib(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    arguments = save(two_layers())
    said = refusal(capsys, [*arguments, "--figure", "arena.png"])
    assert said == "error: --figure needs matplotlib: pip install 'tinyml-opt[report]'\n"
    assert main([*arguments, "--csv", "map.csv"]) == 0


def test_a_file_that_cannot_be_written(capsys: Capture):
    Path("folder").mkdir()
    said = refusal(capsys, [*save(two_layers()), "--csv", "folder"])
    assert said.startswith("error: cannot write folder: ")
