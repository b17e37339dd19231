"""Linear models, scalers and support vector machines of ai.onnx.ml, as ONNX nodes that stand for them.

ONNX's operator specification of the domain ai.onnx.ml; the coefficients of a support vector classifier lie as libsvm
writes them: of a vector of class i the number for the decision between i and j stands in row j - 1 for j > i, else j.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.harmless import in_quotes
from .forests.attributes import text
from .node import Unsupported
from .recurrence.writing import NodeWriter

if TYPE_CHECKING:
    import onnx

DOMAIN = "ai.onnx.ml."

CLASSIFIER, REGRESSOR = f"{DOMAIN}LinearClassifier", f"{DOMAIN}LinearRegressor"

SCALER, NORMALIZER, EXTRACTOR = f"{DOMAIN}Scaler", f"{DOMAIN}Normalizer", f"{DOMAIN}ArrayFeatureExtractor"

VECTORS, VECTOR_REGRESSOR = f"{DOMAIN}SVMClassifier", f"{DOMAIN}SVMRegressor"

LINEAR_MODELS = (CLASSIFIER, REGRESSOR, SCALER, NORMALIZER, EXTRACTOR, VECTORS, VECTOR_REGRESSOR)

TRANSFORMS = {"NONE": None, "SOFTMAX": "Softmax", "LOGISTIC": "Sigmoid"}
"""The operator that each post_transform is."""

MAX_NUMBERS = 1 << 22
"""The most numbers that an attribute lists."""

AGAIN = "export the model again"


def reals(attributes: Mapping[str, Any], name: str) -> NDArray[np.float32]:
    """A list of finite numbers; empty where it is left out. Raises Unsupported."""
    values = attributes.get(name, [])
    if not isinstance(values, list) or len(values) > MAX_NUMBERS:
        raise Unsupported(f"attribute {name} must be a list of numbers; {AGAIN}")
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        raise Unsupported(f"attribute {name} must list finite numbers; {AGAIN}")
    return np.asarray(values, np.float32)


def matrix(attributes: Mapping[str, Any], name: str, columns: int) -> NDArray[np.float32]:
    """A list of numbers as rows of so many. Raises Unsupported."""
    values = reals(attributes, name)
    if columns < 1 or not values.size or values.size % columns:
        raise Unsupported(f"{values.size} {name} for {columns} features; {AGAIN}")
    return values.reshape(-1, columns)


def linear_nodes(
    proto: onnx.NodeProto,
    kind: str,
    name: str,
    attributes: Mapping[str, Any],
    shape: Sequence[int],
    used: set[str],
    shares: bool,
) -> list[onnx.NodeProto]:
    """The nodes that stand for a model on a tensor of this shape, whose rows are `shares` that add up to 1.

    Raises Unsupported.
    """
    writer, x = NodeWriter(name), proto.input[0]
    if kind == NORMALIZER:
        writer.give(normalized(writer, x, text(attributes, "norm", "MAX"), shares), proto.output[0])
    elif kind == EXTRACTOR:
        places = writer.node("Reshape", proto.input[1], writer.integers(-1), name="places")
        writer.give(writer.node("Gather", x, places, axis=-1), proto.output[0])
    elif len(shape) != 2:
        raise Unsupported(f"it takes rows of features, not a tensor of {list(shape)}; {AGAIN}")
    elif kind == SCALER:
        writer.give(scaled(writer, x, attributes, shape[1]), proto.output[0])
    elif kind in (REGRESSOR, VECTOR_REGRESSOR):
        of = linear_scores if kind == REGRESSOR else vector_regression
        writer.give(transformed(writer, of(writer, x, attributes, shape[1]), attributes), proto.output[0])
    else:
        classify(writer, proto, kind, attributes, shape[1], used)
    return writer.nodes


def normalized(writer: NodeWriter, x: str, norm: str, shares: bool) -> str:
    """Each row by its greatest number, the sum of its magnitudes, or its length; shares add up to 1 already."""
    if norm == "L1" and shares:
        return x
    if norm in ("L1", "L2"):
        return writer.node("LpNormalization", x, axis=-1, p=int(norm[1]))
    if norm != "MAX":
        raise Unsupported(f"norm {in_quotes(norm)} is none of MAX, L1, L2; {AGAIN}")
    return writer.node("Div", x, writer.node("ReduceMax", x, axes=[-1], keepdims=1))


def scaled(writer: NodeWriter, x: str, attributes: Mapping[str, Any], features: int) -> str:
    """`(x - offset) scale`"""
    offset, scale = reals(attributes, "offset"), reals(attributes, "scale")
    if any(values.size not in (1, features) for values in (offset, scale)):
        raise Unsupported(f"{offset.size} offsets and {scale.size} scales for {features} features; {AGAIN}")
    moved = writer.node("Sub", x, writer.constant(offset, "offset"))
    return writer.node("Mul", moved, writer.constant(scale, "scale"))


def linear_scores(writer: NodeWriter, x: str, attributes: Mapping[str, Any], features: int) -> str:
    """A score for each row of coefficients."""
    return product(writer, x, matrix(attributes, "coefficients", features), reals(attributes, "intercepts"))


def product(writer: NodeWriter, x: str, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
    """`x weights^T + bias`"""
    if bias.size not in (0, len(weights)):
        raise Unsupported(f"{bias.size} intercepts for {len(weights)} scores; {AGAIN}")
    added = [writer.constant(bias, "bias")] if bias.size else []
    return writer.node("Gemm", x, writer.constant(weights, "weights"), *added, transB=1, name="scores")


def transformed(writer: NodeWriter, value: str, attributes: Mapping[str, Any]) -> str:
    """The scores after post_transform."""
    transform = text(attributes, "post_transform", "NONE")
    if transform not in TRANSFORMS:
        raise Unsupported(f"post_transform {in_quotes(transform)} is not supported; there are {', '.join(TRANSFORMS)}")
    operator = TRANSFORMS[transform]
    if operator is None:
        return value
    return writer.node(operator, value, axis=1) if operator == "Softmax" else writer.node(operator, value)


def vector_regression(writer: NodeWriter, x: str, attributes: Mapping[str, Any], features: int) -> str:
    """The sum of kernels of all support vectors; without any, a linear model."""
    coefficients, rho = reals(attributes, "coefficients"), reals(attributes, "rho")
    if attributes.get("one_class", 0):
        raise Unsupported("one_class is not supported; use the scores")
    if not attributes.get("n_supports", 0):
        return product(writer, x, matrix(attributes, "coefficients", features), rho)
    vectors = matrix(attributes, "support_vectors", features)
    if coefficients.size != len(vectors):
        raise Unsupported(f"{coefficients.size} coefficients for {len(vectors)} support vectors; {AGAIN}")
    return product(writer, kernels(writer, x, vectors, attributes), coefficients[None], rho)


def kernels(writer: NodeWriter, x: str, vectors: NDArray[np.float32], attributes: Mapping[str, Any]) -> str:
    """The kernel of a row with each support vector."""
    kind = text(attributes, "kernel_type", "LINEAR")
    given = reals(attributes, "kernel_params").tolist()
    gamma, offset, degree = (*given, *(0.0, 0.0, 3.0)[len(given) :])[:3]
    if kind == "RBF":
        rows = writer.node("Unsqueeze", x, writer.integers(1), name="rows")
        distance = writer.node("Sub", rows, writer.constant(vectors, "vectors"))
        square = writer.node("Mul", distance, distance)
        total = writer.node("ReduceSum", square, writer.integers(2), keepdims=0, name="distances")
        return writer.node("Exp", writer.node("Mul", total, writer.number(-gamma)), name="kernels")
    if kind == "LINEAR":
        return product(writer, x, vectors, np.zeros(0, np.float32))
    inner = product(writer, x, np.float32(gamma) * vectors, np.full(len(vectors), offset, np.float32))
    if kind == "POLY":
        return writer.node("Pow", inner, writer.number(degree), name="kernels")
    if kind == "SIGMOID":
        return writer.node("Tanh", inner, name="kernels")
    raise Unsupported(f"kernel {in_quotes(kind)} is none of LINEAR, RBF, POLY, SIGMOID; {AGAIN}")


def classify(
    writer: NodeWriter,
    proto: onnx.NodeProto,
    kind: str,
    attributes: Mapping[str, Any],
    features: int,
    used: set[str],
) -> None:
    """Label and scores of each class. Raises Unsupported for labels that are texts and are used."""
    labels = attributes.get("classlabels_ints", [])
    classes = len(labels) or len(attributes.get("classlabels_strings", []))
    if classes < 2:
        raise Unsupported(f"it has fewer than two class labels; {AGAIN}")
    if kind == VECTORS:
        value = decisions(writer, proto.input[0], attributes, features, classes)
        decided = votes(writer, value, classes)
    else:
        value = linear_scores(writer, proto.input[0], two_rows(attributes, features, classes), features)
        decided = value
    if len(proto.output) > 1 and proto.output[1]:
        writer.give(transformed(writer, value, attributes), proto.output[1])
    if not proto.output[0] or proto.output[0] not in used:
        return
    if not labels or not all(isinstance(label, int) for label in labels):
        raise Unsupported("its labels are texts; use the scores alone, or train with numbers as labels")
    index = writer.node("ArgMax", decided, axis=1, keepdims=0, name="class")
    if list(labels) != list(range(classes)):
        index = writer.node("Gather", writer.constant(np.array(labels, np.int64), "labels"), index, axis=0)
    writer.give(index, proto.output[0])


def two_rows(attributes: Mapping[str, Any], features: int, classes: int) -> Mapping[str, Any]:
    """Of two classes with one row of coefficients the other has the negative scores. Raises Unsupported."""
    rows = len(matrix(attributes, "coefficients", features))
    if rows == classes:
        return attributes
    if rows != 1 or classes != 2 or text(attributes, "post_transform", "NONE") == "SOFTMAX":
        raise Unsupported(f"{rows} rows of coefficients for {classes} classes; {AGAIN}")
    doubled = {
        name: (-reals(attributes, name)).tolist() + reals(attributes, name).tolist()
        for name in ("coefficients", "intercepts")
    }
    return {**attributes, **doubled}


def decisions(writer: NodeWriter, x: str, attributes: Mapping[str, Any], features: int, classes: int) -> str:
    """The decision between each pair of classes. Raises Unsupported for probabilities and for two classes."""
    if reals(attributes, "prob_a").size:
        raise Unsupported("probabilities of support vectors are not supported; train with probability=False")
    if classes == 2:
        raise Unsupported("support vectors of two classes are not supported; use LinearSVC, or SVR on -1 and 1")
    vectors = matrix(attributes, "support_vectors", features)
    counts = attributes.get("vectors_per_class", [])
    rows = reals(attributes, "coefficients")
    if len(counts) != classes or sum(counts) != len(vectors) or min(counts) < 0:
        raise Unsupported(f"{len(vectors)} support vectors of {len(counts)} classes, not {classes}; {AGAIN}")
    if rows.size != (classes - 1) * len(vectors):
        raise Unsupported(f"{rows.size} coefficients for {len(vectors)} support vectors; {AGAIN}")
    rows = rows.reshape(classes - 1, len(vectors))
    owner = np.repeat(np.arange(classes), counts)
    pairs = list(combinations(range(classes), 2))
    weights = np.zeros((len(pairs), len(vectors)), np.float32)
    for number, (i, j) in enumerate(pairs):
        weights[number] = np.where(owner == i, rows[j - 1], np.where(owner == j, rows[i], 0))
    return product(writer, kernels(writer, x, vectors, attributes), weights, reals(attributes, "rho"))


def votes(writer: NodeWriter, value: str, classes: int) -> str:
    """How many decisions each class has won, the first of a pair by a positive one."""
    pairs = list(combinations(range(classes), 2))
    won = np.zeros((classes, len(pairs)), np.float32)
    lost = np.zeros(classes, np.float32)
    for number, (i, j) in enumerate(pairs):
        won[i, number], won[j, number] = 1, -1
        lost[j] += 1
    positive = writer.node("Greater", value, writer.number(0.0))
    return product(writer, writer.node("Cast", positive, to=1), won, lost)
