"""An ensemble of trees as ONNX nodes: a Loop that takes every tree one decision further, then the sum of the leaves.

node = Where(x[features[node]] <= thresholds[node], below[node], above[node])      as often as the deepest tree decides
scores = sum of leaves[node] over the trees

Where some decisions are strict and others are not, or ask for equality, `<` and `<=` choose among three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ....dialects.harmless import in_quotes
from ..node import Unsupported
from ..recurrence.writing import NodeWriter
from .attributes import text, word
from .forest import Forest, forest_of, newer_forest_of

if TYPE_CHECKING:
    import onnx

CLASSIFIER, REGRESSOR = "ai.onnx.ml.TreeEnsembleClassifier", "ai.onnx.ml.TreeEnsembleRegressor"

NEWER = "ai.onnx.ml.TreeEnsemble"

FORESTS = (CLASSIFIER, REGRESSOR, NEWER)

AGGREGATE_NUMBERS = ("AVERAGE", "SUM", "MIN", "MAX")

TRANSFORM_NUMBERS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
"""How the newer operator numbers its words."""

ZIP_MAP = "ai.onnx.ml.ZipMap"
"""What gives scores the names of their classes: C has them by their numbers."""

AGGREGATES = {"SUM": "ReduceSum", "AVERAGE": "ReduceSum", "MIN": "ReduceMin", "MAX": "ReduceMax"}

TRANSFORMS = {"NONE": None, "SOFTMAX": "Softmax", "LOGISTIC": "Sigmoid"}
"""The operator that each post_transform is."""


def without_map(proto: onnx.NodeProto) -> onnx.NodeProto:
    """A ZipMap as the scores that it maps."""
    from onnx import helper

    return helper.make_node("Identity", list(proto.input), list(proto.output), name=proto.name)


def forest_nodes(
    proto: onnx.NodeProto, kind: str, name: str, attributes: Mapping[str, Any], features: int, used: set[str]
) -> list[onnx.NodeProto]:
    """The nodes that stand for an ensemble on `features` numbers. Raises Unsupported."""
    if kind == NEWER:
        aggregate = word(attributes, "aggregate_function", 1, AGGREGATE_NUMBERS)
        transform = word(attributes, "post_transform", 0, TRANSFORM_NUMBERS)
        attributes = {**attributes, "aggregate_function": aggregate, "post_transform": transform}
    transform = text(attributes, "post_transform", "NONE")
    if transform not in TRANSFORMS:
        raise Unsupported(f"post_transform {in_quotes(transform)} is not supported; there are {', '.join(TRANSFORMS)}")
    writer = NodeWriter(name)
    if kind == CLASSIFIER:
        classifier(writer, proto, attributes, features, transform, used)
    else:
        targets = attributes.get("n_targets", 1)
        newer = kind == NEWER
        forest = (
            newer_forest_of(attributes, targets, features)
            if newer
            else forest_of(attributes, "target", targets, features)
        )
        aggregate = text(attributes, "aggregate_function", "SUM")
        base = base_values(attributes, targets)
        result = transformed(writer, scores(writer, proto.input[0], forest, aggregate, base), transform)
        writer.give(result, proto.output[0])
    return writer.nodes


def base_values(attributes: Mapping[str, Any], targets: int) -> NDArray[np.float32]:
    """What is added to the scores; 0 where nothing is stated. Raises Unsupported for another number of them."""
    values = np.asarray(attributes.get("base_values", []), np.float32)
    if values.size not in (0, targets):
        raise Unsupported(f"{values.size} base_values for {targets} scores; export the model again")
    return values if values.size else np.zeros(targets, np.float32)


def classifier(
    writer: NodeWriter,
    proto: onnx.NodeProto,
    attributes: Mapping[str, Any],
    features: int,
    transform: str,
    used: set[str],
) -> None:
    """Label and scores of each class. Raises Unsupported for a label that is text."""
    labels = attributes.get("classlabels_int64s", [])
    classes = len(labels) or len(attributes.get("classlabels_strings", []))
    if not classes:
        raise Unsupported("it has no class labels; export the model again")
    ids = set(attributes.get("class_ids", []))
    one = classes == 2 and len(ids) == 1
    forest = forest_of(attributes, "class", classes, features)
    if one:  # the weights are those of the positive class alone
        forest = replace(forest, leaves=forest.leaves[:, list(ids)])
        base = np.asarray(attributes.get("base_values", [0.0]), np.float32)[-1:]
    else:
        base = base_values(attributes, classes)
    value = scores(writer, proto.input[0], forest, "SUM", base)
    decided = value
    if one:
        negated = writer.node("Neg", value)
        positive = all(weight >= 0 for weight in attributes.get("class_weights", []))
        other = writer.node("Sub", writer.number(1.0), value) if positive else negated
        decided = writer.node("Concat", other, value, axis=1, name="both")
        value = decided if transform != "LOGISTIC" else writer.node("Concat", negated, value, axis=1, name="signed")
    result = transformed(writer, value, transform)
    if len(proto.output) > 1 and proto.output[1]:
        writer.give(result, proto.output[1])
    if not proto.output[0] or proto.output[0] not in used:
        return
    if not labels:
        raise Unsupported(
            "its labels are texts; use the scores alone, or export with integer labels (classlabels_int64s)"
        )
    index = writer.node("ArgMax", decided, axis=1, keepdims=0, name="class")
    if list(labels) != list(range(classes)):
        index = writer.node("Gather", writer.constant(np.array(labels, np.int64), "labels"), index, axis=0)
    writer.give(index, proto.output[0])


def transformed(writer: NodeWriter, value: str, transform: str) -> str:
    """The scores after post_transform."""
    operator = TRANSFORMS[transform]
    if operator is None:
        return value
    return writer.node(operator, value, axis=1) if operator == "Softmax" else writer.node(operator, value)


def scores(writer: NodeWriter, x: str, forest: Forest, aggregate: str, base: NDArray[np.float32]) -> str:
    """What the leaves of all trees make together, [1, targets]. Raises Unsupported for an unknown aggregate."""
    if aggregate not in AGGREGATES:
        raise Unsupported(f"aggregate_function {in_quotes(aggregate)} is none of {', '.join(AGGREGATES)}")
    leaves = added(forest, aggregate)
    place = walked(writer, x, forest)
    last = writer.node("Min", place, writer.constant(np.array(len(leaves) - 1, index_type(forest))), name="leaf")
    each = writer.node("Gather", writer.constant(leaves.astype(np.float32), "leaves"), last, axis=0, name="added")
    operator = AGGREGATES[aggregate]
    if operator == "ReduceSum":
        total = writer.node(operator, each, writer.integers(0), keepdims=1, name="sum")
    else:
        total = writer.node(operator, each, axes=[0], keepdims=1, name="extreme")
    return writer.node("Add", total, writer.constant(base[None], "base"), name="scores") if base.any() else total


def added(forest: Forest, aggregate: str) -> NDArray[np.float32]:
    """What leaves add. What they say nothing of changes no sum; nor an extreme, where some tree is sure to have one.

    Raises Unsupported for an extreme of what may be nothing.
    """
    if aggregate == "AVERAGE":
        return forest.leaves / np.float32(len(forest.roots))
    if aggregate == "SUM" or forest.stated.all() or len(forest.roots) == 1:
        return forest.leaves
    if not forest.sure.all():
        raise Unsupported(
            f"{aggregate} of trees whose leaves have no weights for target {int(forest.sure.argmin())}: it may be of "
            "nothing; give all leaves of a tree weights for all targets"
        )
    sign = 1 if aggregate == "MIN" else -1
    last = sign * np.where(forest.stated, sign * forest.leaves, -np.inf).max(axis=0)
    return np.where(forest.stated, forest.leaves, last)


def index_type(forest: Forest) -> type[np.signedinteger[Any]]:
    """What places are counted in."""
    places = len(forest.below)
    return np.int8 if places < 1 << 7 else np.int16 if places < 1 << 15 else np.int32


def walked(writer: NodeWriter, x: str, forest: Forest) -> str:
    """The place that each tree ends at."""
    from onnx import TensorProto, helper

    type = index_type(forest)
    roots = writer.constant(forest.roots.astype(type), "roots")
    if not forest.depth:
        return roots
    row = writer.node("Reshape", x, writer.integers(-1), name="row")
    features = forest.features.astype(np.int8 if forest.features.max() < 1 << 7 else np.int16)
    tables = {"features": features, "thresholds": forest.thresholds}
    tables |= {"below": forest.below.astype(type), "above": forest.above.astype(type)}
    upto, under = (bool((forest.equal == way).all()) for way in (forest.below, forest.above))
    if not (upto or under):
        tables |= {"equal": forest.equal.astype(type)}
    names = {name: writer.constant(table, name) for name, table in tables.items()}
    body = NodeWriter(f"{writer.prefix}_step")
    place, condition = body.name("place"), body.name("condition")
    feature = body.node("Gather", names["features"], place, axis=0, name="feature")
    number = body.node("Gather", row, feature, axis=0, name="number")
    threshold = body.node("Gather", names["thresholds"], place, axis=0, name="threshold")
    ways = [body.node("Gather", names[name], place, axis=0, name=name) for name in [*names][2:]]
    less = body.node("Less" if under else "LessOrEqual", number, threshold, name="less")
    if upto or under:
        following = body.node("Where", less, *ways, name="following")
    else:
        below, above, equal = ways
        other = body.node("Where", less, equal, above, name="other")
        strictly = body.node("Less", number, threshold, name="strictly")
        following = body.node("Where", strictly, below, other, name="following")
    holds = body.node("Identity", condition, name="holds")
    kinds = {body.name("round"): TensorProto.INT64, condition: TensorProto.BOOL, place: TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.INT64, None) for name in (holds, following)]
    graph = helper.make_graph(body.nodes, "step", inputs, outputs)
    result, trips = writer.name("places"), writer.constant(np.array(forest.depth, np.int64), "depth")
    label = f"{writer.prefix}_walk"
    writer.nodes.append(helper.make_node("Loop", [trips, "", roots], [result], name=label, body=graph))
    return result
