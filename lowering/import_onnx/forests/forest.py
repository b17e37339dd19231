"""Decision trees as arrays: what TreeEnsembleClassifier and TreeEnsembleRegressor say, in one form.

Every decision has three ways: x[feature] is below the threshold, equal to it, or above. All modes are that, and none
needs a number just below another, which integers of few bits do not tell apart. Places number the distinct leaves of
all trees first, then the nodes that decide: a leaf leads to itself, so that all trees are walked in as many steps as
the deepest has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....dialects.harmless import in_quotes
from ..node import Unsupported
from .attributes import AGAIN

MAX_NODES = 1 << 20
"""The most nodes of an ensemble."""

MAX_ADDED = 1 << 24
"""The most numbers that leaves add in all."""

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "LEAF")

HOLDS = {
    "BRANCH_LEQ": (True, True, False),
    "BRANCH_LT": (True, False, False),
    "BRANCH_GTE": (False, True, True),
    "BRANCH_GT": (False, False, True),
    "BRANCH_EQ": (False, True, False),
    "BRANCH_NEQ": (True, False, True),
}
"""Whether a mode holds below its value, at it, and above."""


@dataclass(frozen=True)
class Forest:
    """`features`, `thresholds`, `below`, `equal` and `above` have an entry for each place, `roots` one for each tree.

    `leaves` (leaves, targets) are what trees add, 0 where a leaf says nothing of a target: where not `stated`, of the
    same shape. Of the targets (targets,) those are `sure` of which all leaves of some tree say something. `depth` is
    the number of decisions on the longest way to a leaf.
    """

    features: NDArray[np.int64]
    thresholds: NDArray[np.float32]
    below: NDArray[np.int64]
    equal: NDArray[np.int64]
    above: NDArray[np.int64]
    roots: NDArray[np.int64]
    leaves: NDArray[np.float32]
    stated: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    depth: int


Node = tuple[int, int]
"""The number of a tree, and of a node in it; of the newer operator `LEAF` or `INNER`, and a number."""

LEAF, INNER = 0, 1


@dataclass(frozen=True)
class Decision:
    """A node as stated: where it goes if its mode holds of x[feature] and the value, else."""

    mode: str
    feature: int
    value: float
    yes: Node
    no: Node


def forest_of(attributes: Mapping[str, Any], weights: str, targets: int, features: int) -> Forest:
    """The forest of a node of the first four versions: `weights` is the prefix of what leaves add (class, target).

    Raises Unsupported where its arrays make no trees, or it reads more than so many features.
    """
    lists = columns(attributes, [f"nodes_{name}" for name in ("treeids", "nodeids", "featureids", "values", "modes")])
    yes, no = columns(attributes, ["nodes_truenodeids", "nodes_falsenodeids"])
    decisions, leaves = dict[Node, Decision](), list[Node]()
    for tree, node, feature, value, mode, true, false in zip(*lists, yes, no, strict=True):
        here, mode = (tree, node), mode.decode() if isinstance(mode, bytes) else mode
        if mode not in MODES:
            raise Unsupported(f"mode {in_quotes(str(mode))} is none of {', '.join(MODES)}; {AGAIN}")
        if here in decisions or here in leaves:
            raise Unsupported(f"node {node} of tree {tree} is listed twice; {AGAIN}")
        if mode == "LEAF":
            leaves.append(here)
            continue
        if not 0 <= feature < features:
            raise Unsupported(f"it reads feature {feature} of {features}; {AGAIN}")
        decisions[here] = Decision(mode, feature, float(value), (tree, true), (tree, false))
    added, stated = nothing(len(leaves), targets)
    places = {node: number for number, node in enumerate(leaves)}
    what = columns(attributes, [f"{weights}_{name}" for name in ("treeids", "nodeids", "ids", "weights")])
    for tree, node, target, weight in zip(*what, strict=True):
        if (tree, node) not in places or not 0 <= target < targets:
            raise Unsupported(
                f"a weight is for target {target} at node {node} of tree {tree}, which is no leaf; {AGAIN}"
            )
        added[places[tree, node], target] += weight
        stated[places[tree, node], target] = True
    return arranged(decisions, leaves, added, stated)


def newer_forest_of(attributes: Mapping[str, Any], targets: int, features: int) -> Forest:
    """The forest of the operator TreeEnsemble, whose nodes and leaves are listed apart. Raises Unsupported."""
    names = [f"nodes_{name}" for name in ("featureids", "splits", "modes", "truenodeids", "falsenodeids")]
    lists = columns(attributes, [*names, "nodes_trueleafs", "nodes_falseleafs"])
    ids, weights = columns(attributes, ["leaf_targetids", "leaf_weights"])
    decisions: dict[Node, Decision] = {}
    for number, (feature, split, mode, yes, no, is_leaf, is_other) in enumerate(zip(*lists, strict=True)):
        if not isinstance(mode, int) or not 0 <= mode < len(MODES) - 1:
            raise Unsupported(f"mode {mode} is none of {', '.join(MODES[:-1])} (0 to {len(MODES) - 2}); {AGAIN}")
        if not 0 <= feature < features:
            raise Unsupported(f"it reads feature {feature} of {features}; {AGAIN}")
        ways = (LEAF if is_leaf else INNER, yes), (LEAF if is_other else INNER, no)
        decisions[INNER, number] = Decision(MODES[mode], feature, float(split), *ways)
    added, stated = nothing(len(ids), targets)
    if any(not 0 <= target < targets for target in ids):
        raise Unsupported(f"a leaf is for a target that is none of {targets}; {AGAIN}")
    added[np.arange(len(ids)), ids] = weights
    stated[np.arange(len(ids)), ids] = True
    roots = [(INNER, int(root)) for root in attributes.get("tree_roots", [])]
    return arranged(decisions, [(LEAF, number) for number in range(len(ids))], added, stated, roots)


def nothing(leaves: int, targets: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What leaves add before any weight, and that nothing is stated. Raises Unsupported where that is too much."""
    if leaves * targets > MAX_ADDED:
        raise Unsupported(f"{leaves:,} leaves for {targets:,} scores are too much; train a smaller ensemble")
    return np.zeros((leaves, targets)), np.zeros((leaves, targets), np.bool_)


def columns(attributes: Mapping[str, Any], names: Sequence[str]) -> list[list[Any]]:
    """Lists of one length. Raises Unsupported where they are not."""
    lists = [attributes.get(name, []) for name in names]
    lengths = {len(column) if isinstance(column, list) else -1 for column in lists}
    if len(lengths) != 1 or lengths == {-1} or max(lengths) > MAX_NODES:
        raise Unsupported(f"{', '.join(names)} are not lists of one length, at most {MAX_NODES:,}; {AGAIN}")
    return lists


def arranged(
    decisions: Mapping[Node, Decision],
    leaves: Sequence[Node],
    added: NDArray[np.float64],
    stated: NDArray[np.bool_],
    first: Sequence[Node] | None = None,
) -> Forest:
    """The arrays of trees that begin at the nodes `first`, else at those to which no other leads.

    Raises Unsupported for a child that is not there, and for a cycle.
    """
    told = np.concatenate([added.astype(np.float32), stated.astype(np.float32)], axis=1)
    rows, place = np.unique(told, axis=0, return_inverse=True)
    places: dict[Node, int] = dict(zip(leaves, place.reshape(-1).tolist(), strict=True))
    places |= {node: len(rows) + number for number, node in enumerate(decisions)}
    children = {child for d in decisions.values() for child in (d.yes, d.no)}
    missing = next((child for child in children if child not in places), None)
    if missing is not None:
        raise Unsupported(f"node {missing[1]} of tree {missing[0]}, which another leads to, is not there; {AGAIN}")
    roots = [places[node] for node in first or () if node in places]
    if first is None:
        roots = [place for node, place in places.items() if node not in children]
    if not roots or len(roots) != len({node[0] for node in places} if first is None else first):
        raise Unsupported(f"a tree has no root, or several; {AGAIN}")
    leaf, starts = np.arange(len(rows)), np.array(roots, np.int64)
    told_of = [(d.feature, np.float32(d.value), *(places[way] for way in ways(d))) for d in decisions.values()]
    features, values, *three = ([*column] for column in zip(*told_of, strict=True)) if told_of else [[]] * 5
    below, equal, above = (np.append(leaf, np.array(way, np.int64)) for way in three)
    stated = rows[:, added.shape[1] :] > 0
    depth = depth_of((below, equal, above), starts, len(rows))
    return Forest(
        np.append(0 * leaf, np.array(features, np.int64)),
        np.append(0 * leaf, values).astype(np.float32),
        below,
        equal,
        above,
        starts,
        rows[:, : added.shape[1]].astype(np.float32),
        stated,
        sure_targets((below, equal, above), starts, stated, depth),
        depth,
    )


def ways(d: Decision) -> tuple[Node, Node, Node]:
    """Where a decision leads below its value, at it, and above."""
    below, equal, above = (d.yes if holds else d.no for holds in HOLDS[d.mode])
    return below, equal, above


def sure_targets(
    three: Sequence[NDArray[np.int64]], roots: NDArray[np.int64], stated: NDArray[np.bool_], depth: int
) -> NDArray[np.bool_]:
    """The targets of which all leaves of some tree say something."""
    sure = np.concatenate([stated, np.ones((len(three[0]) - len(stated), stated.shape[1]), np.bool_)])
    for _ in range(depth):
        sure = np.all([sure[way] for way in three], axis=0)
    return np.any(sure[roots], axis=0)


def depth_of(three: Sequence[NDArray[np.int64]], roots: NDArray[np.int64], leaves: int) -> int:
    """The decisions on the longest way from a root to a leaf. Raises Unsupported where a way has no end."""
    here, depth = np.unique(roots), 0
    while (here >= leaves).any():
        depth += 1
        if depth > len(three[0]):
            raise Unsupported(f"a node leads to itself; {AGAIN}")
        inner = here[here >= leaves]
        here = np.unique(np.concatenate([way[inner] for way in three]))
    return depth
