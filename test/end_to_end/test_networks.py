"""Random networks at every level, and one network on every simulated core."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.known_networks import classifier, dense_block
from support.networks import Network, compile_network, equal_levels, float_distance, on_grid, real_inputs
from support.random_networks import small_networks

from tinyml_opt.dialects.fixed.structured import StructuredForm
from tinyml_opt.targets.executors.select import board_executor
from tinyml_opt.tools.verifying.levels import hls_executor

MEMORY: list[dict[str, Any]] = [{}, {"stream": True}, {"stream": True, "input": "arena"}, {"input": "rows"}]
"""Ways of planning."""


@settings(max_examples=settings().max_examples // 4)
@given(
    net=small_networks(),
    bits=st.sampled_from([8, 16]),
    scheme=st.sampled_from(["affine", "pow2"]),
    board=st.sampled_from(["host", "mega2560"]),
    memory=st.sampled_from(MEMORY),
)
def test_random_networks(net: Network, bits: int, scheme: str, board: str, memory: dict[str, Any]):
    """Equal at all levels, however memory is planned; with 16 bits also within 1 % of the float model's range."""
    rows = net.rows(6)
    with TemporaryDirectory() as folder:
        compilation = compile_network(net.model(), Path(folder), rows, board, bits, scheme, **memory)
    data = on_grid(compilation, rows)
    run = equal_levels(compilation, data)
    error, span = float_distance(compilation, data, run)
    assert bits == 8 or error <= 0.01 * span + 1e-3, (error, span)


@pytest.mark.parametrize(("board", "scheme"), [("mega2560", "affine"), ("nano33ble", "pow2")])
def test_joins_on_boards(board: str, scheme: str, tmp_path: Path):
    """Pad, Concat, BatchNormalization alone, Mul and ReduceMean: the concatenations cost no copy and no buffer."""
    net = dense_block()
    rows = net.rows(5)
    compilation = compile_network(net.model(), tmp_path, rows, board, 8, scheme)
    others = [board_executor(compilation.generated(), compilation.board)]
    others += [hls_executor(compilation)] if board == "mega2560" else []
    data = real_inputs(rows)
    run = equal_levels(compilation, data, others)
    error, span = float_distance(compilation, data, run)
    assert error <= 0.1 * span
    forms = [op for op in compilation.memplan.walk() if isinstance(op, StructuredForm)]
    nodes = [form.node.data for form in forms if form.node is not None]
    assert not [name for name in nodes if "copy" in name or "dense" in name]


@pytest.mark.parametrize(("bits", "scheme"), [(8, "affine"), (8, "pow2"), (16, "affine")])
@pytest.mark.parametrize("board", ["uno", "mega2560", "metro-m0", "bluepill", "nano33ble", "stm32f746"])
def test_boards(board: str, bits: int, scheme: str, tmp_path: Path):
    compare_on_board(board, bits, scheme, tmp_path)


@pytest.mark.parametrize("memory", MEMORY[1:], ids=["caller", "arena", "rows"])
@pytest.mark.parametrize("board", ["uno", "nano33ble"])
def test_streams_on_boards(board: str, memory: dict[str, Any], tmp_path: Path):
    compare_on_board(board, 8, "affine", tmp_path, **memory)


def compare_on_board(board: str, bits: int, scheme: str, folder: Path, **memory: Any) -> None:
    """The classifier in the board's simulator; on one of them as HLS C++, too."""
    net = classifier()
    rows = net.rows(5)
    compilation = compile_network(net.model(), folder, rows, board, bits, scheme, **memory)
    others = [board_executor(compilation.generated(), compilation.board)]
    others += [hls_executor(compilation)] if board == "mega2560" else []
    equal_levels(compilation, real_inputs(rows), others)
