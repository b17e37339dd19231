"""Ops of the `onnx` dialect on the elements of several tensors, beside the four of arithmetic in `scalar`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from xdsl.dialects.builtin import I64, IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from .base import OnnxOp, broadcast_shape, element_of, node_attribute, require_shape, shape_of
from .scalar import BinaryOp


class VariadicOp(OnnxOp):
    """A scalar function of one or more tensors, with numpy's broadcasting."""

    inputs = var_operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$inputs attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue], node: str | None = None):
        type = TensorType(element_of(inputs[0]), broadcast_all([shape_of(x) for x in inputs]))
        super().__init__(operands=[inputs], properties=node_attribute(node), result_types=[type])

    def verify_(self) -> None:
        if not self.inputs:
            raise VerifyException("at least one operand is needed")
        require_shape(self, broadcast_all([shape_of(x) for x in self.inputs]))


def broadcast_all(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that numpy's broadcasting gives. Raises VerifyException where the shapes do not go together."""
    return reduce(broadcast_shape, shapes)


@irdl_op_definition
class MaxOp(VariadicOp):
    """The greatest of the operands.

    ```mlir
    %y = onnx.Max %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Max"


@irdl_op_definition
class MinOp(VariadicOp):
    """The least of the operands.

    ```mlir
    %y = onnx.Min %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Min"


@irdl_op_definition
class MeanOp(VariadicOp):
    """The sum of the operands, divided by their number.

    ```mlir
    %y = onnx.Mean %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Mean"


@irdl_op_definition
class ModOp(BinaryOp):
    """lhs - rhs trunc(lhs / rhs), which has the sign of lhs; with fmod = 0 floor instead of trunc, and that of rhs.

    ```mlir
    %y = onnx.Mod %a, %b {fmod = 1 : i64} : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Mod"
    fmod = prop_def(IntegerAttr[I64])

    def __init__(self, lhs: SSAValue, rhs: SSAValue, fmod: int, result_type: TensorType, node: str | None = None):
        super().__init__(lhs, rhs, result_type, node)
        self.properties["fmod"] = IntegerAttr(fmod, i64)

    @property
    def is_floored(self) -> bool:
        """Whether the remainder has the sign of the divisor."""
        return self.fmod.value.data == 0

    def verify_(self) -> None:
        super().verify_()
        if self.fmod.value.data not in (0, 1):
            raise VerifyException(f"fmod is 0 or 1, got {self.fmod.value.data}")


@irdl_op_definition
class PowOp(BinaryOp):
    """lhs to the power of rhs

    ```mlir
    %y = onnx.Pow %a, %b : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Pow"


@irdl_op_definition
class PReluOp(BinaryOp):
    """lhs, below 0 lhs times rhs; rhs broadcasts to lhs

    ```mlir
    %y = onnx.PRelu %x, %slope : (tensor<1x4x2xf32>, tensor<4x1xf32>) -> tensor<1x4x2xf32>
    ```
    """

    name = "onnx.PRelu"

    def verify_(self) -> None:
        super().verify_()
        require_shape(self, shape_of(self.lhs))
