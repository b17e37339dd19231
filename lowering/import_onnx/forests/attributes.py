"""What the attributes of ensembles of trees must hold: a file that `onnx.checker` never saw can break each of these."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from ....dialects.harmless import in_quotes
from ..node import Unsupported

AGAIN = "export the model again"

INTEGERS = (
    *("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids"),
    *("class_treeids", "class_nodeids", "class_ids", "target_treeids", "target_nodeids", "target_ids"),
    *("nodes_trueleafs", "nodes_falseleafs", "leaf_targetids", "tree_roots", "classlabels_int64s"),
)
"""Lists of integers."""

REALS = ("nodes_values", "nodes_splits", "class_weights", "target_weights", "leaf_weights", "base_values")
"""Lists of finite numbers."""

MAX_TARGETS = 1 << 16
"""The most classes, or numbers, of an ensemble."""


def checked(attributes: Mapping[str, Any], numbers: Callable[[Any], NDArray[Any]]) -> dict[str, Any]:
    """The attributes with lists in place of tensors; `NAME_as_tensor` stands for NAME. Raises Unsupported."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        plain = name.removesuffix("_as_tensor")
        found[plain] = numbers(value).reshape(-1).tolist() if hasattr(value, "dims") else value
    for name, value in found.items():
        kinds = (int,) if name in INTEGERS else (int, float)
        if name in (*INTEGERS, *REALS) and not (
            isinstance(value, list) and all(isinstance(e, kinds) and math.isfinite(e) for e in value)
        ):
            raise Unsupported(f"attribute {name} must list {'integers' if len(kinds) == 1 else 'numbers'}; {AGAIN}")
    targets = found.get("n_targets", 1)
    if not isinstance(targets, int) or not 0 < targets <= MAX_TARGETS:
        raise Unsupported(f"attribute n_targets must be a number up to {MAX_TARGETS:,}; {AGAIN}")
    if len(found.get("classlabels_int64s", [])) > MAX_TARGETS:
        raise Unsupported(f"it has more than {MAX_TARGETS:,} classes; {AGAIN}")
    return found


def text(attributes: Mapping[str, Any], name: str, default: str) -> str:
    """An attribute that is a word."""
    value = attributes.get(name, default)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def word(attributes: Mapping[str, Any], name: str, default: int, known: tuple[str, ...]) -> str:
    """The word for which the newer operator has a number. Raises Unsupported for another number."""
    number = attributes.get(name, default)
    if not isinstance(number, int) or not 0 <= number < len(known):
        raise Unsupported(f"{name} {in_quotes(str(number))} is no number below {len(known)}; {AGAIN}")
    return known[number]
