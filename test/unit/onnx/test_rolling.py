"""Unrolled models become a Scan where their steps repeat exactly, and stay what they are where they do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from support.recurrent import reference
from support.unrolled import ROUNDS, WIDTH, Unrolled

from tinyml_opt.dialects.onnx import ScanOp
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.executors.onnx import OnnxExecutor


def scans(model: onnx.ModelProto) -> list[ScanOp]:
    """The scans of the imported model, whose outputs are compared with onnxruntime."""
    module = import_onnx(model.SerializeToString())
    module.verify()
    x = np.random.default_rng(1).normal(size=(3, 1, ROUNDS, WIDTH)).astype(np.float32)
    executor = OnnxExecutor(module)
    found = executor.run({"x": x}).outputs
    for row, expected in enumerate(reference(model, x)):
        for name, array in zip(executor.outputs, expected, strict=True):
            assert found[name][row].shape == array.shape
            assert np.allclose(found[name][row], array, atol=1e-5), name
    return [op for op in module.walk() if isinstance(op, ScanOp)]


@pytest.mark.parametrize("rows", [Unrolled.rows_by_split, Unrolled.rows_by_gather, Unrolled.rows_by_slice])
def test_rolled(rows: Callable[[Unrolled], list[str]]) -> None:
    net = Unrolled()
    (scan,) = scans(net.model(net.steps(rows(net))[-1]))
    assert (scan.trips, len(scan.states), len(scan.ins)) == (ROUNDS, 1, 1)


def test_rolled_from_the_end() -> None:
    net = Unrolled()
    (scan,) = scans(net.model(net.steps(net.rows_by_gather(range(ROUNDS)[::-1]))[-1]))
    assert scan.in_reversed.data == (1,)


def test_some_rows_of_a_tensor() -> None:
    net = Unrolled()
    (scan,) = scans(net.model(net.steps(net.rows_by_split()[1:])[-1]))
    assert scan.trips == ROUNDS - 1


def test_two_layers() -> None:
    net = Unrolled()
    for t, x in enumerate(net.rows_by_split()):
        first = net.step(t, x, "h0" if t == 0 else f"h{t}")
        before = f"second{t}" if t else "h0"
        net.node(
            "Tanh", [net.node("Add", [first, net.node("MatMul", [before, "u"], f"v{t}")], f"sum{t}")], f"second{t + 1}"
        )
    (scan,) = scans(net.model(f"second{ROUNDS}"))
    assert len(scan.states) == 2


@pytest.mark.parametrize("lifted", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_states_of_all_rounds(lifted: bool, backward: bool) -> None:
    """Beside each other by Unsqueeze and Concat, or by Concat alone where each has 1 row."""
    net = Unrolled()
    states = net.steps(net.rows_by_split())
    parts = [net.node("Unsqueeze", [h, "axes1"], f"{h}_1") for h in states] if lifted else states
    net.node("Concat", parts[::-1] if backward else parts, "all", axis=int(lifted))
    (scan,) = scans(net.model("all", states[-1]))
    assert len(scan.stacked) == 1
    assert scan.out_reversed.data == (int(backward),)


def test_one_state_of_the_middle() -> None:
    net = Unrolled()
    states = net.steps(net.rows_by_split())
    (scan,) = scans(net.model(states[2], states[-1]))
    assert scan.trips == ROUNDS


def test_too_many_states_of_the_middle() -> None:
    net = Unrolled()
    assert not scans(net.model(*net.steps(net.rows_by_split())))


@pytest.mark.parametrize("change", [{"w": "w2"}, {"activation": "Relu"}], ids=str)
@pytest.mark.parametrize("at", [0, 4])
def test_a_step_that_is_another(change: dict[str, str], at: int) -> None:
    """It stays before or behind the others."""
    net = Unrolled()
    net.weights["w2"] = net.weights["w"] + np.float32(1)
    (scan,) = scans(net.model(net.steps(net.rows_by_split(), at=at, **change)[-1]))
    assert scan.trips == ROUNDS - 1


def test_no_repetition() -> None:
    net = Unrolled()
    net.weights["w2"] = net.weights["w"] + np.float32(1)
    assert not scans(net.model(net.steps(net.rows_by_split(), at=2, w="w2")[-1]))
    net = Unrolled()
    assert not scans(net.model(net.steps(net.rows_by_gather([0, 2, 1, 4, 3]))[-1]))


def test_layers_without_a_sequence() -> None:
    """The same layer again and again: its code is needed once."""
    net = Unrolled()
    value = net.node("MatMul", ["seq", "w"], "v0")
    for t in range(4):
        value = net.node("Relu", [net.node("MatMul", [value, "u"], f"p{t}")], f"v{t + 1}")
    (scan,) = scans(net.model(value))
    assert (scan.trips, len(scan.ins)) == (4, 0)


def test_equal_weights_of_other_names() -> None:
    net = Unrolled()
    net.weights["w2"] = net.weights["w"].copy()
    (scan,) = scans(net.model(net.steps(net.rows_by_split(), at=2, w="w2")[-1]))
    assert scan.trips == ROUNDS
