"""Ops of the `onnx` dialect along one axis that keep its length, and the index of the least element."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType, UnitAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def

from .base import require_shape, shape_of
from .scalar import ArgOp, AxisOp


@irdl_op_definition
class ArgMinOp(ArgOp):
    """The index of the first least element along an axis, kept as 1 or dropped; with `last` the last.

    ```mlir
    %y = onnx.ArgMin %x {axis = 1 : i64} : tensor<1x10xf32> -> tensor<1xi64>
    ```
    """

    name = "onnx.ArgMin"


@irdl_op_definition
class CumSumOp(AxisOp):
    """The sum of all elements up to each along an axis; `exclusive` of itself, `reverse` from the last on.

    ```mlir
    %y = onnx.CumSum %x {axis = 1 : i64, exclusive} : tensor<1x10xf32> -> tensor<1x10xf32>
    ```
    """

    name = "onnx.CumSum"
    exclusive = opt_prop_def(UnitAttr)
    reverse = opt_prop_def(UnitAttr)

    def __init__(
        self,
        x: SSAValue,
        axis: int,
        result_type: TensorType,
        exclusive: bool = False,
        reverse: bool = False,
        node: str | None = None,
    ):
        super().__init__(x, axis, result_type, node)
        if exclusive:
            self.properties["exclusive"] = UnitAttr()
        if reverse:
            self.properties["reverse"] = UnitAttr()

    def verify_(self) -> None:
        super().verify_()
        require_shape(self, shape_of(self.x))


@irdl_op_definition
class HardmaxOp(AxisOp):
    """1 for the first greatest element along an axis, 0 for the others.

    ```mlir
    %y = onnx.Hardmax %x {axis = 1 : i64} : tensor<1x10xf32> -> tensor<1x10xf32>
    ```
    """

    name = "onnx.Hardmax"

    def verify_(self) -> None:
        super().verify_()
        require_shape(self, shape_of(self.x))


@irdl_op_definition
class LogSoftmaxOp(AxisOp):
    """x - max x - log(sum exp(x - max x)) along an axis.

    ```mlir
    %y = onnx.LogSoftmax %x {axis = -1 : i64} : tensor<1x10xf32> -> tensor<1x10xf32>
    ```
    """

    name = "onnx.LogSoftmax"

    def verify_(self) -> None:
        super().verify_()
        require_shape(self, shape_of(self.x))
