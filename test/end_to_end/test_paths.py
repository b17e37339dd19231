"""Trees written with masks: every node computed and multiplied by 0 or 1, or only those on the path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from support.networks import Network, compile_network, equal_levels, on_grid

from tinyml_opt.dialects import onnx
from tinyml_opt.dialects.fixed.forms import ContractOp
from tinyml_opt.targets.ports import output_ports, to_real
from tinyml_opt.tools.compiling.compilation import Compilation, float_outputs

CLASSES, DEPTH = 5, 6


def masked_tree(biased: bool) -> Network:
    """Bonsai (Kumar et al., ICML 2017) of depth 2 as exported with products of decisions, of which e is not d."""
    net = Network((1, 12), 41)
    z = net.node("Gemm", "x", net.weight(DEPTH, 12), net.bias(DEPTH), transB=1, name="z")
    bias = net.bias(7 * CLASSES) if biased else net.constant(np.zeros(7 * CLASSES, np.float32))
    w = net.node("Gemm", z, net.weight(7 * CLASSES, DEPTH), bias, transB=1, name="w")
    v = net.node("Tanh", net.node("Gemm", z, net.weight(7 * CLASSES, DEPTH), transB=1))
    rows = net.node("Reshape", net.node("Mul", w, v), net.constant(np.array([7, CLASSES])))
    decisions = net.node("Gemm", z, net.weight(3, DEPTH), transB=1, name="decisions")
    right = net.node("Greater", decisions, net.constant(np.zeros(1, np.float32)))
    d = net.node("Cast", right, to=TensorProto.FLOAT)
    e = net.node("Sub", net.constant(np.ones(1, np.float32)), d)
    for value, name in ((d, "d"), (e, "e")):
        outputs = [f"{name}{i}" for i in range(3)]
        net.nodes.append(helper.make_node("Split", [value, net.constant(np.array([1, 1, 1]))], outputs, axis=1))
    leaves = [net.node("Mul", *pair) for pair in (("e0", "e1"), ("e0", "d1"), ("d0", "e2"), ("d0", "d2"))]
    one = net.constant(np.ones((1, 1), np.float32))
    mask = net.node("Concat", one, "e0", "d0", *leaves, axis=1)
    net.result(net.node("MatMul", mask, rows, name="scores"))
    return net


def contractions(compilation: Compilation) -> int:
    """The multiply-accumulates of a program."""
    return sum(op.macs for op in compilation.fixed.walk() if isinstance(op, ContractOp))


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("board", ["host", "uno"])
def test_a_mask_that_selects_a_path_costs_the_path(biased: bool, board: str, tmp_path: Path):
    net = masked_tree(biased)
    compilation = compile_network(net.model(), tmp_path, net.rows(300), board=board)
    assert any(isinstance(op, onnx.TakeOp) for op in compilation.typed.walk())
    assert contractions(compilation) == DEPTH * 12 + 3 * DEPTH + 2 * 3 * CLASSES * DEPTH
    data = on_grid(compilation, net.rows(60))
    run = equal_levels(compilation, data)
    actual = to_real(run.outputs, output_ports(compilation.function))["scores"]
    expected = float_outputs(compilation, data)["scores"]
    far = np.abs(actual - expected).max(axis=(1, 2)) > np.ptp(expected) / 30
    assert far.mean() < 0.1, "near a threshold the integers may take the other path, elsewhere not"
