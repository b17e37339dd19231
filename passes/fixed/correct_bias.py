"""`fixed-correct-bias`: what rounding the weights adds to a layer's mean goes into its bias (Nagel et al., ICCV 2019).

A layer is linear, so the mean error of its output over the data is that of the weights, applied to the mean of its
input: `E[(W' - W) x] = (W' - W) E[x]`, averaged over positions; the bias loses it, per output channel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.scan import enclosing_scan
from ...dialects.onnx.weights import is_weight, weight_reals
from .calibrate import argument_types, model_inputs, the_function

Layer = onnx.ConvOp | onnx.GemmOp
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class CorrectBiasPass(ModulePass):
    """Correct the biases of Conv and Gemm layers whose weights have types, over a data file.

    `data` is an .npz file (see targets/dataset.py); `rows` limits how many of its rows are used (0: all).
    """

    name = "fixed-correct-bias"
    data: str
    rows: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from ...targets.dataset import load_dataset
        from ...targets.executors.onnx import OnnxExecutor

        function = the_function(op)
        dataset = load_dataset(self.data, argument_types(function))
        dataset = dataset.head(self.rows) if self.rows else dataset
        layers = [layer for layer in function.walk() if isinstance(layer, Layer) and has_type(layer)]
        inputs = model_inputs(function, dataset)
        means = Means(len(dataset), {source for layer in layers for source in sources(layer.x)})
        for argument, x in zip(function.body.block.args, inputs.values(), strict=True):
            means.add(argument, x)
        OnnxExecutor(op).visit(inputs, lambda visited, values: means.add(visited.results[0], values))
        for layer in layers:
            mean = means.of(layer.x)
            if mean is not None:
                correct(layer, mean)


@dataclass
class Means:
    """The means over so many rows of data of the values that are `wanted`; in a scan over all its rounds."""

    rows: int
    wanted: set[SSAValue]
    found: dict[SSAValue, Reals] = field(default_factory=dict[SSAValue, Reals])
    """Of each value, by round where it has several: (rounds, *shape)."""

    def add(self, value: SSAValue, values: NDArray[Any]) -> None:
        """Look at some rows, (rows, *shape), in a scan (rows, rounds, *shape)."""
        if value in self.wanted:
            rounds = prod(values.shape[1:]) // max(1, prod(shape_of(value)))
            total = values.reshape(len(values), rounds, *shape_of(value)).sum(axis=0, dtype=np.float64)
            self.found[value] = self.found.get(value, np.zeros(())) + total / self.rows

    def of(self, value: SSAValue) -> Reals | None:
        """The mean of a value, of its shape; None where it is not known."""
        if value in self.found:
            return self.found[value].mean(axis=0)
        scan = enclosing_scan(value)
        if scan is None or not isinstance(value, BlockArgument):
            return None
        number = value.index - len(scan.states)
        if number >= 0:
            whole = self.of(scan.ins[number])
            return None if whole is None else whole.mean(axis=scan.in_axes.data[number])
        first, following = scan.states[value.index], self.found.get(scan.end.states[value.index])
        begin = weight_reals(first) if is_weight(first) else self.of(first)
        if begin is None or following is None:
            return None
        return np.concatenate([begin[np.newaxis], following[:-1]]).mean(axis=0)


def sources(value: SSAValue) -> list[SSAValue]:
    """The values whose means say that of one: itself, of a slice the whole, of a state all that it is."""
    scan = enclosing_scan(value)
    if scan is None or not isinstance(value, BlockArgument):
        return [value]
    number = value.index - len(scan.states)
    if number >= 0:
        return sources(scan.ins[number])
    return [scan.states[value.index], scan.end.states[value.index]]


def has_type(layer: Layer) -> bool:
    """Whether the layer's weights are real constants with a type."""
    return isinstance(layer.w.owner, onnx.ConstantOp) and isinstance(layer.w.owner.attributes.get("fixed.type"), QType)


def rounding_errors(layer: Layer) -> Reals:
    """What quantization adds to each weight, (o, ...)."""
    assert isinstance(layer.w.owner, onnx.ConstantOp)
    type = layer.w.owner.attributes["fixed.type"]
    assert isinstance(type, QType)
    weights = weight_reals(layer.w).astype(np.float64)
    scales = np.asarray(type.scales.data).reshape(-1, *(1,) * (weights.ndim - 1))
    return (quantize(weights, type).astype(np.float64) - type.zp) * scales - weights


def correct(layer: Layer, mean: Reals) -> None:
    """Take the mean error of each output channel from the bias."""
    from ...targets.executors.onnx_ops import evaluate

    channels = len(weight_reals(layer.w))
    bias = np.zeros(channels) if layer.bias is None else weight_reals(layer.bias).astype(np.float64)
    operands = [mean[np.newaxis], rounding_errors(layer)[np.newaxis], np.zeros((1, channels))]
    error = evaluate(layer, operands[: len(layer.operands)], np.float64).reshape(-1, *shape_of(layer.results[0])[1:])
    error = error.mean(axis=(0, *range(2, error.ndim)))
    constant = onnx.ConstantOp(from_numpy((bias.reshape(-1) - error).astype(np.float32)), f"{layer.label}_corrected")
    Rewriter.insert_op(constant, InsertPoint.before(layer))
    new = type(layer).build(
        operands=[layer.x, layer.w, constant.result],
        properties=dict(layer.properties),
        attributes=dict(layer.attributes),
        result_types=[layer.results[0].type],
    )
    Rewriter.replace_op(layer, new)
