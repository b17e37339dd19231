"""What `analyze` says is what the linked program has, and what the stack takes."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network

from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.firmware import build_firmware
from tinyml_opt.tools.analyze import Analysis, analyze
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.fit import flash_error
from tinyml_opt.tools.sampling import sample_of

WAYS: dict[str, dict[str, Any]] = {
    "whole": {},
    "streamed": {"stream": True},
    "arena": {"stream": True, "input": "arena"},
    "rows": {"input": "rows"},
}


def network() -> Network:
    """Convolutions on odd sizes, so that no buffer ends at a word, and a table."""
    net = Network((1, 3, 9, 7), 1)
    value = net.node("Conv", "x", net.weight(5, 3, 3, 3), net.bias(5), pads=[1] * 4)
    value = net.node("Relu", value)
    value = net.node("Conv", value, net.weight(3, 5, 3, 3), net.bias(3), pads=[1] * 4, strides=[2] * 2)
    value = net.node("Sigmoid", value)
    net.result(net.node("Gemm", net.node("Flatten", value), net.weight(60, 3, axis=1), net.bias(3)))
    return net


def said_and_linked(compilation: Compilation, folder: Path) -> tuple[Analysis, int, int]:
    """An analysis; RAM and flash of the linked program."""
    firmware = build_firmware(compilation.generated(), compilation.board, folder)
    return analyze(compilation), firmware.ram_bytes, firmware.flash_bytes


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("board", ["uno", "metro-m0", "stm32f746"])
def test_ram_is_equal_and_flash_is_near(tmp_path: Path, board: str, way: str):
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board, **WAYS[way])
    said, ram, flash = said_and_linked(compilation, tmp_path)
    assert said.peak_ram_bytes == ram
    assert abs(said.flash_bytes - flash) <= flash_error(said)
    assert said.constant_bytes < flash
    assert said.misfit == ()


def test_several_arenas_and_the_padding_between_them(tmp_path: Path):
    text = (files("tinyml_opt.targets.boards") / "stm32f746.toml").read_text(encoding="utf-8")
    board = tmp_path / "small.toml"
    board.write_text(text.replace("65_536", "136").replace("327_680", str(136 + 245_760 + 16_384)), encoding="utf-8")
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(2), str(board), memories=True, input="rows")
    said, ram, _ = said_and_linked(compilation, tmp_path)
    assert all(memory["peak"] for name, memory in said.plan["memories"].items() if name in ("dtcm", "sram"))
    assert said.peak_ram_bytes == ram
    assert said.state_bytes == 2 and said.padding_bytes > 0


def test_a_constant_counts_once(tmp_path: Path):
    net = Network((1, 40), 2)
    weights, bias = net.weight(40, 40, axis=1), net.bias(40)
    value = "x"
    for kind in ("Tanh", "Sigmoid", "Elu", "Softsign"):
        value = net.node(kind, net.node("Gemm", value, weights, bias))
    net.result(value)
    compilation = compile_network(net.model(), tmp_path, net.rows(4), "bluepill")
    said, _, flash = said_and_linked(compilation, tmp_path)
    assert 1600 < said.constant_bytes < flash < 2 * 1600 + 2000
    assert sum(row.constant_bytes for row in said.rows) > 4 * 1600


def test_the_stack_is_reserved_before_memory_is_planned(tmp_path: Path):
    net = Network((1, 2, 16, 16), 3)
    value = net.node("Conv", "x", net.weight(6, 2, 3, 3), net.bias(6), pads=[1] * 4)
    net.result(net.node("MaxPool", value, kernel_shape=[2] * 2, strides=[2] * 2))
    rows = net.rows(2)
    plain = analyze(compile_network(net.model(), tmp_path, rows, "mega2560"))
    limit = plain.peak_ram_bytes - 1
    reserve = load_board("mega2560").ram_bytes - limit
    fitted = analyze(compile_network(net.model(), tmp_path, rows, "mega2560", stack=reserve))
    assert fitted.peak_ram_bytes <= fitted.ram_limit_bytes == limit
    assert fitted.stack_reserve_bytes == reserve and fitted.misfit == ()


def test_state_counts_before_rows_are_planned(tmp_path: Path):
    net = network()
    rows: np.ndarray[Any, Any] = net.rows(2)
    least = analyze(compile_network(net.model(), tmp_path, rows, "metro-m0", input="rows"))
    exact = analyze(compile_network(net.model(), tmp_path, rows, "metro-m0", input="rows", ram=least.peak_ram_bytes))
    assert exact.peak_ram_bytes <= least.peak_ram_bytes and exact.misfit == ()


@pytest.mark.parametrize(
    ("way", "board", "kinds"), [("whole", "esp32", 4), ("arena", "esp32", 4), ("whole", "bluepill", 16)]
)
def test_a_large_program_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, board: str, kinds: int):
    """One form of each kind stands for all, but for those with tiles: on bluepill the convolutions have some."""
    net = Network((1, 4, 5, 5), 4)
    value = "x"
    for _ in range(12):
        value = net.node("Add", net.node("Conv", value, net.weight(4, 4, 1, 1), net.bias(4)), value)
    net.result(value)
    compilation = compile_network(net.model(), tmp_path, net.rows(2), board, input=WAYS[way].get("input", "caller"))
    whole = analyze(compilation)
    sample = sample_of(compilation.memplan, 10)
    assert (
        sample is not None and sum(sample.counts) == len(whole.rows) - (way == "arena") and len(sample.counts) <= kinds
    )
    monkeypatch.setattr("tinyml_opt.tools.analyze.sample_of", lambda _: sample)  # pyright: ignore
    sampled = analyze(compilation)
    assert replace(sampled, code_bytes=whole.code_bytes, flash_bytes=whole.flash_bytes) == whole
    assert abs(sampled.code_bytes - whole.code_bytes) <= flash_error(whole)
