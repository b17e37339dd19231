"""Ops of the `onnx` dialect on scalars and along one axis: arithmetic, activations, softmax, quantization."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    I64,
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    TensorType,
    UnitAttr,
    f64,
    i1,
    i64,
)
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from ..dense import to_numpy
from .base import OnnxOp, UnaryOp, broadcast_shape, element_of, node_attribute, require_shape, shape_of


class BinaryOp(OnnxOp):
    """A scalar function of two tensors, with numpy's broadcasting."""

    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(operands=[lhs, rhs], properties=node_attribute(node), result_types=[result_type])

    def verify_(self) -> None:
        require_shape(self, broadcast_shape(shape_of(self.lhs), shape_of(self.rhs)))


@irdl_op_definition
class AddOp(BinaryOp):
    """lhs + rhs

    ```mlir
    %y = onnx.Add %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Add"


@irdl_op_definition
class SubOp(BinaryOp):
    """lhs - rhs

    ```mlir
    %y = onnx.Sub %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Sub"


@irdl_op_definition
class MulOp(BinaryOp):
    """lhs * rhs

    ```mlir
    %y = onnx.Mul %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Mul"


@irdl_op_definition
class DivOp(BinaryOp):
    """lhs / rhs

    ```mlir
    %y = onnx.Div %a, %b : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Div"


class ElementwiseOp(UnaryOp):
    """A scalar function of each element of one tensor."""

    def verify_(self) -> None:
        require_shape(self, shape_of(self.x))


@irdl_op_definition
class ReluOp(ElementwiseOp):
    """max(x, 0)

    ```mlir
    %y = onnx.Relu %x : tensor<1x4xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Relu"


@irdl_op_definition
class ClipOp(OnnxOp):
    """min(max(x, low), high); a bound may be infinite.

    ```mlir
    %y = onnx.Clip %x {low = 0.0 : f64, high = 6.0 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Clip"
    x = operand_def(TensorType)
    low = prop_def(FloatAttr)
    high = prop_def(FloatAttr)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, low: float, high: float, result_type: TensorType, node: str | None = None):
        super().__init__(
            operands=[x],
            properties={"low": FloatAttr(low, f64), "high": FloatAttr(high, f64), **node_attribute(node)},
            result_types=[result_type],
        )

    @property
    def low_value(self) -> float:
        """The lower bound."""
        return self.low.value.data

    @property
    def high_value(self) -> float:
        """The upper bound."""
        return self.high.value.data

    def verify_(self) -> None:
        if not self.low_value <= self.high_value:
            raise VerifyException(f"the bounds [{self.low_value}, {self.high_value}] are not ordered")
        require_shape(self, shape_of(self.x))


class AxisOp(OnnxOp):
    """A function along one axis; a negative axis counts from the last."""

    x = operand_def(TensorType)
    axis = prop_def(IntegerAttr[I64])
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, axis: int, result_type: TensorType, node: str | None = None):
        super().__init__(
            operands=[x],
            properties={"axis": IntegerAttr(axis, i64), **node_attribute(node)},
            result_types=[result_type],
        )

    @property
    def axis_index(self) -> int:
        """The axis as stated."""
        return self.axis.value.data

    def verify_(self) -> None:
        rank = len(shape_of(self.x))
        if not -rank <= self.axis_index < rank:
            raise VerifyException(f"axis {self.axis_index} of a tensor with {rank} dimensions")


@irdl_op_definition
class SoftmaxOp(AxisOp):
    """exp(x - max x) / sum exp(x - max x) along an axis (ONNX 13).

    ```mlir
    %y = onnx.Softmax %x {axis = -1 : i64} : tensor<1x10xf32> -> tensor<1x10xf32>
    ```
    """

    name = "onnx.Softmax"

    def verify_(self) -> None:
        super().verify_()
        require_shape(self, shape_of(self.x))


@irdl_op_definition
class MaskedSoftmaxOp(AxisOp):
    """The softmax of those elements where a mask that stretches to `x` is true; 0 elsewhere, and where none is.

    ```mlir
    %y = onnx.MaskedSoftmax %x, %m {axis = -1 : i64} : (tensor<4x4xf32>, tensor<4x4xi1>) -> tensor<4x4xf32>
    ```
    """

    name = "onnx.MaskedSoftmax"
    x = operand_def(TensorType)
    mask = operand_def(TensorType)
    assembly_format = "$x `,` $mask attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: SSAValue, mask: SSAValue, axis: int, result_type: TensorType, node: str | None = None):
        OnnxOp.__init__(
            self,
            operands=[x, mask],
            properties={"axis": IntegerAttr(axis, i64), **node_attribute(node)},
            result_types=[result_type],
        )

    def verify_(self) -> None:
        super().verify_()
        require_shape(self, shape_of(self.x))
        if element_of(self.mask) != i1:
            raise VerifyException(f"the mask holds {element_of(self.mask)}, expected i1")
        if tuple(broadcast_shape(shape_of(self.mask), shape_of(self.x))) != tuple(shape_of(self.x)):
            raise VerifyException(f"a mask of shape {list(shape_of(self.mask))} does not stretch to the operand")


class ArgOp(AxisOp):
    """The index of an element along an axis, kept as 1 or dropped: of equals the first, with `last` the last."""

    last = opt_prop_def(UnitAttr)

    def __init__(self, x: SSAValue, axis: int, result_type: TensorType, node: str | None = None, last: bool = False):
        super().__init__(x, axis, result_type, node)
        if last:
            self.properties["last"] = UnitAttr()

    def verify_(self) -> None:
        super().verify_()
        x = list(shape_of(self.x))
        axis = self.axis_index % len(x)
        kept, dropped = [*x[:axis], 1, *x[axis + 1 :]], [*x[:axis], *x[axis + 1 :]]
        if list(shape_of(self.result)) not in (kept, dropped):
            raise VerifyException(f"the result has shape {list(shape_of(self.result))}, expected {kept} or {dropped}")


@irdl_op_definition
class ArgMaxOp(ArgOp):
    """The index of the first greatest element along an axis, kept as 1 or dropped; with `last` the last.

    ```mlir
    %y = onnx.ArgMax %x {axis = 1 : i64} : tensor<1x10xf32> -> tensor<1xi64>
    ```
    """

    name = "onnx.ArgMax"


class QuantizationOp(OnnxOp):
    """Between reals and integers, `real = scale * (integer - zero_point)`, per tensor or per index of an axis."""

    x = operand_def(TensorType)
    scale = prop_def(DenseIntOrFPElementsAttr)
    zero_point = prop_def(DenseIntOrFPElementsAttr)
    axis = prop_def(IntegerAttr[I64])
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(
        self,
        x: SSAValue,
        scale: DenseIntOrFPElementsAttr,
        zero_point: DenseIntOrFPElementsAttr,
        axis: int,
        result_type: TensorType,
        node: str | None = None,
    ):
        super().__init__(
            operands=[x],
            properties={
                "scale": scale,
                "zero_point": zero_point,
                "axis": IntegerAttr(axis, i64),
                **node_attribute(node),
            },
            result_types=[result_type],
        )

    @property
    def scales_array(self) -> NDArray[Any]:
        """The scales: one, or one per index of the axis."""
        return to_numpy(self.scale).reshape(-1)

    @property
    def zero_points_array(self) -> NDArray[Any]:
        """The zero points, as many as the scales."""
        return to_numpy(self.zero_point).reshape(-1)

    @property
    def axis_index(self) -> int:
        """The axis that several scales run along."""
        return self.axis.value.data

    def verify_sides(self, real: SSAValue, integers: SSAValue) -> None:
        """Check element types, shapes and the number of scales."""
        if not isinstance(element_of(real), Float32Type) or not isinstance(element_of(integers), IntegerType):
            raise VerifyException(
                f"expected f32 on one side and integers on the other, got {real.type}, {integers.type}"
            )
        shape = shape_of(self.x)
        require_shape(self, shape)
        count = self.scales_array.size
        if count > 1 and not -len(shape) <= self.axis_index < len(shape):
            raise VerifyException(f"axis {self.axis_index} of a tensor with {len(shape)} dimensions")
        per_axis = len(shape) > 0 and count == shape[self.axis_index % len(shape)]
        if count != self.zero_points_array.size or (count != 1 and not per_axis):
            raise VerifyException(f"{count} scales and {self.zero_points_array.size} zero points for {self.x.type}")


@irdl_op_definition
class QuantizeLinearOp(QuantizationOp):
    """Real numbers to integers, rounded half to even and saturated.

    ```mlir
    %q = onnx.QuantizeLinear %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i8>, axis = 1 : i64}
      : tensor<1x4xf32> -> tensor<1x4xi8>
    ```
    """

    name = "onnx.QuantizeLinear"

    def verify_(self) -> None:
        self.verify_sides(self.x, self.result)


@irdl_op_definition
class DequantizeLinearOp(QuantizationOp):
    """Integers to real numbers.

    ```mlir
    %x = onnx.DequantizeLinear %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i8>, axis = 1 : i64}
      : tensor<1x4xi8> -> tensor<1x4xf32>
    ```
    """

    name = "onnx.DequantizeLinear"

    def verify_(self) -> None:
        self.verify_sides(self.result, self.x)
