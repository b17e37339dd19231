"""Softmax of what a mask leaves: minus infinity, or a number like it, where it leaves nothing, added or chosen.

Such numbers would be part of a range; the mask is none. Exporters write attention so.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import Float32Type
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.onnx.base import element_of, shape_of
from ...dialects.onnx.weights import numbers_of
from .attention import NOTHING, constant
from .node import Node, like
from .reductions import along_axis

AXIS_IS_ONE = 13
"""The opset since which a softmax runs along one axis."""


def softmax(node: Node) -> onnx.OnnxOp | list[onnx.OnnxOp]:
    """Of all elements, or of those that a constant mask or a condition leaves."""
    x = node.operand(0)
    found = summed(x, node.name) or chosen(x, node.name)
    if found is None or node.opset < AXIS_IS_ONE:
        return along_axis(onnx.SoftmaxOp)(node)
    scores, kept = found
    return onnx.MaskedSoftmaxOp(scores, kept, node.axis(-1, len(shape_of(x))), like(x, shape_of(x)), node.name)


def summed(x: SSAValue, name: str) -> tuple[SSAValue, SSAValue] | None:
    """The scores, and where they count, of a sum with a constant that leaves elements out; None for any other value."""
    if not isinstance(sum := x.owner, onnx.AddOp):
        return None
    for scores, mask in ((sum.lhs, sum.rhs), (sum.rhs, sum.lhs)):
        if not isinstance(mask.owner, onnx.ConstantOp) or shape_of(scores) != shape_of(x):
            continue
        numbers = numbers_of(mask.owner)
        if (kept := numbers > NOTHING).all():
            continue
        added = np.where(kept, numbers, 0).astype(np.float32)
        if added.any():
            scores = onnx.AddOp(scores, constant(added, f"{name}_added"), like(x, shape_of(x)), f"{name}_scores").result
        return scores, constant(kept, f"{name}_kept")
    return None


def chosen(x: SSAValue, name: str) -> tuple[SSAValue, SSAValue] | None:
    """The scores, and where they count, of a choice between them and what leaves them out; None for any other value."""
    if not isinstance(choice := x.owner, onnx.WhereOp):
        return None
    if leaves_out(choice.y) and shape_of(choice.x) == shape_of(x):
        return choice.x, choice.condition
    condition = choice.condition.owner
    if leaves_out(choice.x) and shape_of(choice.y) == shape_of(x) and isinstance(condition, onnx.ConstantOp):
        return choice.y, constant(~numbers_of(condition), f"{name}_kept")
    return None


def leaves_out(value: SSAValue) -> bool:
    """Whether a value is a constant all of whose numbers leave elements out."""
    if not isinstance(value.owner, onnx.ConstantOp) or not isinstance(element_of(value), Float32Type):
        return False
    return bool((numbers_of(value.owner) <= NOTHING).all())
