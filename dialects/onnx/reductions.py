"""Ops of the `onnx` dialect that reduce dimensions to one number."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, ints, node_attribute, shape_of


class ReductionOp(OnnxOp):
    """A function of all elements along the dimensions `axes` (each at least 0), kept as 1 or dropped."""

    x = operand_def(TensorType)
    axes = prop_def(Ints)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, axes: Sequence[int], result_type: TensorType, node: str | None = None):
        super().__init__(
            operands=[x], properties={"axes": ints(axes), **node_attribute(node)}, result_types=[result_type]
        )

    @property
    def reduced(self) -> tuple[int, ...]:
        """The dimensions that become one number."""
        return self.axes.get_values()

    @property
    def count(self) -> int:
        """How many elements become one number."""
        return prod(shape_of(self.x)[axis] for axis in self.reduced)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """The result's shape with each reduced dimension kept as 1."""
        return tuple(1 if axis in self.reduced else n for axis, n in enumerate(shape_of(self.x)))

    def verify_(self) -> None:
        x = shape_of(self.x)
        if not all(0 <= axis < len(x) for axis in self.reduced) or len(set(self.reduced)) != len(self.reduced):
            raise VerifyException(f"axes {list(self.reduced)} are not different dimensions of {list(x)}")
        dropped = tuple(n for axis, n in enumerate(x) if axis not in self.reduced)
        actual = shape_of(self.result)
        if actual not in (self.kept_shape, dropped):
            raise VerifyException(
                f"the result has shape {list(actual)}, expected {list(self.kept_shape)} or {list(dropped)}"
            )


@irdl_op_definition
class ReduceL1Op(ReductionOp):
    """sum |x|

    ```mlir
    %y = onnx.ReduceL1 %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceL1"


@irdl_op_definition
class ReduceL2Op(ReductionOp):
    """sqrt(sum x^2)

    ```mlir
    %y = onnx.ReduceL2 %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceL2"


@irdl_op_definition
class ReduceLogSumOp(ReductionOp):
    """log(sum x)

    ```mlir
    %y = onnx.ReduceLogSum %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceLogSum"


@irdl_op_definition
class ReduceLogSumExpOp(ReductionOp):
    """log(sum exp(x))

    ```mlir
    %y = onnx.ReduceLogSumExp %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceLogSumExp"


@irdl_op_definition
class ReduceMaxOp(ReductionOp):
    """The greatest x.

    ```mlir
    %y = onnx.ReduceMax %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceMax"


@irdl_op_definition
class ReduceMeanOp(ReductionOp):
    """The mean of x.

    ```mlir
    %y = onnx.ReduceMean %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceMean"


@irdl_op_definition
class ReduceMinOp(ReductionOp):
    """The least x.

    ```mlir
    %y = onnx.ReduceMin %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceMin"


@irdl_op_definition
class ReduceSumOp(ReductionOp):
    """sum x

    ```mlir
    %y = onnx.ReduceSum %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceSum"


@irdl_op_definition
class ReduceSumSquareOp(ReductionOp):
    """sum x^2

    ```mlir
    %y = onnx.ReduceSumSquare %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceSumSquare"
