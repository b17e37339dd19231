"""A network whose buffers lie in several memories: equal at every level, and in sections of the object file."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.memplan import ArenaOp, RowsOp
from tinyml_opt.tools.analyze import analyze
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.tinyml import main

BOARD = """
title = "A core with three memories"
mcu = "none"
core = "host"
ram_bytes = {total}
flash_bytes = 65536
stack_bytes = 0
alignment = 4
index_bits = 32
product_bits = 64
compiler = "cc"
flags = ["-O2"]
[simulator]
kind = "host"
[[memories]]
name = "Tightly coupled"
kind = "ram"
origin = 0x20000000
bytes = {dtcm}
id = "dtcm"
section = ".dtcm"
[[memories]]
name = "Main"
kind = "ram"
origin = 0x20010000
bytes = {sram}
id = "sram"
[[memories]]
name = "External"
kind = "ram"
origin = 0x60000000
bytes = {psram}
id = "psram"
section = ".psram"
"""


def board(folder: Path, dtcm: int, sram: int, psram: int) -> str:
    """The file of a board with memories of these sizes."""
    path = folder / "board.toml"
    path.write_text(BOARD.format(total=dtcm + sram + psram, dtcm=dtcm, sram=sram, psram=psram))
    return str(path)


def network() -> Network:
    """A 3x3 layer of 256 bytes, read again at the end; two of 256 and 64 bytes between; 64 bytes of input."""
    net = Network((1, 1, 8, 8), 5)
    first = net.node("Conv", "x", net.weight(4, 1, 3, 3), net.bias(4), name="first", pads=[1] * 4)
    second = net.node("Conv", first, net.weight(4, 4, 3, 3), net.bias(4), name="second", pads=[1] * 4)
    narrow = net.node("Conv", second, net.weight(1, 4, 1, 1), net.bias(1), name="narrow")
    total = net.node("Add", net.node("Relu", first), net.node("Relu", narrow), name="total")
    net.result(net.node("Gemm", net.node("Flatten", total), net.weight(256, 3, axis=1), net.bias(3), name="classes"))
    return net


def arenas(compilation: Compilation) -> dict[str, int]:
    """The bytes of each arena, by its memory, in order."""
    return {op.memory.data: op.size.value.data for op in compilation.memplan.walk() if isinstance(op, ArenaOp)}


WAYS: dict[str, tuple[tuple[int, int, int], dict[str, Any], list[str]]] = {
    "two": ((300, 600, 4096), {}, ["dtcm", "sram"]),
    "three": ((64, 330, 4096), {}, ["dtcm", "sram", "psram"]),
    "arena": ((300, 600, 4096), {"input": "arena"}, ["dtcm", "sram"]),
    "stream": ((260, 187, 40), {}, ["dtcm", "sram", "psram"]),
    "rows": ((130, 400, 4096), {"input": "rows"}, ["dtcm", "sram"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_integers(way: str, tmp_path: Path):
    """All levels agree; C is compiled as it stands, and with each arena in a section of its own."""
    sizes, options, used = WAYS[way]
    net = network()
    rows = net.rows(4)
    compilation = compile_network(net.model(), tmp_path, rows, board(tmp_path, *sizes), memories=True, **options)
    found = arenas(compilation)
    assert sorted(found) == sorted(used)
    assert all(found.get(name, 0) <= size for name, size in zip(("dtcm", "sram", "psram"), sizes, strict=True))
    assert way not in ("stream", "rows") or any(isinstance(op, RowsOp) for op in compilation.memplan.walk())
    analysis = analyze(compilation)
    assert analysis.arena_bytes == sum(found.values()) >= analysis.plan["lower_bound"]
    assert analysis.peak_ram_bytes >= max(row.live_bytes for row in analysis.rows)
    assert {name: entry["peak"] for name, entry in analysis.plan["memories"].items() if entry["peak"]} == found
    equal_levels(compilation, real_inputs(rows))
    assert sections(compilation, tmp_path) == {f".{name}": size for name, size in found.items() if name != "sram"}


def sections(compilation: Compilation, folder: Path) -> dict[str, int]:
    """The bytes of the sections that the arenas are put in with the flags that the header names."""
    files = compilation.c_files()
    for name, text in files.items():
        (folder / name).write_text(text)
    flags = re.findall(r"-D(\w+)='(.*?)'", files[f"{compilation.name}.h"])
    defined = [f"-D{macro}={value}" for macro, value in flags]
    source = f"{compilation.name}.c"
    subprocess.run(["cc", "-c", "-Wall", "-Werror", *defined, source, "-o", "net.o"], cwd=folder, check=True)
    lines = subprocess.run(["size", "-A", "net.o"], cwd=folder, check=True, capture_output=True, text=True).stdout
    return {name: int(size) for name, size in re.findall(r"^(\.(?:dtcm|psram))\s+(\d+)", lines, re.M)}


def test_the_caller_takes_from_the_memory_of_static_data(tmp_path: Path):
    """64 bytes of input and 3 of output lie in `sram`, beside the arena."""
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board(tmp_path, 300, 600, 4096), memories=True)
    assert analyze(compilation).plan["memories"]["sram"]["size"] == 600 - 64 - 3


def test_a_memory_that_is_large_enough_has_all(tmp_path: Path):
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board(tmp_path, 4096, 600, 600), memories=True)
    assert list(arenas(compilation)) == ["dtcm"]


def test_without_the_option_there_is_one_arena(tmp_path: Path):
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board(tmp_path, 300, 600, 4096))
    assert list(arenas(compilation)) == ["sram"]
    assert "memories" not in analyze(compilation).plan


def test_what_was_tried(tmp_path: Path):
    """Only one memory holds a buffer of 256 bytes, and two are alive together: all but one run in slices."""
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board(tmp_path, 260, 187, 40), memories=True)
    fit = analyze(compilation).plan["fit"]
    assert fit["way"] == "stream" and fit["fits"]
    assert fit["tried"][0] == {"way": "whole", "missing": 256}


def test_every_buffer_without_a_memory_is_named(tmp_path: Path):
    net = network()
    with pytest.raises(UserError) as caught:
        compile_network(net.model(), tmp_path, net.rows(2), board(tmp_path, 16, 90, 16), memories=True)
    assert all(
        "fits none of the memories dtcm (16 bytes), sram (23 bytes), psram (16 bytes)" in r
        for r in caught.value.reasons
    )


def test_a_board_with_one_memory(tmp_path: Path):
    net = network()
    with pytest.raises(UserError, match="--memories: the file of board 'uno' lists no memories with an `id`"):
        compile_network(net.model(), tmp_path, net.rows(2), "uno", memories=True)


def test_analyze_shows_each_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    net = network()
    compile_network(net.model(), tmp_path, net.rows(2))
    path = board(tmp_path, 300, 600, 4096)
    assert main(["analyze", str(tmp_path / "net.onnx"), "--board", path, "--memories"]) == 0
    shown = re.sub(r"[│┃|\s]+", " ", capsys.readouterr().out)
    assert re.search(r" in dtcm \d+ [\d.]+ % of 300 ", shown) and re.search(r" in psram 0 0.0 % of 4,096 ", shown)


def test_a_difference_is_still_looked_for_with_all_nodes_as_outputs(tmp_path: Path):
    """That needs more memory than there is: it is done without the memories."""
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board(tmp_path, 300, 600, 4096), memories=True)
    exposed = replace(compilation).exposed()
    assert list(arenas(exposed)) in ([], ["sram"]) and not exposed.options.memories
