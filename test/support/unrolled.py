"""A recurrent model as exporters unroll it: the nodes of every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from .recurrent import model_of

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
