"""Computes ops whose operands are constants: the one place that does, for the importer and for `onnx-fold-constants`.

A quantized weight stays quantized: what moves it moves its integers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from ....dialects import onnx
from ....dialects.dense import from_numpy, splat, stored_elements, to_numpy
from ....dialects.onnx.base import element_of, shape_of
from ....dialects.onnx.budget import Budget
from ....dialects.onnx.shapes import SameElementsOp
from ....dialects.onnx.weights import numbers_of
from ....targets.executors.onnx_ops import EVALUATE
from .constants import constant_value

MOVES = (SameElementsOp, onnx.GatherOp, onnx.SliceOp, onnx.TransposeOp)
"""Ops whose result holds nothing but elements of their one operand."""

Key = tuple[type[Operation], tuple[SSAValue, ...], frozenset[tuple[str, Attribute]], Attribute]


class Folder:
    """Folds one op at a time; the same op on the same constants is computed once."""

    def __init__(self, budget: Budget):
        self.budget = budget
        self._values: dict[Key, SSAValue] = {}

    def fold(self, op: Operation, insert: Callable[[Operation], object]) -> SSAValue | None:
        """The constant, or the DequantizeLinear of one, that is the result of an op; None for an op on other operands.

        New ops are given to `insert`, in order. The DequantizeLinear of a constant stays as it is: it says how the
        integers are to be read. Raises TooLarge, before anything is allocated.
        """
        if not isinstance(op, onnx.OnnxOp) or type(op) not in EVALUATE or not op.operands:
            return None
        key = key_of(op)
        if key not in self._values:
            new = self.moved(op) or self.computed(op)
            if not new:
                return None
            for step in new:
                insert(step)
            self._values[key] = new[-1].results[0]
        return self._values[key]

    def computed(self, op: onnx.OnnxOp) -> list[Operation]:
        """The constant that an op on constants computes; nothing for other ops."""
        if isinstance(op, onnx.DequantizeLinearOp):
            return []
        constants = [operand.owner for operand in op.operands if isinstance(operand.owner, onnx.ConstantOp)]
        if len(constants) != len(op.operands):
            return []
        if isinstance(op, MOVES) and stored_elements(constants[0].value) == 1:
            value = constants[0].value
            return [onnx.ConstantOp(splat(to_numpy(value), shape_of(op.result), element_of(op.result)), op.label)]
        self.budget.take_constant(op)
        arrays = [numbers_of(constant) for constant in constants]
        with np.errstate(all="ignore"):
            result = EVALUATE[type(op)](op, [array[np.newaxis] for array in arrays])[0]
        return [onnx.ConstantOp(from_numpy(result, element_of(op.results[0])), op.label)]

    def moved(self, op: onnx.OnnxOp) -> list[Operation]:
        """The quantized weight that an op moves, with its integers rearranged; nothing for other ops.

        Also where scales per channel do not stay along one dimension.
        """
        if not isinstance(op, SameElementsOp | onnx.TransposeOp):
            return []
        weight = op.x.owner
        if not isinstance(weight, onnx.DequantizeLinearOp) or not isinstance(weight.x.owner, onnx.ConstantOp):
            return []
        axis = moved_axis(op, weight)
        if axis is None:
            return []
        self.budget.take_constant(op)
        integers, shape = constant_value(weight.x), shape_of(op.result)
        assert integers is not None
        moved = integers.transpose(op.permutation) if isinstance(op, onnx.TransposeOp) else integers.reshape(shape)
        node = weight.x.owner.node
        constant = onnx.ConstantOp(from_numpy(moved, element_of(weight.x)), None if node is None else node.data)
        type = TensorType(element_of(weight.result), shape)
        return [
            constant,
            onnx.DequantizeLinearOp(constant.result, weight.scale, weight.zero_point, axis, type, op.label),
        ]


def key_of(op: onnx.OnnxOp) -> Key:
    """What an op computes: equal for equal ops on the same values, whatever their names."""
    properties = frozenset((name, value) for name, value in op.properties.items() if name != "node")
    return type(op), tuple(op.operands), properties, op.results[0].type


def moved_axis(op: SameElementsOp | onnx.TransposeOp, weight: onnx.DequantizeLinearOp) -> int | None:
    """The axis of a weight's scales behind an op that moves it; None where they do not stay along one dimension."""
    shape = shape_of(weight.x)
    axis = weight.axis_index % len(shape) if shape else 0
    if isinstance(op, onnx.TransposeOp):
        return op.permutation.index(axis) if shape else 0
    return axis if weight.scales_array.size == 1 else axis_after_reshape(shape, shape_of(op.result), axis)


def axis_after_reshape(before: tuple[int, ...], after: tuple[int, ...], axis: int) -> int | None:
    """Where a dimension is after a reshape: as long, with as many elements before it."""
    outer = int(np.prod(before[:axis]))
    return next(
        (a for a, n in enumerate(after) if n == before[axis] and int(np.prod(after[:a])) == outer),
        None,
    )
