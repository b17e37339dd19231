"""What synthesis is told, and streams: the ops of `hls` stay, on the arrays and pointers of C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import Operation, SSAValue

from ...dialects import hls

if TYPE_CHECKING:
    from .control import BodyWriter

REGIONS = (hls.PipelineOp, hls.UnrollOp, hls.DataflowOp, hls.InlineOp)
"""Speak of what they stand in."""

ARRAYS = (hls.ArrayPartitionOp, hls.ArrayReshapeOp, hls.BindStorageOp, hls.InterfaceOp)
"""Speak of an array, which they neither read nor write."""

HLS_OPS = (*REGIONS, *ARRAYS, hls.BindOpOp, hls.StreamOp, hls.ReadOp, hls.WriteOp)


def write_hls(body: BodyWriter, op: Operation) -> None:
    """Write an op of `hls` as it is."""
    new = op.clone({value: operand(body, value) for value in op.operands})
    body.w.block.add_op(new)
    for old, result in zip(op.results, new.results, strict=True):
        result.name_hint = old.name_hint
        body.values[old] = result


def operand(body: BodyWriter, value: SSAValue) -> SSAValue:
    """The array of a memref, or a value."""
    return body.places[value].base if value in body.places else body.value(value)
