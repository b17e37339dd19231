"""Layers of the `onnx` dialect: convolutions, matrix products, normalization, pools."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, FloatAttr, IntegerAttr, TensorType, f64, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import Ints, OnnxOp, broadcast_shape, ints, node_attribute, require_shape, shape_of, window_shape


class WindowOp(OnnxOp):
    """An op whose window moves over the spatial dimensions of its operand."""

    strides = prop_def(Ints)
    pads = prop_def(Ints)
    dilations = prop_def(Ints)

    @property
    def stride_list(self) -> tuple[int, ...]:
        """Strides per spatial dimension."""
        return self.strides.get_values()

    @property
    def pad_list(self) -> tuple[int, ...]:
        """Pads before each spatial dimension, then after each."""
        return self.pads.get_values()

    @property
    def dilation_list(self) -> tuple[int, ...]:
        """Dilations per spatial dimension."""
        return self.dilations.get_values()


def window_properties(
    strides: Sequence[int], pads: Sequence[int], dilations: Sequence[int], node: str | None
) -> dict[str, Attribute | None]:
    """The properties of every op with a window."""
    return {
        "strides": ints(strides),
        "pads": ints(pads),
        "dilations": ints(dilations),
        **node_attribute(node),
    }


class ConvolutionOp(WindowOp):
    """A layer whose weights w [O, C / group, window...] move over x [N, C, spatial...]; it may have a bias [O]."""

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    group = prop_def(IntegerAttr[I64])
    result = result_def(TensorType)
    assembly_format = "$x `,` $w (`bias` $bias^)? attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        x: SSAValue,
        w: SSAValue,
        bias: SSAValue | None,
        result_type: TensorType,
        strides: Sequence[int],
        pads: Sequence[int],
        dilations: Sequence[int],
        group: int,
        node: str | None = None,
    ):
        super().__init__(
            operands=[x, w, bias],
            properties={
                "group": IntegerAttr(group, i64),
                **window_properties(strides, pads, dilations, node),
            },
            result_types=[result_type],
        )

    @property
    def groups(self) -> int:
        """The number of groups."""
        return self.group.value.data

    def verify_operands(self) -> None:
        """Raise VerifyException for operands that do not go together."""
        x, w = shape_of(self.x), shape_of(self.w)
        if len(x) < 3 or len(x) != len(w):
            raise VerifyException(f"x and w need the same rank of at least 3, got {list(x)} and {list(w)}")
        if self.groups < 1 or x[1] != w[1] * self.groups or w[0] % self.groups:
            raise VerifyException(
                f"{x[1]} input and {w[0]} output channels do not fit weights {list(w)} in {self.groups} groups"
            )
        if self.bias is not None and shape_of(self.bias) != (w[0],):
            raise VerifyException(f"the bias needs shape [{w[0]}], got {list(shape_of(self.bias))}")


@irdl_op_definition
class ConvOp(ConvolutionOp):
    """Convolution of x [N, C, spatial...] with w [O, C / group, window...] and bias [O]; every attribute is explicit.

    ```mlir
    %y = onnx.Conv %x, %w bias %b {group = 1 : i64, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>,
      dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
    ```
    """

    name = "onnx.Conv"

    def verify_(self) -> None:
        self.verify_operands()
        x, w = shape_of(self.x), shape_of(self.w)
        positions = window_shape(x[2:], w[2:], self.stride_list, self.dilation_list, self.pad_list)
        require_shape(self, (x[0], w[0], *positions))


@irdl_op_definition
class GemmOp(OnnxOp):
    """`y = x * w^T + bias` with x [M, K], w [N, K], bias [N]: ONNX Gemm with transB = 1 and alpha = beta = 1.

    The importer and onnx-fold-bias bring every matrix product with a constant into this form.

    ```mlir
    %y = onnx.Gemm %x, %w bias %b : (tensor<1x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.Gemm"
    x = operand_def(TensorType)
    w = operand_def(TensorType)
    bias = opt_operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x `,` $w (`bias` $bias^)? attr-dict `:` functional-type(operands, results)"

    def __init__(
        self, x: SSAValue, w: SSAValue, bias: SSAValue | None, result_type: TensorType, node: str | None = None
    ):
        super().__init__(operands=[x, w, bias], properties=node_attribute(node), result_types=[result_type])

    def verify_(self) -> None:
        x, w = shape_of(self.x), shape_of(self.w)
        if len(x) != 2 or len(w) != 2 or x[1] != w[1]:
            raise VerifyException(f"expected x [M, K] and w [N, K], got {list(x)} and {list(w)}")
        if self.bias is not None and shape_of(self.bias) != (w[0],):
            raise VerifyException(f"the bias needs shape [{w[0]}], got {list(shape_of(self.bias))}")
        require_shape(self, (x[0], w[0]))


@irdl_op_definition
class MatMulOp(OnnxOp):
    """Matrix products x [.., M, K] * w [.., K, N]; the dimensions before them broadcast as numpy's do.

    With one constant matrix w onnx-fold-bias makes it a Gemm.

    ```mlir
    %y = onnx.MatMul %x, %w : (tensor<1x8xf32>, tensor<8x4xf32>) -> tensor<1x4xf32>
    ```
    """

    name = "onnx.MatMul"
    x = operand_def(TensorType)
    w = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x `,` $w attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: SSAValue, w: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(operands=[x, w], properties=node_attribute(node), result_types=[result_type])

    def verify_(self) -> None:
        x, w = shape_of(self.x), shape_of(self.w)
        if min(len(x), len(w)) < 2 or x[-1] != w[-2]:
            raise VerifyException(f"expected x [.., M, K] and w [.., K, N], got {list(x)} and {list(w)}")
        require_shape(self, (*broadcast_shape(x[:-2], w[:-2]), x[-2], w[-1]))


@irdl_op_definition
class BatchNormalizationOp(OnnxOp):
    """`y = (x - mean) / sqrt(var + epsilon) * scale + shift` per channel (dimension 1), inference form.

    ```mlir
    %y = onnx.BatchNormalization %x, %s, %t, %m, %v {epsilon = 1.0e-05 : f64}
      : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    ```
    """

    name = "onnx.BatchNormalization"
    x = operand_def(TensorType)
    scale = operand_def(TensorType)
    shift = operand_def(TensorType)
    mean = operand_def(TensorType)
    variance = operand_def(TensorType)
    epsilon = prop_def(FloatAttr)
    result = result_def(TensorType)
    assembly_format = (
        "$x `,` $scale `,` $shift `,` $mean `,` $variance attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, operands: Sequence[SSAValue], epsilon: float, result_type: TensorType, node: str | None = None):
        super().__init__(
            operands=list(operands),
            properties={"epsilon": FloatAttr(epsilon, f64), **node_attribute(node)},
            result_types=[result_type],
        )

    def verify_(self) -> None:
        x = shape_of(self.x)
        if len(x) < 2:
            raise VerifyException(f"expected x [N, C, ...], got {list(x)}")
        for operand in self.operands[1:]:
            if shape_of(operand) != (x[1],):
                raise VerifyException(f"expected parameters of shape [{x[1]}], got {list(shape_of(operand))}")
        require_shape(self, x)


class PoolOp(WindowOp):
    """A window that moves over the spatial dimensions of x [N, C, spatial...]."""

    x = operand_def(TensorType)
    kernel_shape = prop_def(Ints)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    @property
    def kernel_list(self) -> tuple[int, ...]:
        """Window sizes."""
        return self.kernel_shape.get_values()

    def verify_(self) -> None:
        x = shape_of(self.x)
        if len(x) < 3:
            raise VerifyException(f"expected x [N, C, spatial...], got {list(x)}")
        positions = window_shape(x[2:], self.kernel_list, self.stride_list, self.dilation_list, self.pad_list)
        require_shape(self, (*x[:2], *positions))


@irdl_op_definition
class MaxPoolOp(PoolOp):
    """The greatest element of each window; padding counts as minus infinity.

    ```mlir
    %y = onnx.MaxPool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>,
      dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
    ```
    """

    name = "onnx.MaxPool"

    def __init__(
        self,
        x: SSAValue,
        result_type: TensorType,
        kernel_shape: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[int],
        dilations: Sequence[int],
        node: str | None = None,
    ):
        super().__init__(
            operands=[x],
            properties={
                "kernel_shape": ints(kernel_shape),
                **window_properties(strides, pads, dilations, node),
            },
            result_types=[result_type],
        )


@irdl_op_definition
class AveragePoolOp(PoolOp):
    """The mean of each window, over the elements inside x; `count_include_pad` = 1 counts declared padding too.

    ```mlir
    %y = onnx.AveragePool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, count_include_pad = 0 : i64}
      : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
    ```
    """

    name = "onnx.AveragePool"
    count_include_pad = prop_def(IntegerAttr[I64])

    def __init__(
        self,
        x: SSAValue,
        result_type: TensorType,
        kernel_shape: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[int],
        dilations: Sequence[int],
        count_include_pad: bool = False,
        node: str | None = None,
    ):
        super().__init__(
            operands=[x],
            properties={
                "kernel_shape": ints(kernel_shape),
                "count_include_pad": IntegerAttr(int(count_include_pad), i64),
                **window_properties(strides, pads, dilations, node),
            },
            result_types=[result_type],
        )

    @property
    def includes_padding(self) -> bool:
        """True where padding counts in the mean."""
        return bool(self.count_include_pad.value.data)


@irdl_op_definition
class GlobalAveragePoolOp(OnnxOp):
    """The mean over all spatial dimensions of x [N, C, spatial...]: [N, C, 1...].

    ```mlir
    %y = onnx.GlobalAveragePool %x : (tensor<1x4x8x8xf32>) -> tensor<1x4x1x1xf32>
    ```
    """

    name = "onnx.GlobalAveragePool"
    x = operand_def(TensorType)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` functional-type(operands, results)"

    def __init__(self, x: SSAValue, result_type: TensorType, node: str | None = None):
        super().__init__(operands=[x], properties=node_attribute(node), result_types=[result_type])

    def verify_(self) -> None:
        x = shape_of(self.x)
        if len(x) < 3:
            raise VerifyException(f"expected x [N, C, spatial...], got {list(x)}")
        require_shape(self, (*x[:2], *(1 for _ in x[2:])))
