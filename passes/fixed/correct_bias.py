"""`fixed-correct-bias`: what rounding the weights adds to a layer's mean goes into its bias (Nagel et al., ICCV 2019).

A layer is linear, so the mean error of its output over the data is that of the weights, applied to the mean of its
input: `E[(W' - W) x] = (W' - W) E[x]`, averaged over positions; the bias loses it, per output channel. That is free in
the program, but what other roundings add hides it in many networks: with `least_gain` all biases stay as they are
unless the outputs over the data gain so many dB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
Arrays = Mapping[str, NDArray[Any]]


WIDEST = 8
"""Bits of weights: what rounding adds to wider ones is far below a step."""


@dataclass(frozen=True)
class CorrectBiasPass(ModulePass):
    """Correct the biases of Conv and Gemm layers whose weights have types of at most 8 bits, over a data file.

    `data` is an .npz file (see targets/dataset.py); `rows` limits how many of its rows are used (0: all). With
    `least_gain`, in dB of signal to noise, only where each real output gains as much on them.
    """

    name = "fixed-correct-bias"
    data: str
    rows: int = 0
    least_gain: float | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from ...targets.dataset import load_dataset
        from ...targets.executors.onnx import OnnxExecutor

        function = the_function(op)
        layers = layers_of(op)
        if not layers:
            return
        dataset = load_dataset(self.data, argument_types(function))
        dataset = dataset.head(self.rows) if self.rows else dataset
        inputs = model_inputs(function, dataset)
        means = Means(len(dataset), {source for layer in layers for source in sources(layer.x)})
        for argument, x in zip(function.body.block.args, inputs.values(), strict=True):
            means.add(argument, x)
        reals = OnnxExecutor(op).visit(inputs, lambda visited, values: means.add(visited.results[0], values))
        biases = [None if (mean := means.of(layer.x)) is None else corrected(layer, mean) for layer in layers]
        if self.least_gain is None or gain(op, biases, inputs, reals) >= self.least_gain:
            set_biases(op, biases)


def layers_of(module: ModuleOp) -> list[Layer]:
    """The layers whose biases may be corrected, in order."""
    return [layer for layer in module.walk() if isinstance(layer, Layer) and has_type(layer)]


def set_biases(module: ModuleOp, biases: Sequence[NDArray[np.float32] | None]) -> None:
    """Give the layers of a module other biases, in order; None leaves one as it is."""
    for layer, bias in zip(layers_of(module), biases, strict=True):
        if bias is not None:
            replace_bias(layer, bias)


def gain(
    module: ModuleOp,
    biases: Sequence[NDArray[np.float32] | None],
    inputs: Arrays,
    reals: Arrays,
) -> float:
    """What other biases add to the signal-to-noise ratio of the output that gains least, in dB; NaN without reals.

    That of a row, on average: a few rows between two classes make most of the noise of all.
    """
    from ...targets.executors.rounded import RoundedExecutor

    trial = module.clone()
    set_biases(trial, biases)
    before, after = (noises(RoundedExecutor(tried).run(inputs).outputs, reals) for tried in (module, trial))
    noisy = [(old > 0) & (new > 0) for old, new in zip(before, after, strict=True)]
    pairs = [(old[both], new[both]) for old, new, both in zip(before, after, noisy, strict=True) if both.any()]
    return min((10 * float(np.log10(old / new).mean()) for old, new in pairs), default=math.nan)


def noises(outputs: Arrays, reals: Arrays) -> list[Reals]:
    """The squared distance of each row of each real output from its reals, (rows,)."""
    pairs = [(outputs[name].astype(np.float64), real) for name, real in reals.items() if real.dtype.kind == "f"]
    return [np.square(output - real).reshape(len(real), -1).sum(axis=1) for output, real in pairs]


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
    """Whether the layer's weights are real constants with a type, and narrow."""
    type = layer.w.owner.attributes.get("fixed.type") if isinstance(layer.w.owner, onnx.ConstantOp) else None
    return isinstance(type, QType) and type.bits <= WIDEST


def rounding_errors(layer: Layer) -> Reals:
    """What quantization adds to each weight, (o, ...)."""
    assert isinstance(layer.w.owner, onnx.ConstantOp)
    type = layer.w.owner.attributes["fixed.type"]
    assert isinstance(type, QType)
    weights = weight_reals(layer.w).astype(np.float64)
    scales = np.asarray(type.scales.data).reshape(-1, *(1,) * (weights.ndim - 1))
    return (quantize(weights, type).astype(np.float64) - type.zp) * scales - weights


def corrected(layer: Layer, mean: Reals) -> NDArray[np.float32]:
    """The bias without the mean error of each output channel."""
    from ...targets.executors.onnx_ops import evaluate

    channels = len(weight_reals(layer.w))
    bias = np.zeros(channels) if layer.bias is None else weight_reals(layer.bias).astype(np.float64)
    operands = [mean[np.newaxis], rounding_errors(layer)[np.newaxis], np.zeros((1, channels))]
    error = evaluate(layer, operands[: len(layer.operands)], np.float64).reshape(-1, *shape_of(layer.results[0])[1:])
    return (bias.reshape(-1) - error.mean(axis=(0, *range(2, error.ndim)))).astype(np.float32)


def replace_bias(layer: Layer, bias: NDArray[np.float32]) -> None:
    """Give a layer a bias of its own."""
    constant = onnx.ConstantOp(from_numpy(bias), f"{layer.label}_corrected")
    Rewriter.insert_op(constant, InsertPoint.before(layer))
    new = type(layer).build(
        operands=[layer.x, layer.w, constant.result],
        properties=dict(layer.properties),
        attributes=dict(layer.attributes),
        result_types=[layer.results[0].type],
    )
    Rewriter.replace_op(layer, new)
