"""`fixed-correct-bias`: what rounding the weights adds to a layer's mean goes into its bias (Nagel et al., ICCV 2019).

A layer is linear, so the mean error of its output over the data is that of the weights, applied to the mean of its
input: `E[(W' - W) x] = (W' - W) E[x]`, averaged over positions; the bias loses it, per output channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.fixed.numbers import quantize
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import shape_of
from ...dialects.onnx.weights import weight_reals
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
        layers = [layer for layer in function.body.block.ops if isinstance(layer, Layer) and has_type(layer)]
        inputs = model_inputs(function, dataset)
        means: dict[SSAValue, Reals] = {
            a: x.mean(axis=0, dtype=np.float64) for a, x in zip(function.body.block.args, inputs.values(), strict=True)
        }
        wanted = {layer.x for layer in layers}

        def add(visited: Operation, values: NDArray[Any]) -> None:
            if (result := visited.results[0]) in wanted:
                total = np.broadcast_to(values, (len(values), *shape_of(result))).sum(axis=0, dtype=np.float64)
                means[result] = means.get(result, np.zeros(())) + total / len(dataset)

        OnnxExecutor(op).visit(inputs, add)
        for layer in layers:
            if layer.x in means:
                correct(layer, means[layer.x])


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
