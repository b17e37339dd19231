"""Values that never reach memory: what `fixed-fuse-maps` will do, known before types are chosen.

An elementwise op of one computed value moves into the body of the form that computes it; the value between them then is
a number in a register, whose width costs neither RAM nor a store.
"""

from __future__ import annotations

from math import prod

from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.onnx.base import shape_of
from ....dialects.onnx.weights import is_weight

ELEMENTWISE = (
    onnx.AddOp,
    onnx.BatchNormalizationOp,
    onnx.ClipOp,
    onnx.DivOp,
    onnx.FunctionOp,
    onnx.MulOp,
    onnx.QuantizeLinearOp,
    onnx.ReluOp,
    onnx.SubOp,
)
"""Ops that become one map."""

NO_FORMS = (onnx.ConcatOp, onnx.DequantizeLinearOp, onnx.SliceOp, onnx.SoftmaxOp, onnx.SquaredDistanceOp, onnx.TakeOp)
"""Ops whose result is reshaped, or that no one body computes, beside those that only rearrange."""


REARRANGING = (
    onnx.FlattenOp,
    onnx.GatherOp,
    onnx.IdentityOp,
    onnx.ReshapeOp,
    onnx.SqueezeOp,
    onnx.TransposeOp,
    onnx.UnsqueezeOp,
)
"""Ops that compute nothing."""


def stays_in_body(value: SSAValue) -> bool:
    """Whether a value's one reader becomes part of the form that computes it."""
    maker, uses = value.owner, list(value.uses)
    if not isinstance(maker, Operation) or len(uses) != 1 or is_weight(value):
        return False
    if isinstance(maker, (*NO_FORMS, *REARRANGING)):
        return False
    reader = uses[0].operation
    if not isinstance(reader, ELEMENTWISE) or any(not is_weight(v) for v in reader.operands if v is not value):
        return False
    return prod(shape_of(reader.results[0])) == prod(shape_of(value))
