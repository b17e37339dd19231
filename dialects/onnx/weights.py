"""Weights of the `onnx` dialect: a constant, or a quantized one behind a DequantizeLinear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, i1
from xdsl.ir import SSAValue

from ..dense import from_numpy, to_numpy
from .base import element_of, shape_of
from .scalar import DequantizeLinearOp, QuantizationOp
from .shapes import ConstantOp


def is_weight(value: SSAValue) -> bool:
    """A constant, or the DequantizeLinear of one."""
    owner = value.owner
    return isinstance(owner, ConstantOp) or (
        isinstance(owner, DequantizeLinearOp) and isinstance(owner.x.owner, ConstantOp)
    )


def numbers_of(op: ConstantOp) -> NDArray[Any]:
    """The elements of a constant as its ops take them: truth values as bool."""
    numbers = to_numpy(op.value)
    return numbers.astype(np.bool_) if element_of(op.result) == i1 else numbers


def scales_of(op: QuantizationOp) -> NDArray[np.float64]:
    """The scales in a shape that broadcasts to the operand's."""
    return along_axis(op, op.scales_array.astype(np.float64))


def along_axis(op: QuantizationOp, numbers: NDArray[Any]) -> NDArray[Any]:
    """One number per index of the op's axis in a shape that broadcasts to the operand's; one alone as it is."""
    rank = len(shape_of(op.x))
    if numbers.size == 1:
        return numbers.reshape((1,) * rank)
    return numbers.reshape([-1 if axis == op.axis_index % rank else 1 for axis in range(rank)])


def centred_integers(op: DequantizeLinearOp) -> NDArray[np.int64]:
    """The integers of a quantized weight without their zero points."""
    assert isinstance(op.x.owner, ConstantOp), "a quantized weight is the DequantizeLinear of a constant"
    return to_numpy(op.x.owner.value).astype(np.int64) - along_axis(op, op.zero_points_array.astype(np.int64))


def weight_reals(value: SSAValue) -> NDArray[np.float64]:
    """The real numbers of a weight."""
    owner = value.owner
    if isinstance(owner, DequantizeLinearOp):
        return centred_integers(owner) * scales_of(owner)
    assert isinstance(owner, ConstantOp), "a weight is a constant, or the DequantizeLinear of one"
    return to_numpy(owner.value).astype(np.float64)


def transposed_weight(
    value: SSAValue, order: Sequence[int] = (1, 0)
) -> tuple[ConstantOp] | tuple[ConstantOp, DequantizeLinearOp]:
    """New ops, in no block yet, that make a weight with its dimensions in another order: the last one's result.

    Of a quantized weight the integers are transposed, and the axis of its scales moves along.
    """
    owner = value.owner
    if isinstance(owner, DequantizeLinearOp):
        (integers,) = transposed_weight(owner.x, order)[:1]
        type = TensorType(element_of(value), shape_of(integers.result))
        axis = order.index(owner.axis_index % len(order))
        real = DequantizeLinearOp(integers.result, owner.scale, owner.zero_point, axis, type, owner.label)
        return integers, real
    assert isinstance(owner, ConstantOp), "a weight is a constant, or the DequantizeLinear of one"
    array = np.ascontiguousarray(to_numpy(owner.value).transpose(order))
    return (ConstantOp(from_numpy(array, element_of(value)), owner.label),)
