"""Ops of the `onnx` dialect that compute nothing: constants, new shapes, new orders."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, UnaryOp, element_of, ints, node_attribute, require_shape, shape_of


@irdl_op_definition
class ConstantOp(OnnxOp):
    """Numbers known at compile time: an initializer or a Constant node.

    ```mlir
    %w = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
    """

    name = "onnx.Constant"
    value = prop_def(DenseIntOrFPElementsAttr)
    result = result_def(TensorType)
    traits = traits_def(Pure(), ConstantLike())
    assembly_format = "$value attr-dict `->` type($result)"

    def __init__(self, value: DenseIntOrFPElementsAttr, node: str | None = None):
        type = TensorType(value.get_element_type(), value.get_shape())
        super().__init__(properties={"value": value, **node_attribute(node)}, result_types=[type])

    def verify_(self) -> None:
        if self.value.get_shape() != shape_of(self.result) or self.value.get_element_type() != element_of(self.result):
            raise VerifyException(f"the value {self.value.type} is not the result type {self.result.type}")


class SameElementsOp(UnaryOp):
    """The operand's elements in row-major order under another shape."""

    def verify_(self) -> None:
        before, after = shape_of(self.x), shape_of(self.result)
        if prod(before) != prod(after) or element_of(self.x) != element_of(self.result):
            raise VerifyException(f"cannot turn {self.x.type} into {self.result.type}")


@irdl_op_definition
class ReshapeOp(SameElementsOp):
    """A new shape, which the result type states.

    ```mlir
    %y = onnx.Reshape %x : tensor<1x4x2x2xf32> -> tensor<1x16xf32>
    ```
    """

    name = "onnx.Reshape"


@irdl_op_definition
class FlattenOp(SameElementsOp):
    """Two dimensions: those before an axis, and the rest.

    ```mlir
    %y = onnx.Flatten %x : tensor<1x4x2x2xf32> -> tensor<1x16xf32>
    ```
    """

    name = "onnx.Flatten"


@irdl_op_definition
class SqueezeOp(SameElementsOp):
    """Without some dimensions of size 1.

    ```mlir
    %y = onnx.Squeeze %x : tensor<1x4x1x1xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Squeeze"


@irdl_op_definition
class UnsqueezeOp(SameElementsOp):
    """With new dimensions of size 1.

    ```mlir
    %y = onnx.Unsqueeze %x : tensor<4xf32> -> tensor<4x1x1xf32>
    ```
    """

    name = "onnx.Unsqueeze"


@irdl_op_definition
class IdentityOp(SameElementsOp):
    """The operand (also Dropout at inference).

    ```mlir
    %y = onnx.Identity %x : tensor<1x4xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Identity"


@irdl_op_definition
class TransposeOp(OnnxOp):
    """Dimension i of the result is dimension `perm[i]` of x.

    ```mlir
    %y = onnx.Transpose %x {perm = array<i64: 0, 2, 3, 1>} : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>
    ```
    """

    name = "onnx.Transpose"
    x = operand_def(TensorType)
    perm = prop_def(Ints)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, perm: Sequence[int], result_type: TensorType, node: str | None = None):
        super().__init__(
            operands=[x], properties={"perm": ints(perm), **node_attribute(node)}, result_types=[result_type]
        )

    @property
    def permutation(self) -> tuple[int, ...]:
        """Which dimension of x each dimension of the result is."""
        return self.perm.get_values()

    def verify_(self) -> None:
        x = shape_of(self.x)
        if sorted(self.permutation) != list(range(len(x))):
            raise VerifyException(f"{list(self.permutation)} is not a permutation of {len(x)} dimensions")
        require_shape(self, [x[axis] for axis in self.permutation])
