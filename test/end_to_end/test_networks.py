"""Random networks at every level, and one network on every simulated core."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto
from support.networks import Network, compile_network, equal_levels, on_grid, real_inputs

from tinyml_opt.dialects.fixed.forms import StructuredForm
from tinyml_opt.targets.executors.select import board_executor
from tinyml_opt.tools.verify import float_distance, hls_executor

MEMORY: list[dict[str, Any]] = [{}, {"stream": True}, {"stream": True, "input": "arena"}, {"input": "rows"}]
"""Ways of planning."""

LAYERS = ("conv", "depthwise", "max", "average", "relu", "add", "beside", "margins", "shuffle")


@st.composite
def small_networks(draw: st.DrawFn) -> Network:
    """A chain of up to six layers with sums and concatenations, ending in a classifier or where it stands."""
    channels, size = draw(st.integers(1, 4)), [draw(st.integers(3, 8)), draw(st.integers(3, 8))]
    net = Network((1, channels, *size), draw(st.integers(0, 1000)))
    value = "x"
    for kind in draw(st.lists(st.sampled_from(LAYERS), max_size=6)):
        if kind in ("relu", "add"):
            value = net.node("Relu", value) if kind == "relu" else net.node("Add", value, net.node("Relu", value))
            continue
        if kind == "beside":
            value = net.node("Concat", value, net.node("Relu", value) if draw(st.booleans()) else value, axis=1)
            channels *= 2
            continue
        if kind == "shuffle":
            groups = draw(st.sampled_from([d for d in range(1, channels + 1) if channels % d == 0]))
            value = net.shuffle(value, (channels, *size), groups)
            continue
        if kind == "margins":
            top, left, bottom, right = (draw(st.integers(0, 1)) for _ in range(4))
            pads = [0, 0, top, left, 0, 0, bottom, right]
            value = net.node("Pad", value, net.constant(np.array(pads)))
            size = [n + pads[2 + axis] + pads[6 + axis] for axis, n in enumerate(size)]
            continue
        stride, pad = draw(st.integers(1, 2)), draw(st.integers(0, 1))
        window = draw(st.integers(1 + pad, 3))
        if min(size) + 2 * pad < window:
            continue
        attributes: dict[str, Any] = {"kernel_shape": [window] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
        if kind in ("conv", "depthwise"):
            groups = channels if kind == "depthwise" else 1
            out = channels * draw(st.integers(1, 2)) if kind == "depthwise" else draw(st.integers(1, 6))
            weights = net.weight(out, channels // groups, window, window)
            value = net.node("Conv", value, weights, net.bias(out), group=groups, **attributes)
            channels = out
        else:
            value = net.node("MaxPool" if kind == "max" else "AveragePool", value, **attributes)
        size = [(n + 2 * pad - window) // stride + 1 for n in size]
    if draw(st.booleans()):
        value = net.node("Flatten", value)
        value = net.node("Gemm", value, net.weight(channels * size[0] * size[1], 3, axis=1), net.bias(3))
        value = net.node("Softmax", value) if draw(st.booleans()) else value
    net.result(net.node("Identity", value) if value == "x" else value)
    return net


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


def classifier() -> Network:
    """Each form, each kind of padding and a softmax, in 2 kB of RAM."""
    net = Network((1, 2, 8, 7), 9)
    value = net.node("Conv", "x", net.weight(4, 2, 3, 3), net.bias(4), pads=[1, 1, 1, 1])
    value = net.node("Relu", value)
    value = net.node("Conv", value, net.weight(4, 1, 3, 3), net.bias(4), group=4, pads=[0, 1, 1, 0])
    pool: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    value = net.node("Add", net.node("MaxPool", value, **pool), net.node("AveragePool", value, **pool))
    value = net.node("Gemm", net.node("Flatten", value), net.weight(48, 5, axis=1), net.bias(5))
    net.result(net.node("Softmax", value, name="softmax"))
    net.result(net.node("ArgMax", value, name="argmax", axis=1), TensorProto.INT64)
    return net


def dense_block() -> Network:
    """Two layers that each read all before them, between a padded layer and a mean; a branch with its own margins."""
    net = Network((1, 2, 8, 7), 11)
    margins = net.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    stem = net.node("Conv", net.node("Pad", "x", margins), net.weight(4, 2, 3, 3), net.bias(4), strides=[2, 2])
    value = net.node("Relu", stem)
    for _ in range(2):
        channels = 4 if value.startswith("relu") else 6
        parameters = [net.constant(net.random.uniform(0.5, 2, channels).astype(np.float32)) for _ in range(4)]
        normal = net.node("Relu", net.node("BatchNormalization", value, *parameters))
        layer = net.node("Conv", normal, net.weight(2, channels, 3, 3), net.bias(2), pads=[1, 1, 1, 1])
        value = net.node("Concat", value, layer, axis=1)
    wider = net.node("Pad", stem, net.constant(np.array([0, 0, 0, 0, 0, 4, 0, 0])))
    total = net.node("Add", value, wider)
    gate = net.node("Sigmoid", net.node("ReduceMean", total, axes=[2, 3], keepdims=1))
    mean = net.node("ReduceMean", net.node("Mul", total, gate), axes=[2, 3], keepdims=0)
    net.result(net.node("Gemm", mean, net.weight(8, 3, axis=1), net.bias(3), name="classes"))
    return net


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
