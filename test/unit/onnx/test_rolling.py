"""Unrolled models become a Scan where their steps repeat exactly, and stay what they are where they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from support.recurrent import model_of, reference

from tinyml_opt.dialects.onnx import ScanOp
from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.executors.onnx import OnnxExecutor

ROUNDS, WIDTH, HIDDEN = 5, 3, 4


class Unrolled:
    """The steps of h' = g h + (1 - g) tanh(c), g = sigmoid(c), c = x_t W + h U, written out."""

    def __init__(self, rounds: int = ROUNDS, seed: int = 0):
        rng = np.random.default_rng(seed)
        self.rounds = rounds
        self.nodes: list[onnx.NodeProto] = []
        self.outputs: list[str] = []
        self.weights: dict[str, NDArray[Any]] = {
            "w": rng.normal(size=(WIDTH, HIDDEN)).astype(np.float32),
            "u": (rng.normal(size=(HIDDEN, HIDDEN)) / 2).astype(np.float32),
            "h0": rng.normal(size=(1, HIDDEN)).astype(np.float32),
            "flat": np.array([rounds, WIDTH], np.int64),
            "axes0": np.array([0], np.int64),
            "axes1": np.array([1], np.int64),
        }
        self.node("Reshape", ["x", "flat"], "seq")

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, value: Any, name: str) -> str:
        """A Constant node, as exporters write one for each step."""
        self.nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value))))
        return name

    def rows_by_split(self) -> list[str]:
        names = [f"x{t}" for t in range(self.rounds)]
        self.weights["ones"] = np.ones(self.rounds, np.int64)
        self.nodes.append(helper.make_node("Split", ["seq", "ones"], names, axis=0))
        return names

    def rows_by_gather(self, order: Sequence[int] | None = None) -> list[str]:
        numbers = range(self.rounds) if order is None else order
        return [
            self.node("Unsqueeze", [self.node("Gather", ["seq", self.constant(t, f"t{t}")], f"g{t}"), "axes0"], f"x{t}")
            for t in numbers
        ]

    def rows_by_slice(self) -> list[str]:
        found: list[str] = []
        for t in range(self.rounds):
            bounds = [self.constant([t], f"b{t}"), self.constant([t + 1], f"e{t}"), "axes0"]
            found.append(self.node("Slice", ["seq", *bounds], f"x{t}"))
        return found

    def step(self, t: int, x: str, h: str, w: str = "w", activation: str = "Tanh") -> str:
        one = self.constant(np.float32(1), f"one{t}")
        c = self.node("Add", [self.node("MatMul", [x, w], f"xw{t}"), self.node("MatMul", [h, "u"], f"hu{t}")], f"c{t}")
        g, opened = self.node("Sigmoid", [c], f"s{t}"), self.node("Sub", [one, f"s{t}"], f"o{t}")
        new = self.node("Mul", [opened, self.node(activation, [c], f"a{t}")], f"n{t}")
        return self.node("Add", [self.node("Mul", [g, h], f"k{t}"), new], f"h{t + 1}")

    def steps(self, rows: Sequence[str], **changes: Any) -> list[str]:
        """All states; `changes` holds other options of single steps, by `at`."""
        at, states = changes.pop("at", -1), ["h0"]
        for t, x in enumerate(rows):
            states.append(self.step(t, x, states[-1], **(changes if t == at else {})))
        return states[1:]

    def model(self, *outputs: str) -> onnx.ModelProto:
        return model_of(self.nodes, {"x": (1, self.rounds, WIDTH)}, outputs, self.weights)


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
