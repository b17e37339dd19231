"""`onnx-fold-constants`: what is computed from constants alone is computed now; what nothing uses goes.

A quantized weight stays quantized: what moves it moves its integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.shapes import SameElementsOp
from ...targets.executors.onnx_ops import EVALUATE
from .folding.constants import constant_value, erase_unused, insert_before


@dataclass(frozen=True)
class FoldConstantsPass(ModulePass):
    """Compute what depends on constants only; move quantized weights; drop Identity and dead ops."""

    name = "onnx-fold-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            if isinstance(inner, onnx.IdentityOp):
                inner.result.replace_all_uses_with(inner.x)
            elif (new := folded(inner)) is not None:
                insert_with_operands(inner, new)
                inner.results[0].replace_all_uses_with(new.results[0])
        erase_unused(op)


def insert_with_operands(anchor: Operation, op: Operation) -> None:
    """Insert an op before another, and before it those of its operands that are in no block yet."""
    for operand in op.operands:
        if isinstance(operand.owner, Operation) and operand.owner.parent is None:
            insert_with_operands(anchor, operand.owner)
    insert_before(anchor, op)


def folded(op: Operation) -> onnx.OnnxOp | None:
    """A constant, or the DequantizeLinear of one, that is the result of an op; in no block yet. None for other ops.

    The DequantizeLinear of a constant stays as it is: it says how the integers are to be read.
    """
    if not isinstance(op, onnx.OnnxOp) or type(op) not in EVALUATE or not op.operands:
        return None
    if isinstance(op, SameElementsOp | onnx.TransposeOp) and isinstance(op.x.owner, onnx.DequantizeLinearOp):
        return moved(op, op.x.owner)
    arrays = [constant_value(operand) for operand in op.operands]
    constants = [array for array in arrays if array is not None]
    if len(constants) != len(arrays) or isinstance(op, onnx.DequantizeLinearOp):
        return None
    with np.errstate(all="ignore"):
        result = EVALUATE[type(op)](op, [array[np.newaxis] for array in constants])[0]
    return onnx.ConstantOp(from_numpy(result, element_of(op.results[0])), op.label)


def moved(op: SameElementsOp | onnx.TransposeOp, weight: onnx.DequantizeLinearOp) -> onnx.DequantizeLinearOp | None:
    """The weight with its integers rearranged; None where scales per channel do not stay along one dimension."""
    integers = constant_value(weight.x)
    if integers is None:
        return None
    shape, rank = shape_of(op.result), integers.ndim
    axis = weight.axis_index % rank if rank else 0
    if isinstance(op, onnx.TransposeOp):
        rearranged = integers.transpose(op.permutation)
        axis = op.permutation.index(axis) if rank else 0
    else:
        rearranged = integers.reshape(shape)
        if weight.scales_array.size > 1:
            same = axis_after_reshape(integers.shape, shape, axis)
            if same is None:
                return None
            axis = same
    constant = onnx.ConstantOp(from_numpy(rearranged, element_of(weight.x)), label_of(weight.x))
    type = TensorType(element_of(weight.result), shape)
    return onnx.DequantizeLinearOp(constant.result, weight.scale, weight.zero_point, axis, type, op.label)


def axis_after_reshape(before: tuple[int, ...], after: tuple[int, ...], axis: int) -> int | None:
    """Where a dimension is after a reshape: as long, with as many elements before it."""
    outer = int(np.prod(before[:axis]))
    return next(
        (a for a, n in enumerate(after) if n == before[axis] and int(np.prod(after[:a])) == outer),
        None,
    )


def label_of(value: SSAValue) -> str | None:
    """The name of the op that makes a value."""
    owner = value.owner
    return owner.node.data if isinstance(owner, onnx.OnnxOp) and owner.node is not None else None
