"""Ops of the `onnx` dialect that put tensors beside each other or beside a constant: padding."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import FloatAttr, IntegerType, TensorType, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from .fixed_type import storage_limits
from .onnx_base import Ints, OnnxOp, element_of, ints, node_attribute, require_shape, shape_of


@irdl_op_definition
class PadOp(OnnxOp):
    """x with a constant around it; `pads` counts the elements before each dimension, then after each.

    Of a quantized tensor `value` is the integer.

    ```mlir
    %y = onnx.Pad %x {pads = array<i64: 0, 0, 1, 1, 0, 0, 1, 1>, value = 0.0 : f64}
      : tensor<1x3x8x8xf32> -> tensor<1x3x10x10xf32>
    ```
    """

    name = "onnx.Pad"
    x = operand_def(TensorType)
    pads = prop_def(Ints)
    value = prop_def(FloatAttr)
    result = result_def(TensorType)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def __init__(self, x: SSAValue, pads: Sequence[int], value: float, node: str | None = None):
        shape, rank = shape_of(x), len(shape_of(x))
        padded = [n + before + after for n, before, after in zip(shape, pads[:rank], pads[rank:], strict=True)]
        super().__init__(
            operands=[x],
            properties={"pads": ints(pads), "value": FloatAttr(value, f64), **node_attribute(node)},
            result_types=[TensorType(element_of(x), padded)],
        )

    @property
    def margins(self) -> tuple[tuple[int, int], ...]:
        """How many elements stand before and after each dimension."""
        pads = self.pads.get_values()
        rank = len(pads) // 2
        return tuple(zip(pads[:rank], pads[rank:], strict=True))

    @property
    def fill(self) -> float:
        """The constant."""
        return self.value.value.data

    def verify_(self) -> None:
        x, pads = shape_of(self.x), self.pads.get_values()
        if len(pads) != 2 * len(x) or min(pads, default=0) < 0:
            raise VerifyException(f"pads are {2 * len(x)} numbers of at least 0, got {list(pads)}")
        require_shape(self, [n + before + after for n, (before, after) in zip(x, self.margins, strict=True)])
        element = element_of(self.x)
        if element != element_of(self.result):
            raise VerifyException(f"cannot turn {self.x.type} into {self.result.type}")
        if isinstance(element, IntegerType):
            low, high = storage_limits(element)
            if not (low <= self.fill <= high and self.fill == int(self.fill)):
                raise VerifyException(f"{self.fill} is no {element}")
