"""Squared distances: the same integers at every level, no buffer of differences, as near as operands are rounded."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, errors_in_steps, on_grid

from tinyml_opt.dialects.memplan import BufferOp, ViewOp
from tinyml_opt.dialects.onnx import SquaredDistanceOp
from tinyml_opt.tools.compiling.compilation import Compilation


def prototypes() -> Network:
    """ProtoNN (Gupta et al., ICML 2017): a projection, its distances from prototypes, exponentials, labels' weights."""
    net = Network((1, 12), 21)
    projected = net.node("MatMul", "x", net.weight(12, 10, axis=1), name="projected")
    difference = net.node("Sub", projected, net.constant(net.random.uniform(-2, 2, (40, 10)).astype(np.float32)))
    square = net.node("Mul", difference, difference)
    distance = net.node("ReduceSum", square, net.constant(np.array([1])), keepdims=0, name="distance")
    kernel = net.node("Exp", net.node("Mul", distance, net.constant(np.array([-0.05], np.float32))), name="kernel")
    row = net.node("Reshape", kernel, net.constant(np.array([1, 40])))
    net.result(net.node("MatMul", row, net.weight(40, 5, axis=1), name="scores"))
    net.result(distance)
    return net


def kinds() -> Network:
    """Constants on the left, powers, operands that are both computed, both stretched, or summed along a stretch."""
    net = Network((1, 6, 5), 22)
    axes = {n: net.constant(np.array(a)) for n, a in {"last": [2], "both": [1, 2]}.items()}
    left = net.node("Sub", net.bias(7, 1, 5), "x")
    power = net.node("Pow", left, net.constant(np.float32(2)))
    net.result(net.node("ReduceSum", power, axes["last"], name="power", keepdims=1))
    wide = net.node("Sub", "x", net.bias(1, 6, 1))
    net.result(net.node("ReduceSumSquare", wide, name="stretched", axes=[1, 2], keepdims=0))
    columns = net.node("Reshape", "x", net.constant(np.array([6, 1, 5])))
    pairs = net.node("Sub", "x", net.node("Relu", columns))
    squares = net.node("Mul", pairs, pairs)
    net.result(net.node("ReduceSum", squares, axes["both"], name="computed", keepdims=0))
    short = net.node("Sub", net.bias(5), net.node("Relu", "x"))
    net.result(net.node("ReduceSumSquare", short, name="short", axes=[2], keepdims=1))
    return net


def buffers(compilation: Compilation) -> list[int]:
    """The elements of each buffer of a plan."""
    ops = [op for op in compilation.memplan.walk() if isinstance(op, BufferOp | ViewOp)]
    return [prod(op.result.type.get_shape()) for op in ops]


@pytest.mark.parametrize(("network", "count"), [(prototypes, 1), (kinds, 4)])
@pytest.mark.parametrize("bits", [8, 16])
def test_no_difference_is_stored(network: Callable[[], Network], count: int, bits: int, tmp_path: Path):
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(60), bits=bits)
    assert sum(isinstance(op, SquaredDistanceOp) for op in compilation.typed.walk()) == count
    data = on_grid(compilation, net.rows(20))
    run = equal_levels(compilation, data)
    errors = errors_in_steps(compilation, data, run)
    assert max(errors.values()) < (6 if bits == 8 else 40), errors
    if network is prototypes:
        assert max(buffers(compilation)) <= 40
