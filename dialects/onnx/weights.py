"""Weights of the `onnx` dialect: a constant, or a quantized one behind a DequantizeLinear."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from ..dense import from_numpy, to_numpy
from .base import element_of, shape_of
from .scalar import DequantizeLinearOp
from .shapes import ConstantOp


def is_weight(value: SSAValue) -> bool:
    """A constant, or the DequantizeLinear of one."""
    owner = value.owner
    return isinstance(owner, ConstantOp) or (
        isinstance(owner, DequantizeLinearOp) and isinstance(owner.x.owner, ConstantOp)
    )


def transposed_weight(value: SSAValue) -> tuple[ConstantOp] | tuple[ConstantOp, DequantizeLinearOp]:
    """New ops, in no block yet, that make a weight matrix transposed: the last one's result.

    Of a quantized weight the integers are transposed, and the axis of its scales moves along.
    """
    owner = value.owner
    if isinstance(owner, DequantizeLinearOp):
        (integers,) = transposed_weight(owner.x)[:1]
        type = TensorType(element_of(value), shape_of(integers.result))
        axis = 1 - owner.axis_index % 2
        real = DequantizeLinearOp(integers.result, owner.scale, owner.zero_point, axis, type, owner.label)
        return integers, real
    assert isinstance(owner, ConstantOp), "a weight is a constant, or the DequantizeLinear of one"
    array = np.ascontiguousarray(to_numpy(owner.value).T)
    return (ConstantOp(from_numpy(array, element_of(value)), owner.label),)
