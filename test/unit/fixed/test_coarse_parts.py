"""What is said of parts of a concatenation that lose bits to the type of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.networks import Network, compile_network


@pytest.mark.parametrize(("factor", "bits", "said"), [(8.0, 8, True), (1.5, 8, False), (8.0, 16, False)])
def test_remark(factor: float, bits: int, said: bool, tmp_path: Path) -> None:
    net = Network((1, 2, 4, 4), 3)
    small = net.node("Relu", "x")
    large = net.node("Mul", small, net.constant(np.float32(factor)))
    net.result(net.node("Concat", small, large, axis=1, name="both"))
    remarks = compile_network(net.model(), tmp_path, net.rows(8), bits=bits).remarks
    assert any("Concat 'both': part 0 has 5.0 of 8 bits" in remark for remark in remarks) == said
