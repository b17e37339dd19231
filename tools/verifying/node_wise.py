"""Each node of a quantized model evaluated exactly from the program's own integers at its inputs.

So one tie does not spread: what a node gives is compared with what it should give for what it got. Reals are float64,
whose error stays far below a tie's width; a clamp behind a layer is taken together with it. An integer bias whose scale
is the float32 nearest to input scale times weight scale is in units of that product, as QLinearConv has it and
QuantizeLinear's authors mean it: what the rounding of that scale adds is no part of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, Operation, SSAValue

from ...dialects import onnx
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import OnnxOp, element_of, shape_of
from ...dialects.onnx.weights import is_weight, numbers_of
from ...lowering.onnx_to_fixed.biases import stated_integers
from ...lowering.onnx_to_fixed.builder import TYPE
from ...targets.dataset import Dataset
from ...targets.executors.onnx import as_real
from ...targets.executors.onnx_ops import evaluate
from .distance import FAR_SHARE, FAR_STEPS
from .lowered import Integers, LoweredModel, Node

LAYERS = (onnx.GemmOp, onnx.ConvOp, onnx.ConvTransposeOp)
"""Ops with weights and a bias."""

TIE = 2.0**-20
"""In steps: an exact value this near to the middle between two integers may become either."""


@dataclass
class NodeExactness:
    """How a node's integers compare with the exact ones: equal, else `ties` or `unequal`.

    `far` counts those more than 2 steps from the exact value, and `worst` is the greatest distance from it, in steps
    beyond the half step that rounding takes.
    """

    node: Node
    values: int = 0
    ties: int = 0
    unequal: int = 0
    far: int = 0
    worst: float = 0.0

    def add(self, exact: NDArray[Any], integers: NDArray[Any]) -> None:
        """Take up the exact results of the node's op and the stored integers."""
        node, actual = self.node, integers.astype(np.float64)
        self.values += actual.size
        steps = exact.astype(np.float64)
        if isinstance(node.element, QType) and not isinstance(element_of(node.value), IntegerType):
            steps = np.clip(node.in_steps(exact), *node.element.limits)
        differ, distance = np.rint(steps) != actual, np.abs(steps - actual)
        self.ties += int(np.count_nonzero(differ & (distance <= 0.5 + TIE)))
        self.unequal += int(np.count_nonzero(differ & ~(distance <= 0.5 + TIE)))
        self.far += int(np.count_nonzero(~(distance <= FAR_STEPS)))
        self.worst = max(self.worst, float(distance.max(initial=0.0)) - 0.5)

    def fault(self, product_bits: int) -> str | None:
        """What is wrong with a node, None where nothing is.

        Where products have 64 bits at most 1 % may differ without a tie (factors have so many bits), else be far.
        """
        count = self.far if product_bits < 64 else self.unequal
        if count <= FAR_SHARE * self.values:
            return None
        what = f"more than {FAR_STEPS:g} steps from" if product_bits < 64 else "not"
        return f"{count / self.values:.2%} of its integers are {what} what an exact evaluation of its inputs gives"


def node_wise(lowered: LoweredModel, dataset: Dataset, most: int) -> list[NodeExactness]:
    """Every node in the order of execution, over all rows, at most so many at a time; those in scans are left out."""
    block = lowered.model.body.block
    found = {n.value: NodeExactness(n) for n in lowered.nodes if is_in(n.value, block)}
    weights = weights_of(lowered)
    biases = biases_of(lowered)
    for _, integers in lowered.chunks(dataset, most):
        evaluate_nodes(lowered, integers, weights, biases, found)
    return list(found.values())


def is_in(value: SSAValue, block: Block) -> bool:
    """Whether an op of the model that stands in this block computes a value."""
    return isinstance(value.owner, OnnxOp) and value.owner.parent is block


def weights_of(lowered: LoweredModel) -> dict[SSAValue, NDArray[Any]]:
    """The real values of all weights, (1, *shape); of quantized ones the integers as well."""
    weights: dict[SSAValue, NDArray[Any]] = {}
    for op in lowered.model.body.block.ops:
        if isinstance(op, onnx.ConstantOp):
            weights[op.result] = as_real(numbers_of(op), np.float64)[np.newaxis]
        elif op.results and is_weight(op.results[0]):
            weights[op.results[0]] = evaluate(op, [weights[operand] for operand in op.operands], np.float64)
    return weights


def biases_of(lowered: LoweredModel) -> dict[Operation, NDArray[Any]]:
    """The real biases, (1, channels), of layers whose bias has the scale of their sums."""
    biases: dict[Operation, NDArray[Any]] = {}
    for op in lowered.model.body.block.ops:
        if not isinstance(op, LAYERS) or op.bias is None or not is_weight(op.w) or not lowered.is_computed(op.x):
            continue
        x, w = lowered.element_of(op.x), op.w.owner.attributes.get(TYPE) if isinstance(op.w.owner, Operation) else None
        if isinstance(x, QType) and isinstance(w, QType):
            scales = np.broadcast_to(x.scale * np.asarray(w.scales.data), shape_of(op.bias)[-1:])
            integers = stated_integers(op.bias, scales)
            if integers is not None:
                biases[op] = (integers * scales)[np.newaxis]
    return biases


def evaluate_nodes(
    lowered: LoweredModel,
    integers: Integers,
    weights: dict[SSAValue, NDArray[Any]],
    biases: dict[Operation, NDArray[Any]],
    found: dict[SSAValue, NodeExactness],
) -> None:
    """Evaluate each node for some rows: from the integers at its inputs, or from the layer whose clamp it is."""
    within: dict[SSAValue, NDArray[Any]] = {}
    for op in lowered.model.body.block.ops:
        if isinstance(op, onnx.ScanOp) or not isinstance(op, OnnxOp) or not lowered.is_computed(value := op.results[0]):
            continue
        goes_on = lowered.goes_on(value)
        if value not in found and not goes_on:
            continue
        operands: list[NDArray[Any]] = []
        for operand in op.operands:
            if operand in within:
                operands.append(within.pop(operand))
            elif operand in weights:
                operands.append(weights[operand])
            else:
                operands.append(lowered.as_model(operand, integers[operand]))
        if op in biases:
            operands[2] = biases[op]
        result = evaluate(op, operands, np.float64)
        if goes_on:
            within[value] = result
        else:
            found[value].add(result, integers[value])
