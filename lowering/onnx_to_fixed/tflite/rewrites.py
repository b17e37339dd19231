"""Which rewrite of an op gives TFLite's integers; what only moves integers is the same in any arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.weights import is_weight
from ..builder import TYPE, FixedBuilder
from ..requantize import NotInArithmetic
from .elementwise import lower_add, lower_clip, lower_mul, lower_p_relu, lower_quantize, lower_relu, lower_sub
from .functions import ENTRIES, lower_leaky_relu, lower_table
from .pools import lower_average_pool, lower_reduce_mean
from .recurrent import OF_ROUNDS, is_round
from .softmax import lower_softmax

Rewrite = Callable[[FixedBuilder, Any], SSAValue]

OWN: dict[type[Operation], Rewrite] = {
    onnx.AddOp: lower_add,
    onnx.AveragePoolOp: lower_average_pool,
    onnx.ClipOp: lower_clip,
    onnx.MulOp: lower_mul,
    onnx.PReluOp: lower_p_relu,
    onnx.QuantizeLinearOp: lower_quantize,
    onnx.ReduceMeanOp: lower_reduce_mean,
    onnx.ReluOp: lower_relu,
    onnx.SoftmaxOp: lower_softmax,
    onnx.SubOp: lower_sub,
    **{op: lower_table for op in onnx.FUNCTIONS.values() if op.name in ENTRIES},
    onnx.FUNCTIONS["LeakyRelu"]: lower_leaky_relu,
}
"""Ops that TFLite computes in its own way."""

LAYERS = (onnx.ConvOp, onnx.ConvTransposeOp, onnx.GemmOp)
"""Ops whose builder decides how their sums are multiplied."""

IN_ONE_TYPE = (
    *(onnx.ConcatOp, onnx.FlattenOp, onnx.GatherOp, onnx.IdentityOp, onnx.MaxPoolOp, onnx.PadOp, onnx.ReduceMaxOp),
    *(onnx.ReduceMinOp, onnx.ReshapeOp, onnx.SliceOp, onnx.SqueezeOp, onnx.TransposeOp, onnx.UnsqueezeOp),
    *(onnx.MaxOp, onnx.MinOp),
)
"""Ops that give integers of their operands where all have one type."""

OF_INTEGERS = (onnx.ArgMaxOp, onnx.ArgMinOp, onnx.DequantizeLinearOp)
"""Ops that round nothing."""


def tflite_rewrite(builder: FixedBuilder, op: Operation, usual: Rewrite) -> Rewrite:
    """The rewrite that gives TFLite's integers. Raises NotInArithmetic where there is none."""
    if is_round(op) and type(op) in OF_ROUNDS:
        return OF_ROUNDS[type(op)]
    if type(op) in OWN:
        return OWN[type(op)]
    if isinstance(op, (*LAYERS, *OF_INTEGERS)):
        return usual
    types = {builder.type_of(operand) for operand in op.operands if not is_weight(operand)}
    if isinstance(op, IN_ONE_TYPE) and types == {op.attributes.get(TYPE)}:
        return usual
    raise NotInArithmetic("TFLite's integers of it are not known, or its types differ; use --arithmetic exact")
