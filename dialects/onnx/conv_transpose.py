"""The transposed convolution."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .base import require_shape, shape_of
from .layers import WindowOp, window_properties


@irdl_op_definition
class ConvTransposeOp(WindowOp):
    """`y[o, i * stride + t * dilation - pad] += w[o, c, t] * x[c, i]`, plus a bias [O]; ONNX's ConvTranspose.

    The weights are [O, C / group, window...] as those of a Conv. `pads` cut elements off the full result, before each
    spatial dimension and then after each; a negative one adds elements that no weight reaches (output_padding).

    ```mlir
    %y = onnx.ConvTranspose %x, %w {group = 1 : i64, strides = array<i64: 2>, pads = array<i64: 0, 0>,
      dilations = array<i64: 1>} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x16xf32>
    ```
    """

    name = "onnx.ConvTranspose"
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
            properties={"group": IntegerAttr(group, i64), **window_properties(strides, pads, dilations, node)},
            result_types=[result_type],
        )

    @property
    def groups(self) -> int:
        """The number of groups."""
        return self.group.value.data

    def verify_(self) -> None:
        x, w, rank = shape_of(self.x), shape_of(self.w), len(shape_of(self.x)) - 2
        if rank < 1 or len(x) != len(w):
            raise VerifyException(f"x and w need the same rank of at least 3, got {list(x)} and {list(w)}")
        if self.groups < 1 or x[1] != w[1] * self.groups or w[0] % self.groups:
            raise VerifyException(
                f"{x[1]} input and {w[0]} output channels do not fit weights {list(w)} in {self.groups} groups"
            )
        if self.bias is not None and shape_of(self.bias) != (w[0],):
            raise VerifyException(f"the bias needs shape [{w[0]}], got {list(shape_of(self.bias))}")
        strides, dilations, pads = self.stride_list, self.dilation_list, self.pad_list
        if not len(strides) == len(dilations) == rank or len(pads) != 2 * rank or min((*strides, *dilations)) < 1:
            raise VerifyException(f"strides and dilations are {rank} positive numbers, pads {2 * rank}")
        require_shape(self, (x[0], w[0], *full_shape(x[2:], w[2:], strides, dilations, pads)))


def full_shape(
    spatial: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int]
) -> tuple[int, ...]:
    """`stride * (n - 1) + dilation * (k - 1) + 1 - pads` per spatial dimension."""
    rank = len(spatial)
    return tuple(
        strides[a] * (n - 1) + dilations[a] * (kernel[a] - 1) + 1 - pads[a] - pads[a + rank]
        for a, n in enumerate(spatial)
    )
