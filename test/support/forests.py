"""Ensembles of decision trees as ONNX, grown by the tests themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

Array = NDArray[Any]

CLASSES, SIDE = 10, 8


def images(rows: int, seed: int) -> tuple[Array, Array]:
    """Blurred prototypes with noise, as digits are: integers from 0 to 16, (rows, 64), and their classes."""
    prototypes = np.random.default_rng(0).uniform(0, 1, (CLASSES, SIDE * SIDE)) > 0.6
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, rows)
    noisy = 13 * prototypes[labels] + random.normal(0, 4, (rows, SIDE * SIDE))
    return np.clip(np.rint(noisy), 0, 16).astype(np.float32), labels


@dataclass
class Grown:
    """Trees as the attributes of ONNX's operators list them; a leaf adds a row of numbers, one for each target."""

    mode: str = "BRANCH_LEQ"
    nodes: list[tuple[int, int, int, float, str, int, int]] = field(
        default_factory=list[tuple[int, int, int, float, str, int, int]]
    )
    leaves: list[tuple[int, int, int, float]] = field(default_factory=list[tuple[int, int, int, float]])

    def tree(self, number: int, x: Array, rows: Array, depth: int, random: np.random.Generator) -> None:
        """Grow a tree on data: each node takes the best of some random features at a random threshold."""
        self._next = 0
        self._grow(number, x, rows, depth, random)

    def _grow(self, tree: int, x: Array, rows: Array, depth: int, random: np.random.Generator) -> int:
        here, self._next = self._next, self._next + 1
        cuts = [(f, float(random.choice(x[:, f])) - 0.5) for f in random.integers(0, x.shape[1], 12)]
        cuts = [(f, t) for f, t in cuts if 0 < (x[:, f] <= t).sum() < len(x)]
        if depth == 0 or not cuts or np.ptp(rows, axis=0).max() == 0:
            self.nodes.append((tree, here, 0, 0.0, "LEAF", 0, 0))
            self.leaves += [(tree, here, t, float(v)) for t, v in enumerate(rows.mean(0)) if v]
            return here
        spread = [sum(rows[side].var(0).sum() * side.sum() for side in (x[:, f] <= t, x[:, f] > t)) for f, t in cuts]
        feature, threshold = cuts[int(np.argmin(spread))]
        left = x[:, feature] <= threshold
        place = len(self.nodes)
        self.nodes.append((tree, here, int(feature), threshold, self.mode, 0, 0))
        yes, no = (self._grow(tree, x[s], rows[s], depth - 1, random) for s in (left, ~left))
        if self.mode in ("BRANCH_GT", "BRANCH_GTE"):
            yes, no = no, yes
        self.nodes[place] = (*self.nodes[place][:5], yes, no)
        return here

    def with_modes(self, modes: Sequence[str]) -> Grown:
        """The same trees with thresholds on the data's integers, and these modes in turn."""
        nodes = [
            (*n[:3], n[3] + 0.5, modes[k % len(modes)], *n[5:]) if n[4] != "LEAF" else n
            for k, n in enumerate(self.nodes)
        ]
        return Grown(self.mode, nodes, self.leaves)

    def attributes(self, weights: str) -> dict[str, Any]:
        """The lists of nodes and of weights, whose names begin with `class` or `target`."""
        names = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
        found = {f"nodes_{n}": list(c) for n, c in zip(names, zip(*self.nodes, strict=True), strict=True)}
        added = zip(("treeids", "nodeids", "ids", "weights"), zip(*self.leaves, strict=True), strict=True)
        return found | {f"{weights}_{name}": list(column) for name, column in added}


def grown(x: Array, rows: Array, trees: int, depth: int, mode: str = "BRANCH_LEQ", seed: int = 1) -> Grown:
    """A forest on bootstrap samples of data, (n, features) and (n, targets)."""
    random, forest = np.random.default_rng(seed), Grown(mode)
    for tree in range(trees):
        chosen = random.integers(0, len(x), len(x))
        forest.tree(tree, x[chosen], rows[chosen] / trees, depth, random)
    return forest


def model(operator: str, features: int, outputs: Sequence[tuple[str, int, Sequence[int]]], **attributes: Any) -> Any:
    """A model of one ensemble on a row of features; outputs are names, element types and shapes."""
    node = helper.make_node(
        operator, ["x"], [name for name, _, _ in outputs], name="forest", domain="ai.onnx.ml", **attributes
    )
    ports = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in outputs if name]
    graph = helper.make_graph(
        [node], "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, features])], ports
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def classifier(forest: Grown, labels: Sequence[int] = tuple(range(CLASSES)), **attributes: Any) -> onnx.ModelProto:
    """Labels and scores of a forest of classes."""
    outputs = [("label", TensorProto.INT64, [1]), ("scores", TensorProto.FLOAT, [1, len(labels)])]
    lists = forest.attributes("class")
    return model("TreeEnsembleClassifier", SIDE * SIDE, outputs, classlabels_int64s=list(labels), **lists, **attributes)


def regressor(forest: Grown, targets: int, **attributes: Any) -> onnx.ModelProto:
    """Numbers of a forest."""
    outputs = [("y", TensorProto.FLOAT, [1, targets])]
    lists = forest.attributes("target")
    return model("TreeEnsembleRegressor", SIDE * SIDE, outputs, n_targets=targets, **lists, **attributes)
