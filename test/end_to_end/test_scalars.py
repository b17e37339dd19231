"""Tensors without dimensions, and constants that are stretched over others, down to C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, errors_in_steps, on_grid


def scalars() -> Network:
    """An input without dimensions, with constants of every small rank, and beside itself."""
    net = Network((), 3)
    for op in ("Add", "Sub", "Mul"):
        for name, constant in (("scalar", np.float32(0.7)), ("one", np.array([0.7])), ("matrix", np.array([[0.7]]))):
            net.result(net.node(op, "x", net.constant(np.asarray(constant, np.float32)), name=f"{op}_{name}"))
        net.result(net.node(op, "x", net.bias(5), name=f"{op}_vector"))
    net.result(net.node("Relu", "x", name="relu"))
    net.result(net.node("Sigmoid", "x", name="sigmoid"))
    net.result(net.node("Add", "x", "x", name="twice"))
    return net


def stretched() -> Network:
    """Constants along each dimension of an image, of more dimensions than it, and a mean that is a scalar."""
    net = Network((1, 3, 4, 5), 4)
    shapes = {"channels": (3, 1, 1), "batch": (1, 3, 1, 1), "last": (5,), "rows": (4, 1), "all": (1,), "none": ()}
    for op in ("Add", "Sub", "Mul"):
        for name, shape in shapes.items():
            net.result(net.node(op, "x", net.bias(*shape), name=f"{op}_{name}"))
        net.result(net.node(op, net.bias(3, 1, 1), "x", name=f"{op}_from_left"))
    mean = net.node("ReduceMean", "x", keepdims=0, name="mean")
    net.result(mean)
    net.result(net.node("Mul", mean, net.bias(2, 3), name="more_dimensions"))
    return net


@pytest.mark.parametrize("build", [scalars, stretched])
def test_scalars_and_stretched_constants(tmp_path: Path, build: Callable[[], Network]) -> None:
    net = build()
    rows = net.rows(20)
    compilation = compile_network(net.model(), tmp_path, rows)
    data = on_grid(compilation, rows)
    run = equal_levels(compilation, data)
    assert max(errors_in_steps(compilation, data, run).values()) < 2.5
