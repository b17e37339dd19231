"""Elements at computed indices: trees that read one node's weights per level, embeddings, choices among activations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from support.networks import Network, compile_network, equal_levels, errors_in_steps, on_grid

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.forms import ContractOp, MapOp
from tinyml_opt.dialects.memplan import ViewOp, size_in_bytes


def tree(seed: int = 31) -> Network:
    """Bonsai (Kumar et al., ICML 2017) of depth 2 along its path: the node's matrices are gathered at each level."""
    net = Network((1, 12), seed)
    z = net.node("Gemm", "x", net.weight(6, 12), net.bias(6), transB=1, name="z")
    w, v, t = (net.constant(net.random.uniform(-1, 1, s).astype(np.float32)) for s in ((7, 6, 4), (7, 6, 4), (3, 6)))
    one, two = (net.constant(np.array(n)) for n in ([1], [2]))
    node, score = net.constant(np.array(0)), ""
    for level in range(3):
        product = net.node("MatMul", z, net.node("Gather", w, node, axis=0))
        angle = net.node("Tanh", net.node("MatMul", z, net.node("Gather", v, node, axis=0)))
        part = net.node("Mul", product, angle)
        score = net.node("Add", score, part, name=f"score{level}") if score else part
        if level < 2:
            threshold = net.node("MatMul", z, net.node("Gather", t, node, axis=0))
            left = net.node("GreaterOrEqual", threshold, net.constant(np.zeros(1, np.float32)))
            step = net.node("Squeeze", net.node("Where", left, one, two), net.constant(np.array([0])))
            node = net.node("Add", net.node("Mul", node, net.constant(np.array(2))), step)
    net.result(score)
    return net


def activations() -> Network:
    """The row of an activation where another is greatest, counted from either end, and several rows at once."""
    net = Network((1, 6, 5), 32)
    scaled = net.node("Mul", "x", net.bias(6, 1), name="scaled")
    best = net.node("ArgMax", net.node("ReduceSum", "x", net.constant(np.array([2])), keepdims=0), axis=1, keepdims=0)
    row = net.node("Gather", scaled, best, axis=1, name="row")
    net.result(row)
    back = net.node("Sub", best, net.constant(np.array([6])), name="from_the_end")
    net.result(net.node("Relu", net.node("Gather", scaled, back, axis=1), name="same_row"))
    each = net.node("ArgMax", "x", axis=1, keepdims=0, name="each")
    rows = net.node("Gather", scaled, each, axis=1, name="rows")
    net.result(rows)
    net.result(net.node("ReduceSum", rows, net.constant(np.array([2])), keepdims=0, name="sum_of_rows"))
    net.result(net.node("Gather", net.bias(6, 3), each, axis=0, name="embedding"))
    return net


@pytest.mark.parametrize("network", [tree, activations])
@pytest.mark.parametrize("board", ["host", "uno"])
def test_what_an_index_chooses_is_the_same_at_every_level(network: Callable[[], Network], board: str, tmp_path: Path):
    net = network()
    compilation = compile_network(net.model(), tmp_path, net.rows(200), board=board)
    data = on_grid(compilation, net.rows(40))
    run = equal_levels(compilation, data)
    if network is activations:
        errors = errors_in_steps(compilation, data, run)
        assert np.median(list(errors.values())) < 3, errors


def test_rows_that_an_index_chooses_are_the_same_in_streams(tmp_path: Path):
    """What an index chooses from is there as a whole, while layers around it run row by row."""
    net = Network((1, 3, 12, 6), 34)
    pads: dict[str, Any] = {"pads": [1, 1, 1, 1]}
    wide = net.node("Conv", net.node("Conv", "x", net.weight(4, 3, 3, 3), **pads), net.weight(4, 4, 3, 3), **pads)
    best = net.node("ArgMax", net.node("ReduceMax", wide, axes=[1, 3], keepdims=0), axis=1, keepdims=0)
    chosen = net.node("Gather", wide, best, axis=2, name="row")
    net.result(net.node("Relu", net.node("Conv", net.node("Sub", wide, chosen), net.weight(2, 4, 3, 3)), name="y"))
    compilation = compile_network(net.model(), tmp_path, net.rows(40), stream=True)
    equal_levels(compilation, on_grid(compilation, net.rows(10)))


def test_a_path_costs_the_path(tmp_path: Path):
    """Each level is a product with the weights where they lie; only small values take memory."""
    net = tree()
    compilation = compile_network(net.model(), tmp_path, net.rows(100), board="uno")
    forms = [op for op in compilation.fixed.walk() if isinstance(op, ContractOp | MapOp)]
    held = [form for form in forms if form.held_dims]
    assert all(isinstance(form, ContractOp) for form in held)
    assert sum(form.macs for form in held) == 2 * 2 * 6 * 4 + 6
    views = [op for op in compilation.memplan.walk() if isinstance(op, ViewOp)]
    assert max(size_in_bytes(view.result.type) for view in views) <= 6


def with_index_input(element: int, clipped: bool) -> Network:
    net = Network((1, 4), 33)
    index = helper.make_tensor_value_info("i", element, [2])
    chosen = "i"
    if clipped:
        bounds = [net.constant(np.array(n, helper.tensor_dtype_to_np_dtype(element))) for n in (0, 8)]
        chosen = net.node("Clip", "i", *bounds)
    net.result(net.node("Gather", net.bias(9, 4), chosen, axis=0, name="embedded"))
    net.input = index
    return net


@pytest.mark.parametrize("element", [TensorProto.INT64, TensorProto.INT32])
def test_an_index_from_the_caller_is_kept_inside_or_refused(element: int, tmp_path: Path):
    with pytest.raises(UserError, match="leaves a dimension of 9; put a Clip or a Mod before them"):
        compile_network(with_index_input(element, False).model(), tmp_path, sizes_only=True)
    compile_network(with_index_input(element, True).model(), tmp_path, sizes_only=True)
