"""Squared distances: sums of squares of differences whose differences are never stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import FloatAttr, TensorType, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, broadcast_shape, ints, node_attribute, shape_of


@irdl_op_definition
class SquaredDistanceOp(OnnxOp):
    """`factor * sum (x - w)^2` along the dimensions `axes` of x and w broadcast together, kept as 1 or dropped.

    ```mlir
    %d = onnx.SquaredDistance %x, %w {axes = array<i64: 1>, factor = -0.5 : f64}
      : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40xf32>
    ```
    """

    name = "onnx.SquaredDistance"
    x = operand_def(TensorType)
    w = operand_def(TensorType)
    axes = prop_def(Ints)
    factor = prop_def(FloatAttr)
    result = result_def(TensorType)
    assembly_format = "$x `,` $w attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: SSAValue,
        w: SSAValue,
        axes: Sequence[int],
        result_type: TensorType,
        node: str | None = None,
        factor: float = 1.0,
    ):
        properties = {"axes": ints(axes), "factor": FloatAttr(factor, f64), **node_attribute(node)}
        super().__init__(operands=[x, w], properties=properties, result_types=[result_type])

    @property
    def times(self) -> float:
        """The factor of the sum: finite, not 0."""
        return self.factor.value.data

    @property
    def reduced(self) -> tuple[int, ...]:
        """The dimensions that become one number."""
        return self.axes.get_values()

    @property
    def whole(self) -> tuple[int, ...]:
        """The shape of the differences."""
        return broadcast_shape(shape_of(self.x), shape_of(self.w))

    @property
    def count(self) -> int:
        """How many squares become one number."""
        return prod(self.whole[axis] for axis in self.reduced)

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """The result's shape with each reduced dimension kept as 1."""
        return tuple(1 if axis in self.reduced else n for axis, n in enumerate(self.whole))

    def verify_(self) -> None:
        whole = self.whole
        if not math.isfinite(self.times) or self.times == 0:
            raise VerifyException(f"the factor {self.times} is no number other than 0")
        if not all(0 <= axis < len(whole) for axis in self.reduced) or len(set(self.reduced)) != len(self.reduced):
            raise VerifyException(f"axes {list(self.reduced)} are not different dimensions of {list(whole)}")
        dropped = tuple(n for axis, n in enumerate(whole) if axis not in self.reduced)
        if shape_of(self.result) not in (self.kept_shape, dropped):
            raise VerifyException(
                f"the result has shape {list(shape_of(self.result))}, "
                f"expected {list(self.kept_shape)} or {list(dropped)}"
            )
