"""Runs a module at the level `onnx` with assigned types: in float, each value rounded to what its type holds.

What the integers of `fixed` compute, but for the last step here and there (ties, the finite multipliers of changes of
scale, tables of functions), in the time that the float model takes: made for searches, which ask it for many types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, Float32Type, ModuleOp
from xdsl.ir import Attribute, BlockArgument, Operation

from ...dialects import onnx
from ...dialects.fixed.numbers import of_rows, scales_of
from ...dialects.fixed.types import QType
from ...dialects.onnx.base import element_of
from ...dialects.onnx.shapes import SameElementsOp
from ...dialects.onnx.weights import is_weight
from .onnx import OnnxExecutor

MOVES = (SameElementsOp, onnx.GatherOp, onnx.MaxPoolOp, onnx.SliceOp, onnx.TransposeOp)
"""Ops whose results are numbers of their operand: on its grid already where the types are equal."""


class RoundedExecutor(OnnxExecutor):
    """The executor of typed `onnx`: `fixed.type` on ops, `fixed.input_types` on the function."""

    level = "rounded"

    def __init__(self, module: ModuleOp):
        super().__init__(module, np.float32)
        self.constants: dict[tuple[Operation, Attribute | None], NDArray[Any]] = {}

    @property
    def input_types(self) -> Sequence[Attribute]:
        """The types of the arguments; types may change from run to run."""
        types = self.function.attributes.get("fixed.input_types")
        return types.data if isinstance(types, ArrayAttr) else ()

    def argument(self, argument: BlockArgument, given: NDArray[Any]) -> NDArray[Any]:
        """An input, as the caller quantizes it."""
        type = self.input_types[argument.index] if self.input_types else None
        return nearest(given, of_rows(type)) if isinstance(type, QType) and given.dtype.kind == "f" else given

    def constant(self, op: onnx.ConstantOp) -> NDArray[Any]:
        """A weight, quantized."""
        type = op.attributes.get("fixed.type")
        if (op, type) not in self.constants:
            value = super().constant(op)
            if isinstance(type, QType) and isinstance(element_of(op.result), Float32Type):
                value = nearest(value[0], type)[np.newaxis]
            self.constants[op, type] = value
        return self.constants[op, type]

    def computed(self, op: Operation, operands: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """A result in the steps of its type."""
        value, type = super().computed(op, operands), op.attributes.get("fixed.type")
        if not isinstance(type, QType) or value.dtype.kind != "f" or (isinstance(op, MOVES) and self.same(op, type)):
            return value
        return nearest(value[0], type)[np.newaxis] if is_weight(op.results[0]) else on_grid(value, type)

    def same(self, op: Operation, type: QType) -> bool:
        """Whether an op's operand is stored in this type."""
        operand = op.operands[0]
        if isinstance(operand, BlockArgument):
            is_input = operand.block is self.function.body.block and bool(self.input_types)
            return is_input and self.input_types[operand.index] == type
        return isinstance(operand.owner, Operation) and operand.owner.attributes.get("fixed.type") == type


def nearest(values: NDArray[Any], type: QType) -> NDArray[Any]:
    """Values of a constant, (*shape), or of an input, (rows, *shape) with a type of rows, as `quantize` rounds them."""
    scales = scales_of(type, values.shape)
    low, high = type.limits
    integers = np.clip(np.rint(values.astype(np.float64) / scales), low - type.zp, high - type.zp)
    return (integers * scales).astype(values.dtype)


def on_grid(values: NDArray[Any], type: QType) -> NDArray[Any]:
    """Computed values rounded as changes of scale do: to the nearest, ties up. One scale holds for all."""
    real = values.dtype.type
    steps = values * real(1 / type.scale)
    steps += real(0.5)
    np.floor(steps, out=steps)
    low, high = type.limits
    np.clip(steps, real(low - type.zp), real(high - type.zp), out=steps)
    steps *= real(type.scale)
    return steps
