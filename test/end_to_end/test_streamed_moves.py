"""What makes several rows of one, row by row: slices of a stream write blocks of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import Network, compile_network, equal_levels, real_inputs

from tinyml_opt.dialects.memplan import StreamOp


def doubled(net: Network, kind: str) -> Callable[[str], str]:
    """Twice as many rows and columns of a value of 4 channels."""
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    weights = net.weight(4, 4, 4, 4, axis=1)
    made: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
        "nearest": ("Resize", ("", scales), {"mode": "nearest"}),
        "linear": ("Resize", ("", scales), {"mode": "linear"}),
        "blocks": ("DepthToSpace", (), {"blocksize": 2}),
        "transposed": ("ConvTranspose", (weights,), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    }
    op, operands, attributes = made[kind]
    return lambda value: net.node(op, value, *operands, **attributes)


@pytest.mark.parametrize("kind", ["nearest", "linear", "blocks", "transposed"])
def test_rows_are_made_in_blocks(kind: str, tmp_path: Path) -> None:
    net = Network((1, 3, 12, 10), 5)
    pads: dict[str, Any] = {"pads": [1, 1, 1, 1]}
    first = net.node("Relu", net.node("Conv", "x", net.weight(4, 3, 3, 3), net.bias(4), **pads))
    larger = doubled(net, kind)(net.node("Conv", first, net.weight(4, 4, 3, 3), net.bias(4), **pads))
    channels = 1 if kind == "blocks" else 4
    last = net.node("Conv", larger, net.weight(3, channels, 3, 3), net.bias(3), strides=[2, 2], **pads)
    net.result(net.node("GlobalAveragePool", last, name="y"))
    rows = net.rows(3)
    compilation = compile_network(net.model(), tmp_path, rows, stream=True)
    (stream,) = (op for op in compilation.memplan.walk() if isinstance(op, StreamOp))
    assert len(stream.forms) >= (4 if kind == "blocks" else 5)
    equal_levels(compilation, real_inputs(rows))


def test_margins_above_the_first_row_are_written_with_it(tmp_path: Path) -> None:
    """What is written before any row of the input is needed runs in the first call."""
    net = Network((1, 2, 10, 9), 6)
    first = net.node("Relu", net.node("Conv", "x", net.weight(2, 2, 3, 3), net.bias(2), pads=[1, 1, 1, 1]))
    beside = net.node("Concat", first, net.node("Conv", first, net.weight(3, 2, 1, 1), net.bias(3)), axis=1)
    net.result(net.node("Pad", beside, net.constant(np.array([0, 0, 2, 1, 0, 0, 1, 0])), name="y"))
    rows = net.rows(3)
    equal_levels(compile_network(net.model(), tmp_path, rows, input="rows"), real_inputs(rows))
