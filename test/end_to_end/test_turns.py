"""Sines and cosines over many turns keep the bits of their results, at 8 and at 16 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, float_distance, on_grid

TURNS = 16


@pytest.mark.parametrize(("bits", "least"), [(8, 2.0**-6), (16, 2.0**-13)])
@pytest.mark.parametrize("function", ["Sin", "Cos"])
def test_over_many_turns(function: str, bits: int, least: float, tmp_path: Path) -> None:
    net = Network((1, 40))
    net.result(net.node(function, "x"))
    rows = net.random.uniform(-2 * np.pi * TURNS, 2 * np.pi * TURNS, (50, 1, 40)).astype(np.float32)
    compilation = compile_network(net.model(), tmp_path, rows, bits=bits)
    data = on_grid(compilation, rows)
    error, _ = float_distance(compilation, data, equal_levels(compilation, data))
    assert error < least
