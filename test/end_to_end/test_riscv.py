"""Layers in tiles of plain C on a 32-bit RISC-V: the same integers as at every other level."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.targets.executors.riscv import RiscVExecutor


@pytest.mark.parametrize("flags", (["-O2"], ["-Os"]), ids=" ".join)
def test_the_same_integers(flags: list[str], tmp_path: Path):
    """A padded layer; groups of four channels, with two left over; a matrix-vector product."""
    net = Network((1, 3, 7, 5), 1)
    value = net.node("Relu", net.node("Conv", "x", net.weight(8, 3, 3, 3), net.bias(8), pads=[1] * 4))
    value = net.node("Relu", net.node("Conv", value, net.weight(10, 8, 1, 1), net.bias(10)))
    value = net.node("Conv", value, net.weight(6, 10, 2, 3), net.bias(6))
    net.result(net.node("Gemm", net.node("Flatten", value), net.weight(7, 108), net.bias(7), transB=1))
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, "longan-nano")
    forms = [op for op in compilation.memplan.walk() if isinstance(op, StructuredForm)]
    assert sum(form.tile is not None for form in forms) == 4
    board = replace(compilation.board, flags=(*(f for f in compilation.board.flags if f != "-O2"), *flags))
    equal_levels(compilation, real_inputs(rows), [RiscVExecutor(compilation.generated(), board)])


def test_divisions_in_64_bits_are_linked(tmp_path: Path):
    """A softmax of 16 bits, whose quotients come from the compiler's library."""
    net = Network((1, 12), 2)
    net.result(net.node("Softmax", net.node("Gemm", "x", net.weight(6, 12), net.bias(6), transB=1)))
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, "longan-nano", 16)
    equal_levels(compilation, real_inputs(rows), [RiscVExecutor(compilation.generated(), compilation.board)])
