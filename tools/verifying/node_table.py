"""A row per node: how far its integers are from the model's own values, and how many of them saturate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue

from ...dialects.fixed.types import QType, storage_limits
from ...dialects.harmless import in_json
from ...dialects.onnx.base import element_of
from ...passes.fixed.calibrate import the_function
from ...passes.fixed.scales.saturating import UNBOUNDED
from ...targets.dataset import Dataset
from ...targets.executors.onnx import OnnxExecutor
from ...targets.ports import to_model
from ..compiling.compilation import Compilation
from .distance import Criterion, Distance
from .lowered import Integers, LoweredModel, Node


@dataclass
class NodeRow:
    """A node and its distance; `saturated` counts values beyond what its type holds."""

    node: Node
    distance: Distance = field(default_factory=Distance)
    saturated: int = 0

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest real number that the type holds."""
        element = self.node.element
        low, high = storage_limits(element.storage if isinstance(element, QType) else element)
        zero_point = element.zp if isinstance(element, QType) else 0
        most = float(self.node.step.max())
        return (low - zero_point) * most, (high - zero_point) * most

    @property
    def type(self) -> str:
        """How the node's values are stored."""
        element = self.node.element
        if not isinstance(element, QType):
            return str(element)
        scales = element.scales.data
        scale = f"scale {scales[0]:.4g}" if len(scales) == 1 else f"{len(scales)} scales up to {max(scales):.4g}"
        return f"{element.storage}, {scale}, zero {element.zp}"

    def add(self, reference: NDArray[Any], integers: NDArray[Any]) -> None:
        """Take up the model's values and the stored integers of some rows."""
        node = self.node
        if isinstance(element_of(node.value), IntegerType):
            reference = node.reals(reference)
        reals = node.reals(integers)
        if node.reach != UNBOUNDED:
            reference, reals = np.clip(reference, *node.reach), np.clip(reals, *node.reach)
        if isinstance(node.element, QType):
            low, high = node.element.limits
            with np.errstate(invalid="ignore"):
                rounded = np.rint(node.in_steps(reference))
            self.saturated += int(np.count_nonzero((rounded < low) | (rounded > high)))
        if node.stated:
            reference = np.clip(reference, *self.range)
        self.distance.add(reference, reals, node.step)

    def to_json(self) -> dict[str, Any]:
        """As plain data: the SNR is None where all is equal, or the model's values are all 0."""
        return {
            "name": in_json(self.node.name),
            "snr_db": self.distance.snr_db,
            "max_steps": self.distance.greatest,
            "saturated": self.saturated,
            "type": str(self.node.element),
            "range": list(self.range),
        }


def node_rows(compilation: Compilation, lowered: LoweredModel, dataset: Dataset, exact: bool) -> list[NodeRow]:
    """A row per node in the order of execution; the model is evaluated in float32, or `exact` in float64."""
    executor = OnnxExecutor(compilation.typed, np.float64 if exact else np.float32)
    rows = {n.value: NodeRow(n, Distance(plain=n.is_plain)) for n in lowered.nodes}
    inputs = to_model(dataset, lowered.ports, the_function(compilation.typed))
    arguments = list(zip(lowered.model.body.block.args, executor.inputs, strict=True))
    for part, integers in lowered.chunks(dataset, executor.chunk_rows()):
        chunk = {name: values[part] for name, values in inputs.items()}
        for argument, name in arguments:
            if argument in rows:
                rows[argument].add(chunk[name], integers[argument])
        compare_nodes(executor, chunk, integers, rows)
    return list(rows.values())


def compare_nodes(
    executor: OnnxExecutor, inputs: dict[str, NDArray[Any]], integers: Integers, rows: dict[SSAValue, NodeRow]
) -> None:
    """Take up the values of all nodes for some rows, no more than the executor computes at once."""

    def compare(op: Operation, value: NDArray[Any]) -> None:
        if op.results[0] in rows:
            rows[op.results[0]].add(value, integers[op.results[0]])

    executor.visit(inputs, compare)


def worst_first(rows: Sequence[NodeRow]) -> list[NodeRow]:
    """Sorted by SNR; what has none because nothing is right comes first, what has none because all is equal last."""

    def key(row: NodeRow) -> float:
        if row.distance.snr_db is not None:
            return row.distance.snr_db
        return math.inf if row.distance.equal else -math.inf

    return sorted(rows, key=key)


def opening(rows: Sequence[NodeRow], criterion: Criterion) -> str | None:
    """The first node that is not close by the criterion of the outputs: where the distance opens."""
    return next((row.node.name for row in rows if criterion.fault(row.distance) is not None), None)
