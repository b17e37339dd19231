"""Layers in tiles on AVR: the same integers at every level, whatever the flags, with assembly and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs, tiles
from support.tile_networks import dense, residual

from tinyml_opt.targets.executors.avr import AvrExecutor


def pairs_of_pixels() -> Network:
    """Windows without padding: rows of an even number of pixels, then an odd number in all; then one pixel."""
    net = Network((1, 2, 9, 8), 3)
    first = net.node("Relu", net.node("Conv", "x", net.weight(5, 2, 4, 3), net.bias(5)))
    second = net.node("Relu", net.node("Conv", first, net.weight(4, 5, 2, 2), net.bias(4)))
    third = net.node("Conv", second, net.weight(3, 4, 5, 3), net.bias(3), strides=[2, 2])
    net.result(third)
    return net


def padded() -> Network:
    """Windows that leave the data: of data without sign, over each channel by itself, with a stride of 2."""
    net = Network((1, 2, 7, 8), 5)
    value = net.node("Relu", net.node("Conv", "x", net.weight(7, 2, 3, 3), net.bias(7), pads=[1] * 4))
    value = net.node("Relu", net.node("Conv", value, net.weight(7, 1, 3, 3), net.bias(7), pads=[1] * 4, group=7))
    value = net.node(
        "Relu", net.node("Conv", value, net.weight(7, 1, 2, 3), net.bias(7), pads=[0, 1, 1, 2], strides=[2, 2], group=7)
    )
    net.result(net.node("Conv", value, net.weight(6, 7, 3, 3), net.bias(6), pads=[2, 1, 0, 1]))
    return net


def pointwise() -> Network:
    """Layers whose output lies over their input."""
    net = Network((1, 8, 3, 5), 1)
    first = net.node("Relu", net.node("Conv", "x", net.weight(10, 8, 1, 1), net.bias(10)))
    second = net.node("Relu", net.node("Conv", first, net.weight(8, 10, 1, 1), net.bias(8)))
    net.result(net.node("Conv", second, net.weight(8, 8, 1, 1), net.bias(8)))
    return net


def sparse() -> Network:
    """Weights of which few are not 0, under a layout: their rows are summed by a block, too."""
    net = Network((1, 120), 9)
    weights = np.where(net.random.random((9, 120)) < 0.15, net.random.integers(-127, 128, (9, 120)), 0)
    weights[:, 0] = 127
    first = net.node("Gemm", "x", net.constant((weights / 128).astype(np.float32)), net.bias(9), transB=1)
    net.result(net.node("Relu", first))
    return net


NETWORKS: dict[str, tuple[Callable[[], Network], int]] = {
    "dense": (lambda: dense(11), 2),
    "pairs_of_pixels": (pairs_of_pixels, 3),
    "padded": (padded, 4),
    "pointwise": (pointwise, 3),
    "residual": (lambda: residual(1), 2),
    "sparse": (sparse, 0),
}
"""Networks, and how many of their layers have tiles."""


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_integers(name: str, tmp_path: Path):
    """Assembly runs on the core; the host runs the C of the same operations."""
    network, layers = NETWORKS[name]
    net = network()
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, "mega2560")
    assert tiles(compilation) == layers
    assert ("tinyml_sparse_24" in compilation.generated().source) == (name == "sparse")
    equal_levels(compilation, real_inputs(rows), [AvrExecutor(compilation.generated(), compilation.board)])


SIZE, SPEED, NO_ASM = ["-Os"], ["-O3"], ["-O2", "-DTINYML_NO_ASM"]
FLAGS = [
    *((name, SIZE) for name in ("dense", "pairs_of_pixels", "padded", "sparse")),
    *(("padded", SPEED), ("dense", SPEED), ("padded", NO_ASM), ("sparse", NO_ASM)),
]


@pytest.mark.parametrize(("name", "flags"), FLAGS, ids=str)
def test_whatever_the_flags(name: str, flags: list[str], tmp_path: Path):
    net = NETWORKS[name][0]()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, "uno")
    board = replace(compilation.board, flags=(*(f for f in compilation.board.flags if f != "-O2"), *flags))
    equal_levels(compilation, real_inputs(rows), [AvrExecutor(compilation.generated(), board)])


@pytest.mark.parametrize("memory", ({"stream": True}, {"input": "rows"}), ids=str)
@pytest.mark.parametrize("name", ("pairs_of_pixels", "padded"))
def test_slices_call_the_same_kernels(name: str, memory: dict[str, Any], tmp_path: Path):
    network, layers = NETWORKS[name]
    net = network()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, "uno", **memory)
    assert tiles(compilation) == layers
    equal_levels(compilation, real_inputs(rows), [AvrExecutor(compilation.generated(), compilation.board)])


@pytest.mark.parametrize("name", ("dense", "padded", "sparse"))
def test_constants_beyond_the_reach_of_addresses(name: str, tmp_path: Path):
    net = NETWORKS[name][0]()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, "mega2560")
    near = replace(compilation, board=replace(compilation.board, near_flash_bytes=80))
    assert "_far(" in near.generated().source
    equal_levels(near, real_inputs(rows), [AvrExecutor(near.generated(), near.board)])
