"""Layers in tiles: the same integers at every level and on a Cortex-M4, with assembly and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs, tiles
from support.recurrent_models import recurrent_layer
from support.tile_networks import dense, residual, scaled, windows

from tinyml_opt.dialects import emitc
from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.targets.executors.cortex_m import CortexMExecutor

BOARD = "nano33ble"


def pointwise() -> Network:
    """Three by five pixels, an odd number, and ten channels, which leave two over; the second is read in place."""
    net = Network((1, 8, 3, 5), 1)
    first = net.node("Relu", net.node("Conv", "x", net.weight(10, 8, 1, 1), net.bias(10)))
    second = net.node("Conv", first, net.weight(8, 10, 1, 1), net.bias(8))
    net.result(net.node("Conv", net.node("Relu", second), net.weight(8, 8, 1, 1), net.bias(8)))
    return net


def columns_of_words() -> Network:
    """A padded 3x3 layer whose taps fill words, after one of stride 2."""
    net = Network((1, 4, 9, 7), 2)
    first = net.node("Relu", net.node("Conv", "x", net.weight(8, 4, 3, 3), net.bias(8), pads=[1] * 4, strides=[2, 2]))
    net.result(net.node("Conv", first, net.weight(12, 8, 3, 3), net.bias(12), pads=[1] * 4))
    return net


def rows_of_words() -> Network:
    """One channel, four taps a row: a row at the border is padded in part."""
    net = Network((1, 1, 12, 10), 3)
    net.result(net.node("Conv", "x", net.weight(8, 1, 5, 4), net.bias(8), pads=[4, 1, 5, 1], strides=[2, 2]))
    return net


def taps_left_over() -> Network:
    """Three channels, nine taps a row: two words and a tap that fills none."""
    net = Network((1, 3, 9, 9), 4)
    net.result(net.node("Conv", "x", net.weight(5, 3, 3, 3), net.bias(5), pads=[0, 0, 1, 1], strides=[2, 2]))
    return net


def dilated() -> Network:
    """Taps two pixels apart, of two channels each: a run is too short for a word."""
    net = Network((1, 2, 8, 8), 5)
    net.result(net.node("Conv", "x", net.weight(4, 2, 3, 3), net.bias(4), pads=[2] * 4, dilations=[2, 2]))
    return net


NETWORKS: dict[str, tuple[Callable[[], Network], int]] = {
    "pointwise": (pointwise, 3),
    "columns_of_words": (columns_of_words, 2),
    "rows_of_words": (rows_of_words, 1),
    "taps_left_over": (taps_left_over, 1),
    "dilated": (dilated, 1),
    "windows": (windows, 3),
    "residual": (lambda: residual(3), 2),
    "dense": (lambda: dense(7), 2),
}
"""Networks, and how many of their layers have tiles."""


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_integers(name: str, tmp_path: Path):
    """Assembly runs on the core; the host runs the C of the same operations."""
    network, layers = NETWORKS[name]
    net = network()
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD)
    assert tiles(compilation) == layers
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), compilation.board)])


def every_kernel() -> Network:
    """Windows, columns of two pixels, and a product with one column of more than a turn of quads."""
    net = windows()
    net.result(net.node("Conv", "x", net.weight(12, 8, 3, 3), net.bias(12), pads=[1] * 4))
    flat = net.node("Flatten", net.node("AveragePool", "x", kernel_shape=[3, 4], strides=[3, 3]))
    net.result(net.node("Gemm", flat, net.weight(9, 72), net.bias(9), transB=1))
    return net


@pytest.mark.parametrize("packed", ("8", "16"))
@pytest.mark.parametrize("flags", (["-Os"], ["-O3"], ["-O2", "-DTINYML_NO_ASM"], ["-O0"]), ids=" ".join)
def test_whatever_the_flags(flags: list[str], packed: str, tmp_path: Path):
    net = every_kernel()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD, packed=packed)
    assert tiles(compilation) == 5
    board = replace(compilation.board, flags=(*(f for f in compilation.board.flags if f != "-O2"), *flags))
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), board)])


def test_weights_that_are_held(tmp_path: Path):
    """A board that waits for flash: layers of many pixels copy their weights into scratch memory."""
    net = every_kernel()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, "nucleo-l4r5zi")
    forms = [op for op in compilation.memplan.walk() if isinstance(op, StructuredForm) and op.tile is not None]
    assert any(form.tile is not None and form.tile.holds_weights for form in forms)
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), compilation.board)])


@pytest.mark.parametrize(("board", "packed"), ((BOARD, "auto"), ("nucleo-l4r5zi", "auto"), (BOARD, "8")))
def test_channels_with_multipliers_of_their_own(board: str, packed: str, tmp_path: Path):
    """Whole rows and all groups in one block; weights of bytes without."""
    net = scaled()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, board, packed=packed)
    model = compilation.generated()
    assert tiles(compilation) == 5
    kinds = ("groups", "planes")
    assert all((f"tinyml_{kind}" in model.source) is (packed != "8") for kind in kinds)
    assert any(f"tinyml_{kind}32_" in model.source for kind in kinds) is (board != BOARD)
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(model, compilation.board)])


def test_layers_of_one_shape_share_a_function(tmp_path: Path):
    """Where flash is spared: three layers differ in weights, in their zero points and in shifts."""
    net = Network((1, 8, 4, 6), 5)
    last = "x"
    for number in range(3):
        layer = net.node("Conv", last, net.weight(8, 8, 1, 1), net.bias(8))
        last = net.node("Relu", layer) if number < 2 else layer
    net.result(last)
    rows = net.rows(2)
    apart, shared = (compile_network(net.model(), tmp_path, rows, BOARD, packed=packed) for packed in ("16", "8"))
    functions = [sum(isinstance(op, emitc.FuncOp) for op in c.emitc.ops) for c in (apart, shared)]
    assert functions[1] == functions[0] - 2
    equal_levels(shared, real_inputs(rows), [CortexMExecutor(shared.generated(), shared.board)])


@pytest.mark.parametrize("asm", (True, False))
def test_layers_of_many_sizes_share_a_function(asm: bool, tmp_path: Path):
    """Where flash is spared: four layers are one function, of an even number of pixels and of an odd one."""
    net = Network((1, 8, 6, 6), 9)
    first = net.node("Relu", net.node("Conv", "x", net.weight(40, 8, 1, 1), net.bias(40)))
    second = net.node("Relu", net.node("Conv", first, net.weight(24, 40, 1, 1), net.bias(24)))
    pooled = net.node("MaxPool", second, kernel_shape=[2, 2], strides=[2, 2])
    third = net.node("Relu", net.node("Conv", pooled, net.weight(24, 24, 1, 1), net.bias(24)))
    net.result(net.node("Conv", third, net.weight(16, 24, 1, 1), net.bias(16)))
    rows = net.rows(2)
    apart, shared = (
        compile_network(net.model(), tmp_path, rows, BOARD, packed=packed, asm=asm) for packed in ("16", "8")
    )
    functions = [sum(isinstance(op, emitc.FuncOp) for op in c.emitc.ops) for c in (apart, shared)]
    assert functions[1] == functions[0] - 3
    equal_levels(shared, real_inputs(rows), [CortexMExecutor(shared.generated(), shared.board)])


@pytest.mark.parametrize("board", ("metro-m0", "bluepill", "mps2-an505", "mps3-an547"))
def test_other_cores(board: str, tmp_path: Path):
    """Columns of bytes in pieces and in vectors, and bytes where they lie; all kinds of taps."""
    net = columns_of_words()
    image = net.node("Conv", "x", net.weight(5, 4, 4, 3), net.bias(5), pads=[1, 1, 2, 0], strides=[2, 1])
    flat = net.node("Flatten", net.node("Relu", image))
    net.result(net.node("Gemm", flat, net.weight(9, 5 * 5 * 6), net.bias(9), transB=1))
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, board)
    assert tiles(compilation) == 4
    model = compilation.generated()
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(model, compilation.board)])


@pytest.mark.parametrize("kind", ("LSTM", "GRU"))
def test_layers_in_rounds(kind: str, tmp_path: Path):
    """Products with the state and with a step of the input have tiles; the input's rounds are held."""
    model = recurrent_layer(kind, ("y", "h"), rounds=3, width=6, hidden=8, first=True)
    rows = np.random.default_rng(3).normal(size=(3, 3, 1, 6)).astype(np.float32)
    compilation = compile_network(model, tmp_path, rows, BOARD)
    assert tiles(compilation) == (2 if kind == "LSTM" else 3)
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), compilation.board)])


def test_without_assembly(tmp_path: Path):
    net = every_kernel()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD, asm=False)
    model = compilation.generated()
    assert "asm" not in model.source and "tinyml_dot_4x2_18(" in model.source
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(model, compilation.board)])


def test_less_flash_has_weights_of_bytes(tmp_path: Path):
    """A board whose flash holds no halves: bytes are the next best."""
    net = Network((1, 512), 9)
    first = net.node("Relu", net.node("Gemm", "x", net.weight(128, 512), net.bias(128), transB=1))
    net.result(net.node("Gemm", first, net.weight(12, 128), net.bias(12), transB=1))
    rows = net.rows(1)
    widths: list[list[int]] = []
    for flash in (262_144, 131_072, 90_000):
        compilation = compile_network(net.model(), tmp_path, rows, str(smaller_board(tmp_path, flash)))
        forms = [op for op in compilation.memplan.walk() if isinstance(op, StructuredForm)]
        widths.append([form.tile.bits.data for form in forms if form.tile is not None])
    assert widths == [[16, 16], [8, 16], []]


def smaller_board(folder: Path, flash: int) -> Path:
    """The board with less flash."""
    text = (files("tinyml_opt.targets.boards") / f"{BOARD}.toml").read_text()
    (folder / "smaller.toml").write_text(text.replace("flash_bytes = 1_048_576", f"flash_bytes = {flash}"))
    return folder / "smaller.toml"


@pytest.mark.parametrize("memory", ({"stream": True}, {"input": "rows"}), ids=str)
@pytest.mark.parametrize("name", ("columns_of_words", "windows"))
def test_slices_call_the_same_kernels(name: str, memory: dict[str, Any], tmp_path: Path):
    network, layers = NETWORKS[name]
    net = network()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD, **memory)
    assert tiles(compilation) == layers
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), compilation.board)])


def test_tiles_are_given_up_where_nothing_else_fits(tmp_path: Path):
    net = windows()
    rows = net.rows(2)
    whole = compile_network(net.model(), tmp_path, rows, BOARD, effort=10)
    tight = compile_network(net.model(), tmp_path, rows, BOARD, effort=10, ram=8 * 9 * 11 + 8 * 2 * 4 + 500)
    assert (tiles(whole), tiles(tight)) == (3, 0)
    equal_levels(tight, real_inputs(rows))


def test_a_core_without_the_operations_has_no_tiles(tmp_path: Path):
    net = dense(7)
    assert tiles(compile_network(net.model(), tmp_path, net.rows(1), "esp32")) == 0
