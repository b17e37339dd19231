"""`onnx-split-products`: the product of a concatenation is a sum of products, where parts would be copied each round.

    Gemm(Concat(x, h), [W U], b)  ->  Gemm(x, W, b) + Gemm(h, U)

In the body of a scan a state and a slice lie where they are; beside each other they would need a copy, and one type.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from ...dialects import onnx
from ...dialects.dense import from_numpy, to_numpy
from ...dialects.onnx.base import element_of, shape_of
from .folding.constants import erase_unused, insert_before, outermost


@dataclass(frozen=True)
class SplitProductsPass(ModulePass):
    """Make a Gemm per part of a concatenation that holds states, slices, or values from outside of a scan."""

    name = "onnx-split-products"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for gemm in [o for o in op.walk() if isinstance(o, onnx.GemmOp)]:
            concat = gemm.x.owner
            if isinstance(concat, onnx.ConcatOp) and concat.axis_index == 1 and copies_each_round(concat):
                split(gemm, concat)
        erase_unused(op)


def copies_each_round(concat: onnx.ConcatOp) -> bool:
    """Whether a Concat in a scan's body has parts that the body does not make, and products alone read it."""
    if not isinstance(concat.parent_op(), onnx.ScanOp):
        return False
    readers = [use.operation for use in concat.result.uses]
    if not all(isinstance(reader, onnx.GemmOp) and is_plain(reader.w) for reader in readers):
        return False
    return any(not isinstance(part.owner, Operation) or part.owner.parent is not concat.parent for part in concat.parts)


def is_plain(w: SSAValue) -> bool:
    """Whether the columns of weights can be parted: constants, quantized ones with scales along their rows."""
    owner = w.owner
    if isinstance(owner, onnx.DequantizeLinearOp):
        along_rows = owner.scales_array.size == 1 or owner.axis_index % 2 == 0
        return along_rows and isinstance(owner.x.owner, onnx.ConstantOp)
    return isinstance(owner, onnx.ConstantOp)


def split(gemm: onnx.GemmOp, concat: onnx.ConcatOp) -> None:
    """A product per part, and their sum in place of the one product."""
    type = gemm.result.type
    name, begin = gemm.label, 0
    total: SSAValue | None = None
    for number, part in enumerate(concat.parts):
        end = begin + shape_of(part)[1]
        w, bias = columns(gemm.w, begin, end, gemm), gemm.bias if number == 0 else None
        product = insert_before(gemm, onnx.GemmOp(part, w, bias, type, f"{name}_part_{number}"))
        last = number == len(concat.parts) - 1
        label = name if last else f"{name}_sum_{number}"
        total = product if total is None else insert_before(gemm, onnx.AddOp(total, product, type, label))
        begin = end
    assert total is not None, "verified: a concatenation has parts"
    gemm.result.replace_all_uses_with(total)
    Rewriter.erase_op(gemm)


def columns(w: SSAValue, begin: int, end: int, before: Operation) -> SSAValue:
    """Some columns of constant weights, before all rounds."""
    owner = w.owner
    if isinstance(owner, onnx.DequantizeLinearOp):
        integers = columns(owner.x, begin, end, before)
        type = TensorType(element_of(w), shape_of(integers))
        read = onnx.DequantizeLinearOp(integers, owner.scale, owner.zero_point, owner.axis_index, type, owner.label)
        return insert_before(outermost(before), read)
    assert isinstance(owner, onnx.ConstantOp), "is_plain"
    part = np.ascontiguousarray(to_numpy(owner.value)[:, begin:end])
    label = None if owner.node is None else f"{owner.node.data}_{begin}"
    return insert_before(outermost(before), onnx.ConstantOp(from_numpy(part, element_of(w)), label))
