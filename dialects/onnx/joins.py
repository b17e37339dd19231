"""Ops of the `onnx` dialect that put tensors beside each other or beside a constant, and cut them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, FloatAttr, IntegerAttr, IntegerType, TensorType, f64, i1, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from ..fixed.types import storage_limits
from .base import Ints, OnnxOp, element_of, ints, node_attribute, require_shape, shape_of


@irdl_op_definition
class PadOp(OnnxOp):
    """x with a constant around it; `pads` counts the elements before each dimension, then after each.

    Of a quantized tensor `value` is the integer.

    ```mlir
    %y = onnx.Pad %x {pads = array<i64: 0, 0, 1, 1, 0, 0, 1, 1>, value = 0.0 : f64}
      : tensor<1x3x8x8xf32> -> tensor<1x3x10x10xf32>
    ```
    """

    name = "onnx.Pad"
    x = operand_def(TensorType)
    pads = prop_def(Ints)
    value = prop_def(FloatAttr)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, pads: Sequence[int], value: float, node: str | None = None):
        shape, rank = shape_of(x), len(shape_of(x))
        padded = [n + before + after for n, before, after in zip(shape, pads[:rank], pads[rank:], strict=True)]
        super().__init__(
            operands=[x],
            properties={"pads": ints(pads), "value": FloatAttr(value, f64), **node_attribute(node)},
            result_types=[TensorType(element_of(x), padded)],
        )

    @property
    def margins(self) -> tuple[tuple[int, int], ...]:
        """How many elements stand before and after each dimension."""
        pads = self.pads.get_values()
        rank = len(pads) // 2
        return tuple(zip(pads[:rank], pads[rank:], strict=True))

    @property
    def fill(self) -> float:
        """The constant."""
        return self.value.value.data

    def verify_(self) -> None:
        x, pads = shape_of(self.x), self.pads.get_values()
        if len(pads) != 2 * len(x) or min(pads, default=0) < 0:
            raise VerifyException(f"pads are {2 * len(x)} numbers of at least 0, got {list(pads)}")
        require_shape(self, [n + before + after for n, (before, after) in zip(x, self.margins, strict=True)])
        element = element_of(self.x)
        if element != element_of(self.result):
            raise VerifyException(f"cannot turn {self.x.type} into {self.result.type}")
        if isinstance(element, IntegerType):
            low, high = (0, 1) if element == i1 else storage_limits(element)
            if not (low <= self.fill <= high and self.fill == int(self.fill)):
                raise VerifyException(f"{self.fill} is no {element}")


@irdl_op_definition
class ConcatOp(OnnxOp):
    """The operands beside each other along `axis` (at least 0), the first operand first.

    ```mlir
    %y = onnx.Concat %a, %b {axis = 1 : i64} : (tensor<1x2x4xf32>, tensor<1x6x4xf32>) -> tensor<1x8x4xf32>
    ```
    """

    name = "onnx.Concat"
    parts = var_operand_def(TensorType)
    axis = prop_def(IntegerAttr[I64])
    result = result_def(TensorType)
    assembly_format = "$parts attr-dict `:` functional-type(operands, results)"

    def __init__(self, parts: Sequence[SSAValue], axis: int, node: str | None = None):
        shape = list(shape_of(parts[0]))
        shape[axis] = sum(shape_of(part)[axis] for part in parts)
        super().__init__(
            operands=[parts],
            properties={"axis": IntegerAttr(axis, i64), **node_attribute(node)},
            result_types=[TensorType(element_of(parts[0]), shape)],
        )

    @property
    def axis_index(self) -> int:
        """The dimension that grows."""
        return self.axis.value.data

    def verify_(self) -> None:
        shape, axis = list(shape_of(self.result)), self.axis_index
        if not self.parts or not 0 <= axis < len(shape):
            raise VerifyException(f"Concat takes operands and one of their dimensions, got {axis}")
        for part in self.parts:
            other = [*shape_of(part)]
            if len(other) != len(shape) or [*other[:axis], *other[axis + 1 :]] != [*shape[:axis], *shape[axis + 1 :]]:
                raise VerifyException(f"{part.type} is no part of {self.result.type} along dimension {axis}")
            if element_of(part) != element_of(self.result):
                raise VerifyException(f"{part.type} is no part of {self.result.type}: the elements differ")
        shape[axis] = sum(shape_of(part)[axis] for part in self.parts)
        require_shape(self, shape)


@irdl_op_definition
class SliceOp(OnnxOp):
    """The box of the result's shape that begins at `starts` in x; of ONNX's Slice the steps of 1.

    ```mlir
    %y = onnx.Slice %x {starts = array<i64: 0, 2, 0>} : tensor<1x8x4xf32> -> tensor<1x6x4xf32>
    ```
    """

    name = "onnx.Slice"
    x = operand_def(TensorType)
    starts = prop_def(Ints)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, starts: Sequence[int], shape: Sequence[int], node: str | None = None):
        super().__init__(
            operands=[x],
            properties={"starts": ints(starts), **node_attribute(node)},
            result_types=[TensorType(element_of(x), shape)],
        )

    @property
    def start_list(self) -> tuple[int, ...]:
        """The first index of each dimension."""
        return self.starts.get_values()

    def verify_(self) -> None:
        x, result = shape_of(self.x), shape_of(self.result)
        if not len(x) == len(result) == len(self.start_list) or element_of(self.x) != element_of(self.result):
            raise VerifyException(f"cannot cut {self.result.type} out of {self.x.type} at {list(self.start_list)}")
        for start, size, whole in zip(self.start_list, result, x, strict=True):
            if start < 0 or start + size > whole:
                raise VerifyException(f"{self.result.type} at {list(self.start_list)} leaves {self.x.type}")
