"""One row of a matrix, computed alone: the index moves up to the weights, so that no other row is computed.

row(f(x))           ->  f(row(x))                       functions of one number
row(x * y)          ->  row(x) * row(y)                 elementwise
row(reshape(x))     ->  row(x)                          the same row of the same elements
row(Gemm(x, w, b))  ->  MatMul(x, w[i]) + b[i]          where x has one row: those of the matrix are blocks of w
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import StringAttr, TensorType, f32
from xdsl.ir import Operation, SSAValue

from ....dialects import onnx
from ....dialects.dense import from_numpy
from ....dialects.onnx.base import shape_of
from ..folding.constants import constant_value, insert_before

ONE_NUMBER = (onnx.FunctionOp, onnx.ReluOp, onnx.ClipOp, onnx.IdentityOp)

PAIRS = (onnx.AddOp, onnx.SubOp, onnx.MulOp, onnx.DivOp)

VIEWS = (onnx.ReshapeOp, onnx.FlattenOp, onnx.SqueezeOp, onnx.UnsqueezeOp)


class NoRow(Exception):
    """A value whose rows depend on each other, or on more than weights."""


@dataclass
class RowWriter:
    """Writes row `index` of a matrix of `count` rows before an op; `index` is a number, or a scalar of integers.

    Values are seen as (count, elements / count), whatever their shapes; results have shape [1, elements / count].
    """

    anchor: Operation
    count: int
    index: int | SSAValue
    suffix: str
    written: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def row(self, value: SSAValue) -> SSAValue:
        """The row of a value. Raises NoRow where it cannot be computed alone."""
        if value not in self.written:
            self.written[value] = self._row(value)
        return self.written[value]

    def _row(self, value: SSAValue) -> SSAValue:
        op, elements = value.owner, prod(shape_of(value))
        if not isinstance(op, onnx.OnnxOp) or elements % self.count:
            raise NoRow
        label = f"{op.label}{self.suffix}"
        constant = constant_value(value)
        if constant is not None:
            return self.chosen(constant.reshape(self.count, 1, -1), label)
        type = TensorType(f32, (1, elements // self.count))
        match op:
            case _ if isinstance(op, VIEWS):
                return self.row(op.operands[0])
            case _ if isinstance(op, ONE_NUMBER):
                return self.copied(op, [self.row(op.operands[0])], type, label)
            case _ if isinstance(op, PAIRS):
                return self.copied(op, [self.operand(side, value) for side in op.operands], type, label)
            case onnx.GemmOp() if shape_of(op.x)[0] == 1:
                return self.product(op, type, label)
            case _:
                raise NoRow

    def operand(self, side: SSAValue, whole: SSAValue) -> SSAValue:
        """The row of an operand that is not stretched; one number as it is."""
        if prod(shape_of(side)) == 1:
            return side
        if shape_of(side) != shape_of(whole):
            raise NoRow
        return self.row(side)

    def copied(self, op: Operation, operands: list[SSAValue], type: TensorType, label: str) -> SSAValue:
        """The op on rows."""
        properties = {**op.properties, "node": StringAttr(label)}
        new = op.create(operands=operands, result_types=[type], properties=properties)
        return insert_before(self.anchor, new)

    def product(self, op: onnx.GemmOp, type: TensorType, label: str) -> SSAValue:
        """The outputs of a layer that are the row."""
        weights, bias = constant_value(op.w), None if op.bias is None else constant_value(op.bias)
        if weights is None or (op.bias is not None and bias is None):
            raise NoRow
        blocks = weights.reshape(self.count, -1, weights.shape[1])
        if isinstance(self.index, int):
            part = self.constant(blocks[self.index])
            offset = None if bias is None else self.constant(bias.reshape(self.count, -1)[self.index])
            return insert_before(self.anchor, onnx.GemmOp(op.x, part, offset, type, label))
        has_bias = bias is not None and bool(bias.any())
        turned = TensorType(f32, (weights.shape[1], blocks.shape[1]))
        matrix = onnx.TransposeOp(self.chosen(blocks, f"{label}_rows"), (1, 0), turned, f"{label}_weights")
        name = f"{label}_product" if has_bias else label
        result = insert_before(self.anchor, onnx.MatMulOp(op.x, insert_before(self.anchor, matrix), type, name))
        if bias is None or not has_bias:
            return result
        part = self.chosen(bias.reshape(self.count, 1, -1), f"{label}_bias")
        return insert_before(self.anchor, onnx.AddOp(result, part, type, label))

    def chosen(self, blocks: NDArray[np.float32], label: str) -> SSAValue:
        """The block (m, n) of a constant (count, m, n) at the index."""
        if isinstance(self.index, int):
            return self.constant(blocks[self.index])
        return insert_before(self.anchor, onnx.TakeOp(self.constant(blocks), self.index, 0, label))

    def constant(self, array: NDArray[np.float32]) -> SSAValue:
        """A constant before the anchor."""
        return insert_before(self.anchor, onnx.ConstantOp(from_numpy(np.ascontiguousarray(array))))
