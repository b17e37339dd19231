"""Features of different size: each gets a scale of its own, since all that is asked of it is a comparison.

Where only ensembles of trees read an input, it is divided by a power of two for each feature, which is exact, so that
all thresholds lie between -1 and 1; beyond these no number is told from another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ....passes.fixed.scales.of_features import SPREAD
from ..recurrence.writing import NodeWriter
from .forest import Forest

if TYPE_CHECKING:
    import onnx

LEAST = 2.0**-30
"""Features whose thresholds are all smaller are told from 0 only: LightGBM's 1e-35 means no more."""

BEYOND = 1 + 2.0**-6
"""What stands for all numbers that are greater than the greatest threshold."""

Read = Callable[["onnx.NodeProto"], Mapping[str, Any] | None]
"""The attributes of an ensemble; None for any other node."""


def feature_scales(readers: Sequence[onnx.NodeProto], read: Read, features: int) -> NDArray[np.float32] | None:
    """What each feature is divided by, (features,), powers of two; None where that is no use.

    `readers` are the nodes that read the features.
    """
    greatest = np.zeros(features)
    for attributes in map(read, readers):
        if attributes is None:
            return None
        values = attributes.get("nodes_splits") or attributes.get("nodes_values", [])
        numbers, places = np.abs(np.asarray(values, np.float32)), np.asarray(attributes.get("nodes_featureids", []))
        if numbers.shape != places.shape or not ((places >= 0) & (places < features)).all():
            return None
        np.maximum.at(greatest, places.astype(np.int64), numbers)
    compared = greatest[greatest > 0]
    if not compared.size or compared.max() < SPREAD * compared.min():
        return None
    typical = 2.0 ** np.ceil(np.log2(compared.min()))
    return (2.0 ** np.ceil(np.log2(np.maximum(np.where(greatest > 0, greatest, typical), LEAST)))).astype(np.float32)


def with_scales(writer: NodeWriter, x: str, forest: Forest, scales: NDArray[np.float32]) -> tuple[str, Forest]:
    """The features divided by their scales, and the same forest on these."""
    scaled = writer.node("Mul", x, writer.constant(1 / scales[None], "scales"), name="scaled")
    least, greatest = (np.array(end, np.float32) for end in (-BEYOND, BEYOND))
    ends = writer.constant(least, "least"), writer.constant(greatest, "greatest")
    cut = writer.node("Clip", scaled, *ends, name="cut")
    return cut, replace(forest, thresholds=forest.thresholds / scales[forest.features])
