"""How good a choice of types is: the outputs on calibration data, against those of the float model.

The error is the mean over the outputs of sum (y - y')^2 / sum (y - mean y)^2: unlike the number of wrong rows it tells
choices apart that are all nearly right. Where labels are given the wrong rows may count first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import Float32Type, ModuleOp
from xdsl.dialects.func import ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from ...dialects.onnx.base import element_of
from ...dialects.onnx.weights import is_weight
from ...passes.fixed.calibrate import model_inputs, the_function
from ...targets.dataset import Dataset
from ...targets.executors.onnx import OnnxExecutor
from ...targets.executors.rounded import RoundedExecutor
from ...targets.ports import predicted_classes

Reals = list[NDArray[Any]]
"""The judged values, each (rows, elements)."""


@dataclass(frozen=True, order=True)
class Score:
    """How far outputs are off, the less the better: rows that count as wrong (0 where none do), then the error.

    `right` rows have the label, or where there are none, the class of the float model; None of models without classes.
    """

    wrong: int
    error: float
    right: int | None


class Judge:
    """Scores the types that stand on a module; the module is changed by nobody else meanwhile."""

    def __init__(self, module: ModuleOp, dataset: Dataset, by_labels: bool):
        self.function = the_function(module)
        self.dataset, self.by_labels = dataset, by_labels
        self.inputs = model_inputs(self.function, dataset)
        self.judged = judged_values(self.function.body.block.last_op)
        self.executor = RoundedExecutor(module)
        self.reference = self.values(OnnxExecutor(module))
        self.spreads = [max(float(np.square(r - r.mean(axis=0)).sum()), 1e-30) for r in self.reference]
        self.labels = self.labels_of()

    def labels_of(self) -> NDArray[np.int64] | None:
        """The class of each row: given, or where the first output tells classes, the float model's."""
        if self.dataset.labels is not None:
            return self.dataset.labels
        first = self.reference[0]
        return predicted_classes(first, False) if first.shape[1] > 1 else None

    def values(self, executor: OnnxExecutor) -> Reals:
        """The judged values as an executor computes them."""
        inner = {value.owner for value in self.judged if value not in executor.results}
        parts: dict[Operation, list[NDArray[Any]]] = {}

        def keep(op: Operation, value: NDArray[Any]) -> None:
            if op in inner:
                parts.setdefault(op, []).append(value)

        outputs = executor.visit(self.inputs, keep if inner else None)
        returned = dict(zip(executor.results, outputs.values(), strict=False))
        found: Reals = []
        for value in self.judged:
            known = returned.get(value)
            found.append(np.concatenate(parts[maker(value)]) if known is None else known)
        return [array.reshape(len(array), -1).astype(np.float64) for array in found]

    def score(self) -> Score:
        """The score of the types that were assigned last, by the float executor that rounds."""
        return self.score_of(self.values(self.executor))

    def score_of(self, values: Sequence[NDArray[Any]]) -> Score:
        """The score of the judged values, (rows, elements) each."""
        parts = zip(values, self.reference, self.spreads, strict=True)
        error = float(np.mean([np.square(v - r).sum() / spread for v, r, spread in parts]))
        right = None
        if self.labels is not None:
            right = int((predicted_classes(values[0], values[0].shape[1] == 1) == self.labels).sum())
        wrong = len(self.dataset) - right if self.by_labels and right is not None else 0
        return Score(wrong, error if np.isfinite(error) else np.inf, right)

    def float_right(self) -> int | None:
        """The rows that the float model has right."""
        return self.score_of(self.reference).right


def maker(value: SSAValue) -> Operation:
    """The op that makes a value."""
    assert isinstance(value.owner, Operation)
    return value.owner


def judged_values(terminator: Operation | None) -> list[SSAValue]:
    """The reals that outputs come from: themselves, or what an index (ArgMax) or a truth value was found from."""
    assert isinstance(terminator, ReturnOp)
    found: list[SSAValue] = []
    for value in terminator.operands:
        while not isinstance(element_of(value), Float32Type) and not isinstance(value, BlockArgument):
            assert isinstance(value.owner, Operation)
            computed = [operand for operand in value.owner.operands if not is_weight(operand)]
            if not computed:
                break
            value = computed[0]
        if not isinstance(value, BlockArgument) and value not in found:
            found.append(value)
    return found
