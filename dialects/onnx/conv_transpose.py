"""The transposed convolution."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from .base import require_shape, shape_of
from .layers import ConvolutionOp


@irdl_op_definition
class ConvTransposeOp(ConvolutionOp):
    """`y[o, i * stride + t * dilation - pad] += w[o, c, t] * x[c, i]`, plus a bias [O]; ONNX's ConvTranspose.

    The weights are [O, C / group, window...] as those of a Conv. `pads` cut elements off the full result, before each
    spatial dimension and then after each; a negative one adds elements that no weight reaches (output_padding).

    ```mlir
    %y = onnx.ConvTranspose %x, %w {group = 1 : i64, strides = array<i64: 2>, pads = array<i64: 0, 0>,
      dilations = array<i64: 1>} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x16xf32>
    ```
    """

    name = "onnx.ConvTranspose"

    def verify_(self) -> None:
        self.verify_operands()
        x, w = shape_of(self.x), shape_of(self.w)
        rank = len(x) - 2
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
