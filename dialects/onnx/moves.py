"""Ops of the `onnx` dialect that take elements from elsewhere: places known at compile time, or computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import I64, ArrayAttr, IntegerAttr, IntegerType, TensorType, i1, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, element_of, ints, node_attribute, require_shape, shape_of


@irdl_op_definition
class GatherOp(OnnxOp):
    """`y[.., i, ..] = x[.., indices[i], ..]` with constant indices, along several dimensions at once.

    ONNX's Gather with constant indices; also Slice with steps, Tile, Expand, Pad that repeats elements of x, and Resize
    to the nearest are this. The result has the dimensions of x, those in `axes` (increasing) as long as their list.

    ```mlir
    %y = onnx.Gather %x {axes = array<i64: 2>, indices = [array<i64: 0, 0, 1, 1>]}
      : tensor<1x4x2xf32> -> tensor<1x4x4xf32>
    ```
    """

    name = "onnx.Gather"
    x = operand_def(TensorType)
    axes = prop_def(Ints)
    indices = prop_def(ArrayAttr[Ints])
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, indices: Mapping[int, Sequence[int]], node: str | None = None):
        shape = [len(indices[axis]) if axis in indices else size for axis, size in enumerate(shape_of(x))]
        axes = sorted(indices)
        super().__init__(
            operands=[x],
            properties={
                "axes": ints(axes),
                "indices": ArrayAttr(ints(indices[axis]) for axis in axes),
                **node_attribute(node),
            },
            result_types=[TensorType(element_of(x), shape)],
        )

    @property
    def lists(self) -> dict[int, tuple[int, ...]]:
        """The indices along each dimension that has some."""
        return dict(zip(self.axes.get_values(), (row.get_values() for row in self.indices), strict=True))

    def verify_(self) -> None:
        shape, axes = list(shape_of(self.x)), self.axes.get_values()
        if list(axes) != sorted(set(axes)) or not all(0 <= axis < len(shape) for axis in axes):
            raise VerifyException(f"axes {list(axes)} are no increasing dimensions of {self.x.type}")
        if len(self.indices) != len(axes) or element_of(self.x) != element_of(self.result):
            raise VerifyException(f"expected indices for each of axes {list(axes)} and elements of x")
        for axis, row in self.lists.items():
            if not row or min(row) < 0 or max(row) >= shape[axis]:
                raise VerifyException(f"indices along dimension {axis} must lie between 0 and {shape[axis] - 1}")
            shape[axis] = len(row)
        require_shape(self, shape)


@irdl_op_definition
class TakeOp(OnnxOp):
    """`y[.., j.., ..] = x[.., indices[j..], ..]` with indices along dimension `axis` that the model computes.

    ONNX's Gather with computed indices; negative ones count from the end.

    ```mlir
    %y = onnx.Take %x, %i {axis = 0 : i64} : (tensor<7x10x10xf32>, tensor<i64>) -> tensor<10x10xf32>
    ```
    """

    name = "onnx.Take"
    x = operand_def(TensorType)
    indices = operand_def(TensorType)
    axis = prop_def(IntegerAttr[I64])
    result = result_def(TensorType)
    assembly_format = "$x `,` $indices attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: SSAValue, indices: SSAValue, axis: int, node: str | None = None):
        shape = taken_shape(shape_of(x), shape_of(indices), axis)
        super().__init__(
            operands=[x, indices],
            properties={"axis": IntegerAttr(axis, i64), **node_attribute(node)},
            result_types=[TensorType(element_of(x), shape)],
        )

    @property
    def axis_index(self) -> int:
        """The dimension of x along which the indices count."""
        return self.axis.value.data

    def verify_(self) -> None:
        if not 0 <= self.axis_index < len(shape_of(self.x)):
            raise VerifyException(f"axis {self.axis_index} is no dimension of {self.x.type}")
        indices = element_of(self.indices)
        if not isinstance(indices, IntegerType) or indices == i1 or element_of(self.x) != element_of(self.result):
            raise VerifyException("indices are integers, and the result has elements of x")
        require_shape(self, taken_shape(shape_of(self.x), shape_of(self.indices), self.axis_index))


def taken_shape(x: Sequence[int], indices: Sequence[int], axis: int) -> tuple[int, ...]:
    """The shape of x with the indices' dimensions in place of one."""
    return (*x[:axis], *indices, *x[axis + 1 :])
