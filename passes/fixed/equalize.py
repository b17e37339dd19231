"""`fixed-equalize`: channels of consecutive layers share their ranges (Nagel et al., ICCV 2019, section 4.1).

Between two layers with nothing but positively homogeneous ops (f(s x) = s f(x) for s > 0) channel c of the first can be
divided by any s and the weights of the second that read it be multiplied by s: exact in real numbers. With
`s = sqrt(r1 / r2)`, r the greatest magnitudes of the weights of channel c in the first and in the second layer, neither
has a channel that is next to nothing beside the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.onnx.base import element_of, shape_of

Layer = onnx.ConvOp | onnx.GemmOp

HOMOGENEOUS = (
    onnx.AveragePoolOp,
    onnx.GlobalAveragePoolOp,
    onnx.IdentityOp,
    onnx.MaxPoolOp,
    onnx.ReluOp,
)
"""Ops that keep channels apart and let a positive factor through; LeakyRelu is another, found by its name."""

GREATEST_FACTOR = 2.0**8
"""No channel is scaled by more, or by less than its inverse."""


@dataclass(frozen=True)
class EqualizePass(ModulePass):
    """Scale channels of consecutive Conv and Gemm layers, `rounds` times through the network, from the last pair on."""

    name = "fixed-equalize"
    rounds: int = 4

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        layers = [layer for layer in op.walk() if isinstance(layer, Layer)]
        pairs = [(layer, found) for layer in layers if (found := following(layer)) is not None]
        for _ in range(self.rounds):
            for first, second in pairs:
                equalize(first, second)


def following(layer: Layer) -> Layer | None:
    """The layer that alone reads another one's channels, with constant weights of its own in both."""
    value: SSAValue = layer.results[0]
    while value.has_one_use():
        (use,) = value.uses
        user = use.operation
        if isinstance(user, Layer):
            fits = use.index == 0 and len(columns(user)) == shape_of(value)[1]
            return user if fits and is_own(layer.w) and is_own(layer.bias) and is_own(user.w) else None
        if not isinstance(user, HOMOGENEOUS) and user.name != "onnx.LeakyRelu":
            return None
        value = user.results[0]
    return None


def is_own(value: SSAValue | None) -> bool:
    """Whether real weights are there for one layer alone; a bias may be left out."""
    return value is None or (
        isinstance(value.owner, onnx.ConstantOp) and element_of(value) == f32 and value.has_one_use()
    )


def columns(layer: Layer) -> NDArray[np.float32]:
    """Weights with input channels first; a view. Of grouped convolutions only depthwise ones: else nothing."""
    assert isinstance(layer.w.owner, onnx.ConstantOp)
    weights = to_numpy(layer.w.owner.value)
    if isinstance(layer, onnx.GemmOp) or layer.groups == 1:
        return weights.swapaxes(0, 1)
    return weights if weights.shape[1] == 1 and layer.groups == len(weights) else weights[:0]


def equalize(first: Layer, second: Layer) -> None:
    """Scale the channels between two layers."""
    assert isinstance(first.w.owner, onnx.ConstantOp)
    rows, reading = to_numpy(first.w.owner.value).astype(np.float64), columns(second).astype(np.float64)
    r1, r2 = (np.abs(w.reshape(len(w), -1)).max(axis=1) for w in (rows, reading))
    alive = (r1 > 0) & (r2 > 0)
    factors = np.where(alive, np.sqrt(np.where(alive, r1, 1) / np.where(alive, r2, 1)), 1.0)
    factors = np.clip(factors, 1 / GREATEST_FACTOR, GREATEST_FACTOR)
    replace(first, 1, rows / along_first(factors, rows.ndim))
    scaled = reading * along_first(factors, reading.ndim)
    swapped = isinstance(second, onnx.GemmOp) or second.groups == 1
    replace(second, 1, scaled.swapaxes(0, 1) if swapped else scaled)
    if first.bias is not None:
        assert isinstance(first.bias.owner, onnx.ConstantOp)
        bias = to_numpy(first.bias.owner.value).astype(np.float64)
        replace(first, 2, bias.reshape(-1) / factors)


def along_first(factors: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    """A factor per index of the first of so many dimensions."""
    return factors.reshape(-1, *(1,) * (rank - 1))


def replace(layer: Layer, index: int, numbers: NDArray[np.float64]) -> None:
    """Give a layer other weights, or another bias, of the same shape."""
    old = layer.operands[index].owner
    assert isinstance(old, onnx.ConstantOp)
    values = np.ascontiguousarray(numbers.reshape(shape_of(old.result)), np.float32)
    new = onnx.ConstantOp(from_numpy(values), None if old.node is None else old.node.data)
    Rewriter.insert_op(new, InsertPoint.before(old))
    layer.operands[index] = new.result
    Rewriter.erase_op(old)
