"""Layers in tiles whose data and results lie in rows apart: the same integers on cores with other kernels each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs, tiles
from support.tile_networks import windows

from tinyml_opt.targets.executors.select import board_executor


def as_wide_as_rows() -> Network:
    """Windows that take whole rows, several of them: taps that lie one after the other where rows do not lie apart."""
    net = Network((1, 2, 9, 8), 3)
    value = net.node("Relu", net.node("Conv", "x", net.weight(8, 2, 3, 3), net.bias(8), pads=[1] * 4))
    value = net.node("Relu", net.node("Conv", value, net.weight(8, 8, 3, 8), net.bias(8)))
    net.result(net.node("Conv", value, net.weight(6, 8, 2, 1), net.bias(6)))
    return net


def along_one_dimension() -> Network:
    """Samples of three channels, which are rows of three bytes: windows of several, none of them beyond the data."""
    net = Network((1, 3, 14), 4)
    value = net.node("Relu", net.node("Conv", "x", net.weight(8, 3, 3), net.bias(8)))
    net.result(net.node("Conv", value, net.weight(5, 8, 3), net.bias(5), strides=[2]))
    return net


def pointwise() -> Network:
    """Rows of an even and of an odd number of pixels, channels by fours and some left over."""
    net = Network((1, 4, 5, 6), 1)
    value = net.node("Relu", net.node("Conv", "x", net.weight(12, 4, 3, 3), net.bias(12), pads=[1] * 4))
    value = net.node("Relu", net.node("Conv", value, net.weight(16, 12, 1, 1), net.bias(16)))
    value = net.node("Relu", net.node("Conv", value, net.weight(10, 16, 1, 2), net.bias(10)))
    net.result(net.node("Conv", value, net.weight(8, 10, 1, 1), net.bias(8)))
    return net


NETWORKS: dict[str, Callable[[], Network]] = {
    "as_wide_as_rows": as_wide_as_rows,
    "along_one_dimension": along_one_dimension,
    "pointwise": pointwise,
    "windows": windows,
}


@pytest.mark.parametrize("memory", ({"stream": True}, {"input": "rows"}), ids=str)
@pytest.mark.parametrize("board", ("nano33ble", "mps3-an547", "metro-m0", "bluepill", "uno"))
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_integers(name: str, board: str, memory: dict[str, Any], tmp_path: Path):
    net = NETWORKS[name]()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, board, **memory)
    assert bool(tiles(compilation)) == (name != "windows" or board not in ("metro-m0", "bluepill"))
    assert "memplan.rows" in str(compilation.memplan)
    equal_levels(compilation, real_inputs(rows), [board_executor(compilation.generated(), compilation.board)])
