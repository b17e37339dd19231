"""Values of which only the side of a threshold matters: a layer whose result is compared where it is computed."""

from __future__ import annotations

from xdsl.ir import SSAValue

from ....dialects import onnx

LAYERS = (onnx.ConvOp, onnx.GemmOp, onnx.MatMulOp, onnx.SquaredDistanceOp)

VIEWS = (onnx.FlattenOp, onnx.ReshapeOp, onnx.SqueezeOp, onnx.UnsqueezeOp)

BITS = 16
"""Their width: they do not reach memory, and a step of 8 bits decides wrongly near a threshold."""


def is_compared(value: SSAValue) -> bool:
    """Whether a layer, or a view of its result, is read by comparisons alone."""
    op = value.owner
    while isinstance(op, VIEWS):
        op = op.operands[0].owner
    return isinstance(op, LAYERS) and only_compared(value)


def only_compared(value: SSAValue) -> bool:
    """Whether all readers are comparisons, or views that have no others."""
    readers = [use.operation for use in value.uses]
    return bool(readers) and all(
        isinstance(op, onnx.CompareOp) or (isinstance(op, VIEWS) and only_compared(op.results[0])) for op in readers
    )
