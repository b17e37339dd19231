"""Ops of the `onnx` dialect that reduce dimensions to one number."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, ints, node_attribute, shape_of


@irdl_op_definition
class ReduceMeanOp(OnnxOp):
    """The mean over the dimensions `axes` (each at least 0), which the result keeps as 1 or drops.

    ```mlir
    %y = onnx.ReduceMean %x {axes = array<i64: 2, 3>} : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.ReduceMean"
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
