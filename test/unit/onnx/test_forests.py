"""Ensembles of trees: the float model is what onnxruntime computes, whatever their spelling; what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from support.forests import CLASSES, Grown, classifier, grown, images, regressor

from tinyml_opt.dialects import onnx as dialect
from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.onnx.weights import weight_reals
from tinyml_opt.lowering.import_onnx.importer import read_model
from tinyml_opt.targets.executors.onnx import OnnxExecutor

X, LABELS = images(300, 1)
ONE_HOT = np.eye(CLASSES)[LABELS]

MIXED = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def compared(model: onnx.ModelProto) -> None:
    """Fail where the imported model gives other numbers than onnxruntime, at thresholds as well."""
    onnxruntime = pytest.importorskip("onnxruntime")
    rows = np.concatenate([X[:60], X[:60] - 0.5, X[:60] - np.float32(0.4999)])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    runs = [session.run(None, {"x": row[None]}) for row in rows]
    ours = OnnxExecutor(read_model(model.SerializeToString()).module).run({"x": rows[:, None]}).outputs
    for output, *expected in zip(session.get_outputs(), *runs, strict=True):
        assert np.allclose(ours[output.name], np.array(expected), atol=1e-5), output.name


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"])
@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX", "LOGISTIC"])
def test_classes(mode: str, transform: str):
    compared(classifier(grown(X, ONE_HOT, 5, 6, mode), post_transform=transform))


def test_labels_are_any_integers_and_scores_begin_anywhere():
    labels, base = [7, -3, 40, 2, 9, 11, 5, 6, 100, 1], np.linspace(0, 0.9, CLASSES).tolist()
    compared(classifier(grown(X, ONE_HOT, 5, 4), labels, base_values=base))


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC"])
def test_two_classes_of_which_one_has_weights(sign: float, transform: str):
    odd = (LABELS % 2)[:, None] * 1.0
    forest = grown(X, odd - 0.25 if sign < 0 else odd, 7, 4)
    compared(classifier(forest, [0, 1], post_transform=transform))


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_numbers(aggregate: str):
    values = (X[:, :1] * 3 - X[:, 5:6] + 50).astype(np.float64)
    compared(regressor(grown(X, values, 6, 5), 1, aggregate_function=aggregate))
    both = np.concatenate([values, values[::-1]], axis=1)
    compared(regressor(grown(X, both, 6, 5), 2, aggregate_function=aggregate, base_values=[3.0, -4.0]))


@pytest.mark.parametrize("modes", [["BRANCH_EQ"], ["BRANCH_NEQ"], ["BRANCH_LT", "BRANCH_LEQ"], MIXED])
def test_modes_that_differ_at_the_threshold(modes: list[str]):
    compared(classifier(grown(X, ONE_HOT, 3, 4).with_modes(modes)))


@pytest.mark.parametrize("aggregate", ["MIN", "MAX"])
def test_an_extreme_passes_over_leaves_without_a_weight(aggregate: str):
    values = np.concatenate([X[:, :1] * 3 + 50, X[:, 5:6] - 20], axis=1)
    forest = grown(X, values.astype(np.float64), 4, 3)
    some = [leaf for leaf in forest.leaves if leaf[0] == 1 or (leaf[1] + leaf[2]) % 3]
    assert len(some) < len(forest.leaves)
    compared(regressor(replace(forest, leaves=some), 2, aggregate_function=aggregate))
    few = [leaf for leaf in some if leaf[2] == 0 or leaf[0] > 1]
    with pytest.raises(UserError, match="have no weights for target 1: it may be of nothing"):
        read_model(regressor(replace(forest, leaves=few), 2, aggregate_function=aggregate).SerializeToString())


def test_a_model_of_one_ensemble_needs_no_version_of_other_operators():
    model = classifier(grown(X, ONE_HOT, 2, 3))
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    assert read_model(model.SerializeToString()).module is not None


def test_a_threshold_that_only_tells_from_zero():
    """LightGBM splits at 1e-35 what is 0 from what is more."""
    nodes = [(0, 0, 3, 1e-35, "BRANCH_LEQ", 1, 2), (0, 1, 0, 0.0, "LEAF", 0, 0), (0, 2, 5, 8.0, "BRANCH_LEQ", 3, 4)]
    nodes += [(0, place, 0, 0.0, "LEAF", 0, 0) for place in (3, 4)]
    forest = Grown("BRANCH_LEQ", nodes, [(0, 1, 0, 1.0), (0, 3, 0, 2.0), (0, 4, 0, 4.0)])
    module = read_model(regressor(forest, 1).SerializeToString()).module
    factors = next(weight_reals(op.rhs) for op in module.walk() if isinstance(op, dialect.MulOp))
    assert factors.max() == 2.0**30 and factors.min() == 2.0**-3
    compared(regressor(forest, 1))


def test_a_single_leaf_and_equal_leaves():
    compared(regressor(Grown("LEAF", [(0, 0, 0, 0.0, "LEAF", 0, 0)], [(0, 0, 0, 2.5)]), 1))


def as_newer(forest: Grown, **attributes: Any) -> onnx.ModelProto:
    """A forest of one target as the operator TreeEnsemble, which lists nodes and leaves apart."""
    inner = {n[:2]: k for k, n in enumerate(n for n in forest.nodes if n[4] != "LEAF")}
    leaves = {n[:2]: k for k, n in enumerate(n for n in forest.nodes if n[4] == "LEAF")}
    weights = {leaf[:2]: leaf[3] for leaf in forest.leaves}
    nodes = [n for n in forest.nodes if n[4] != "LEAF"]
    ways = [[(n[0], n[5]) for n in nodes], [(n[0], n[6]) for n in nodes]]
    places = [[leaves[child] if child in leaves else inner[child] for child in way] for way in ways]
    kinds = [[int(child in leaves) for child in way] for way in ways]
    numbers = {"BRANCH_LEQ": 0, "BRANCH_LT": 1, "BRANCH_GTE": 2, "BRANCH_GT": 3}
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_featureids=[n[2] for n in nodes],
        nodes_splits=numpy_helper.from_array(np.array([n[3] for n in nodes], np.float32)),
        nodes_modes=numpy_helper.from_array(np.array([numbers[n[4]] for n in nodes], np.uint8)),
        nodes_truenodeids=places[0],
        nodes_falsenodeids=places[1],
        nodes_trueleafs=kinds[0],
        nodes_falseleafs=kinds[1],
        leaf_targetids=[0] * len(leaves),
        leaf_weights=numpy_helper.from_array(np.array([weights.get(leaf, 0.0) for leaf in leaves], np.float32)),
        tree_roots=[k for place, k in inner.items() if place[1] == 0],
        **attributes,
    )
    model = regressor(forest, 1)
    model.graph.node[0].CopyFrom(node)
    model.opset_import[1].version = 5
    return model


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_GTE"])
@pytest.mark.parametrize("aggregate", [0, 1, 3])
def test_the_newer_operator(mode: str, aggregate: int):
    values = (X[:, :1] * 3 - X[:, 5:6] + 50).astype(np.float64)
    compared(as_newer(grown(X, values, 6, 5, mode), aggregate_function=aggregate))


def test_a_map_of_classes_is_dropped():
    model = classifier(grown(X, ONE_HOT, 2, 3))
    model.graph.node.append(
        helper.make_node("ZipMap", ["scores"], ["map"], domain="ai.onnx.ml", classlabels_int64s=list(range(CLASSES)))
    )
    model.graph.output[1].name = "map"
    outputs = OnnxExecutor(read_model(model.SerializeToString()).module).run({"x": X[:4, None]}).outputs
    assert outputs["map"].shape == (4, 1, CLASSES)


def changed(**attributes: Any) -> onnx.ModelProto:
    """A good model with other attributes, None for those that are left out."""
    lists = grown(X, ONE_HOT, 2, 2).attributes("class") | {"classlabels_int64s": list(range(CLASSES))} | attributes
    model = classifier(grown(X, ONE_HOT, 1, 1))
    node = model.graph.node[0]
    kept: dict[str, Any] = {name: value for name, value in lists.items() if value is not None}
    new = helper.make_node("TreeEnsembleClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml", **kept)
    node.CopyFrom(new)
    return model


NODES = grown(X, ONE_HOT, 2, 2).attributes("class")

REFUSED = {
    "texts": (
        {"classlabels_int64s": None, "classlabels_strings": [str(i) for i in range(CLASSES)]},
        "its labels are texts; use the scores alone, or export with integer labels",
    ),
    "probit": ({"post_transform": "PROBIT"}, "post_transform 'PROBIT' is not supported"),
    "words": ({"class_weights": ["a"] * len(NODES["class_weights"])}, "attribute class_weights must list numbers"),
    "fractions": ({"nodes_treeids": [0.5] * len(NODES["nodes_modes"])}, "nodes_treeids must list integers"),
    "infinite": ({"nodes_values": [np.inf] * len(NODES["nodes_modes"])}, "nodes_values must list numbers"),
    "lengths": ({"nodes_values": NODES["nodes_values"][:-1]}, "are not lists of one length"),
    "feature": ({"nodes_featureids": [64] * len(NODES["nodes_modes"])}, "it reads feature 64 of 64"),
    "mode": ({"nodes_modes": ["BRANCH_MEMBER"] * len(NODES["nodes_modes"])}, "is none of BRANCH_LEQ"),
    "cycle": ({"nodes_truenodeids": [0] * len(NODES["nodes_modes"])}, "a tree has no root, or several"),
    "child": ({"nodes_falsenodeids": [99] * len(NODES["nodes_modes"])}, "which another leads to, is not there"),
    "no labels": ({"classlabels_int64s": None}, "it has no class labels"),
    "target": ({"class_ids": [10] * len(NODES["class_ids"])}, "a weight is for target 10"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str):
    attributes, reason = REFUSED[case]
    with pytest.raises(UserError, match=reason):
        read_model(changed(**attributes).SerializeToString())
