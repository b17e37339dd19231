"""Layers in tiles on a Cortex-M55: the same integers at every level, whatever the flags, in vectors and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs, tiles
from support.tile_networks import dense, residual, windows

from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.dialects.fixed.tile import Kernel
from tinyml_opt.targets.executors.cortex_m import CortexMExecutor

BOARD = "mps3-an547"


def wide_rows() -> Network:
    """Depthwise layers whose cells are further apart than a load moves a pointer."""
    net = Network((1, 136, 4, 5), 2)
    value = net.node("Relu", net.node("Conv", "x", net.weight(136, 1, 3, 3), net.bias(136), pads=[1] * 4, group=136))
    net.result(net.node("Conv", value, net.weight(136, 1, 2, 4), net.bias(136), group=136))
    return net


def long_columns() -> Network:
    """Columns of 16 taps, of nine steps, which have a loop, and of ten channels, whose last group is cut."""
    net = Network((1, 16, 3, 5), 1)
    first = net.node("Relu", net.node("Conv", "x", net.weight(10, 16, 1, 1), net.bias(10)))
    second = net.node("Relu", net.node("Conv", "x", net.weight(9, 16, 3, 3), net.bias(9), pads=[1] * 4))
    net.result(net.node("Concat", first, second, axis=1))
    return net


def clipped_above() -> Network:
    """Results that end below what 8 bits hold."""
    net = Network((1, 8, 4, 4), 3)
    limits = [net.constant(np.float32(bound)) for bound in (-0.5, 0.75)]
    value = net.node("Conv", "x", net.weight(8, 1, 3, 3), net.bias(8), pads=[1] * 4, group=8)
    net.result(net.node("Conv", net.node("Clip", value, *limits), net.weight(6, 8, 1, 1), net.bias(6)))
    return net


NETWORKS: dict[str, tuple[Callable[[], Network], list[Kernel]]] = {
    "dense": (lambda: dense(7), [Kernel.VECTORS] * 2),
    "residual": (lambda: residual(3), [Kernel.VECTORS] * 2),
    "windows": (lambda: windows(16), [Kernel.WIDE] * 3),
    "wide_rows": (wide_rows, [Kernel.WIDE] * 2),
    "long_columns": (long_columns, [Kernel.VECTORS] * 2),
    "clipped_above": (clipped_above, [Kernel.WIDE, Kernel.VECTORS]),
}
"""Networks, and the kernels of their layers."""


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_integers(name: str, tmp_path: Path):
    """Vectors on the core; the host runs the C of the same operations."""
    network, kernels = NETWORKS[name]
    net = network()
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD)
    assert tiles(compilation) == len(kernels)
    forms = [op for op in compilation.memplan.walk() if isinstance(op, StructuredForm)]
    assert [form.tile.kernel.data for form in forms if form.tile is not None] == kernels
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), compilation.board)])


@pytest.mark.parametrize("flags", (["-Os"], ["-O3"], ["-O2", "-DTINYML_NO_ASM"], ["-O0"]), ids=" ".join)
def test_whatever_the_flags(flags: list[str], tmp_path: Path):
    net = windows(8)
    wide = net.node("Conv", "x", net.weight(12, 8, 3, 3), net.bias(12), pads=[1] * 4)
    net.result(net.node("Gemm", net.node("Flatten", wide), net.weight(5, 12 * 99), net.bias(5), transB=1))
    rows = net.rows(2)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD)
    assert tiles(compilation) == 5
    board = replace(compilation.board, flags=(*(f for f in compilation.board.flags if f != "-O2"), *flags))
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), board)])


@pytest.mark.parametrize("level", ("-Os", "-O3"))
def test_registers_suffice(level: str, tmp_path: Path):
    """The layers of a LeNet: blocks of two pixels and ten steps take all even registers."""
    net, scales = Network((1, 1, 28, 28), 4), [number / 8 + 0.3 for number in range(16)]
    first = net.node("Relu", net.node("Conv", "x", net.weight(6, 1, 5, 5, scales=scales[:6]), net.bias(6)))
    pooled = net.node("MaxPool", first, kernel_shape=[2, 2], strides=[2, 2])
    net.result(net.node("Relu", net.node("Conv", pooled, net.weight(16, 6, 5, 5, scales=scales), net.bias(16))))
    rows = net.rows(1)
    compilation = compile_network(net.model(), tmp_path, rows, BOARD)
    board = replace(compilation.board, flags=tuple(level if f == "-O2" else f for f in compilation.board.flags))
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), board)])


@pytest.mark.parametrize("memory", ("stream", "rows"))
def test_slices_call_the_same_kernels(memory: str, tmp_path: Path):
    net = windows(16)
    rows = net.rows(2)
    options: dict[str, Any] = {"stream": True} if memory == "stream" else {"input": "rows"}
    compilation = compile_network(net.model(), tmp_path, rows, BOARD, **options)
    assert tiles(compilation) == 3
    equal_levels(compilation, real_inputs(rows), [CortexMExecutor(compilation.generated(), compilation.board)])
