"""Resampling along one dimension."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, element_of, ints, node_attribute, require_shape, shape_of


@irdl_op_definition
class ResizeOp(OnnxOp):
    """`y[.., i, ..] = sum over t of w[i, t] * x[.., first[i] + t, ..]` along `axis`, with constant w [out, taps].

    ONNX's Resize, linear or cubic, of one dimension: of several it is one after the other.

    ```mlir
    %y = onnx.Resize %x, %w {axis = 1 : i64, first = array<i64: 0, 0, 1>}
      : (tensor<1x3xf32>, tensor<3x2xf32>) -> tensor<1x3xf32>
    ```
    """

    name = "onnx.Resize"
    x = operand_def(TensorType)
    w = operand_def(TensorType)
    axis = prop_def(IntegerAttr[I64])
    first = prop_def(Ints)
    result = result_def(TensorType)
    assembly_format = "$x `,` $w attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: SSAValue, w: SSAValue, axis: int, first: Sequence[int], node: str | None = None):
        shape = [len(first) if a == axis else size for a, size in enumerate(shape_of(x))]
        super().__init__(
            operands=[x, w],
            properties={"axis": IntegerAttr(axis, i64), "first": ints(first), **node_attribute(node)},
            result_types=[TensorType(element_of(x), shape)],
        )

    @property
    def axis_index(self) -> int:
        """The dimension that changes."""
        return self.axis.value.data

    @property
    def first_list(self) -> tuple[int, ...]:
        """The first index of x that each index of the result reads."""
        return self.first.get_values()

    def verify_(self) -> None:
        shape, axis, first, w = list(shape_of(self.x)), self.axis_index, self.first_list, shape_of(self.w)
        if not 0 <= axis < len(shape) or not first or len(w) != 2 or w[0] != len(first):
            raise VerifyException(f"expected a dimension of {self.x.type} and weights [{len(first)}, taps]")
        if min(first) < 0 or max(first) + w[1] > shape[axis]:
            raise VerifyException(f"{w[1]} taps from {min(first)} to {max(first)} on leave dimension {axis}")
        shape[axis] = len(first)
        require_shape(self, shape)
