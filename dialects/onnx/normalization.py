"""Ops of the `onnx` dialect that divide by what they measure: a deviation, a root of a mean square, a norm."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import I64, FloatAttr, IntegerAttr, TensorType, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, broadcast_shape, ints, node_attribute, require_shape, shape_of


class NormalizationOp(OnnxOp):
    """x divided by what its elements along `axes` say, times a scale, plus a bias, which stretch to x."""

    x = operand_def(TensorType)
    scale = opt_operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    axes = prop_def(Ints)
    epsilon = prop_def(FloatAttr)
    result = result_def(TensorType)
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    assembly_format = (
        "$x (`scale` $scale^)? (`bias` $bias^)? attr-dict `:` type($x) "
        "(`,` `scale` type($scale)^)? (`,` `bias` type($bias)^)? `->` type($result)"
    )

    def __init__(
        self,
        x: SSAValue,
        scale: SSAValue | None,
        bias: SSAValue | None,
        axes: Sequence[int],
        epsilon: float,
        node: str | None = None,
    ):
        super().__init__(
            operands=[x, scale, bias],
            properties={"axes": ints(axes), "epsilon": FloatAttr(epsilon, f64), **node_attribute(node)},
            result_types=[x.type],
        )

    @property
    def reduced(self) -> tuple[int, ...]:
        """The dimensions that are measured together."""
        return self.axes.get_values()

    @property
    def count(self) -> int:
        """How many elements are measured together."""
        return prod(shape_of(self.x)[axis] for axis in self.reduced)

    @property
    def epsilon_value(self) -> float:
        """What is added before the root."""
        return self.epsilon.value.data

    def verify_(self) -> None:
        x = shape_of(self.x)
        if not all(0 <= axis < len(x) for axis in self.reduced) or len(set(self.reduced)) != len(self.reduced):
            raise VerifyException(f"axes {list(self.reduced)} are not different dimensions of {list(x)}")
        if self.epsilon_value < 0:
            raise VerifyException(f"epsilon {self.epsilon_value} is negative")
        for operand in self.operands[1:]:
            if broadcast_shape(x, shape_of(operand)) != x:
                raise VerifyException(
                    f"a scale or bias of shape {list(shape_of(operand))} does not stretch to {list(x)}"
                )
        require_shape(self, x)


@irdl_op_definition
class LayerNormalizationOp(NormalizationOp):
    """`(x - mean) / sqrt(var + epsilon) * scale + bias`, mean and variance over `axes`.

    ONNX's LayerNormalization where these are the last ones; InstanceNormalization, GroupNormalization (after a
    Reshape) and MeanVarianceNormalization with others.

    ```mlir
    %y = onnx.LayerNormalization %x scale %s bias %b {axes = array<i64: 1>, epsilon = 1.0e-05 : f64}
      : tensor<1x8xf32>, scale tensor<8xf32>, bias tensor<8xf32> -> tensor<1x8xf32>
    ```
    """

    name = "onnx.LayerNormalization"


@irdl_op_definition
class RMSNormalizationOp(NormalizationOp):
    """`x / sqrt(mean(x^2) + epsilon) * scale + bias`, the mean over `axes`.

    ```mlir
    %y = onnx.RMSNormalization %x scale %s {axes = array<i64: 1>, epsilon = 1.0e-05 : f64}
      : tensor<1x8xf32>, scale tensor<8xf32> -> tensor<1x8xf32>
    ```
    """

    name = "onnx.RMSNormalization"


@irdl_op_definition
class LpNormalizationOp(NormalizationOp):
    """`x / sum |x| * scale + bias`, the sum over `axes`: ONNX's LpNormalization with p = 1; `epsilon` is 0.

    ```mlir
    %y = onnx.LpNormalization %x {axes = array<i64: 1>, epsilon = 0.0 : f64} : tensor<1x8xf32> -> tensor<1x8xf32>
    ```
    """

    name = "onnx.LpNormalization"

    def verify_(self) -> None:
        super().verify_()
        if self.epsilon_value != 0:
            raise VerifyException("epsilon of a sum of magnitudes is 0")


@irdl_op_definition
class LRNOp(OnnxOp):
    """`x / (bias + alpha / size * sum x^2)^beta`, the sum over `size` neighbours in dimension 1, those inside of it.

    They reach from `(size - 1) // 2` before an element to `size // 2` behind it.

    ```mlir
    %y = onnx.LRN %x {size = 5 : i64, alpha = 1.0e-04 : f64, beta = 0.75 : f64, bias = 1.0 : f64}
      : tensor<1x8x4x4xf32> -> tensor<1x8x4x4xf32>
    ```
    """

    name = "onnx.LRN"
    x = operand_def(TensorType)
    size = prop_def(IntegerAttr[I64])
    alpha = prop_def(FloatAttr)
    beta = prop_def(FloatAttr)
    bias = prop_def(FloatAttr)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, size: int, alpha: float, beta: float, bias: float, node: str | None = None):
        super().__init__(
            operands=[x],
            properties={
                "size": IntegerAttr(size, i64),
                "alpha": FloatAttr(alpha, f64),
                "beta": FloatAttr(beta, f64),
                "bias": FloatAttr(bias, f64),
                **node_attribute(node),
            },
            result_types=[x.type],
        )

    @property
    def neighbours(self) -> int:
        """How many elements are summed."""
        return self.size.value.data

    def verify_(self) -> None:
        x = shape_of(self.x)
        if len(x) < 2:
            raise VerifyException(f"expected x [N, C, ...], got {list(x)}")
        if self.neighbours < 1:
            raise VerifyException(f"size {self.neighbours} must be positive")
        if self.alpha.value.data < 0 or self.bias.value.data <= 0:
            raise VerifyException("alpha may not be negative, and the bias must be positive")
        require_shape(self, x)
