"""Scalar operations of the `fixed` dialect: what stands in the body of a structured form, beside `arith`.

Every one of them is total on integers: width, rounding and saturation are in the text, so any two levels agree exactly.
"""

from __future__ import annotations

from xdsl.dialects.builtin import I64, IntegerAttr, IntegerType, MemRefType, TensorType, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from .types import Rounding, RoundingAttr, storage_limits


@irdl_op_definition
class RescaleOp(IRDLOperation):
    """Multiply by an integer and shift right with rounding: `round(x * multiplier / 2^shift)`.

    The product is computed in `product` bits; it must fit there with half an output unit added, as rounding to nearest
    adds it. Without a multiplier the op is a rounding shift.
    The result is a value of the result type (it must fit; saturate afterwards where it may not).

    ```mlir
    %1 = fixed.rescale %0 by %m shift 38 half_up in i64 : i32, i32 -> i32
    %1 = fixed.rescale %0 shift 7 half_up in i32 : i32 -> i32
    ```
    """

    name = "fixed.rescale"
    value = operand_def(IntegerType)
    multiplier = opt_operand_def(IntegerType)
    shift = prop_def(IntegerAttr[I64])
    rounding = prop_def(RoundingAttr)
    product = prop_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = (
        "$value (`by` $multiplier^)? `shift` $shift $rounding `in` $product attr-dict "
        "`:` type($value) (`,` type($multiplier)^)? `->` type($result)"
    )

    def __init__(
        self,
        value: SSAValue,
        shift: int,
        rounding: Rounding,
        product: IntegerType,
        result_type: IntegerType,
        multiplier: SSAValue | None = None,
    ):
        super().__init__(
            operands=[value, multiplier],
            properties={
                "shift": IntegerAttr(shift, i64),
                "rounding": RoundingAttr(rounding),
                "product": product,
            },
            result_types=[result_type],
        )

    def verify_(self) -> None:
        shift, width = self.shift.value.data, self.product.width.data
        if not 0 <= shift < width:
            raise VerifyException(f"shift {shift} must be at least 0 and less than the {width} bits of the product")
        if self.rounding.data == Rounding.TFLITE and (self.multiplier is None or shift < 31):
            raise VerifyException("tflite rounding takes a 31-bit multiplier and a shift of at least 31")


@irdl_op_definition
class SaturateOp(IRDLOperation):
    """Clamp to `[low, high]` and convert to the result type: `min(max(x, low), high)`.

    ```mlir
    %1 = fixed.saturate %0 to [-128, 127] : i32 -> i8
    ```
    """

    name = "fixed.saturate"
    value = operand_def(IntegerType)
    low = prop_def(IntegerAttr[I64])
    high = prop_def(IntegerAttr[I64])
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$value `to` ` ` `[` $low `,` $high `]` attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, low: int, high: int, result_type: IntegerType):
        super().__init__(
            operands=[value],
            properties={"low": IntegerAttr(low, i64), "high": IntegerAttr(high, i64)},
            result_types=[result_type],
        )

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and greatest result."""
        return self.low.value.data, self.high.value.data

    def verify_(self) -> None:
        low, high = self.bounds
        least, greatest = storage_limits(self.result.type)
        if not least <= low <= high <= greatest:
            raise VerifyException(f"bounds [{low}, {high}] must be ordered and fit in {self.result.type}")


@irdl_op_definition
class LookupOp(IRDLOperation):
    """Read a table: `table[index]`. The index must be in range; a body makes it so by construction.

    ```mlir
    %2 = fixed.lookup %table[%1] : tensor<256xi16>, i32
    ```
    """

    name = "fixed.lookup"
    table = operand_def(TensorType[IntegerType] | MemRefType[IntegerType])
    index = operand_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$table `[` $index `]` attr-dict `:` type($table) `,` type($index) `->` type($result)"

    def __init__(self, table: SSAValue, index: SSAValue, result_type: Attribute):
        super().__init__(operands=[table, index], result_types=[result_type])

    def verify_(self) -> None:
        table = self.table.type
        assert isinstance(table, TensorType | MemRefType)
        if len(table.get_shape()) != 1 or table.element_type != self.result.type:
            raise VerifyException("the table must be one-dimensional with elements of the result type")


@irdl_op_definition
class YieldOp(IRDLOperation):
    """End a body with the value of the output element.

    ```mlir
    fixed.yield %2 : i8
    ```
    """

    name = "fixed.yield"
    values = var_operand_def(IntegerType)
    traits = traits_def(IsTerminator())
    assembly_format = "$values attr-dict `:` type($values)"

    def __init__(self, *values: SSAValue):
        super().__init__(operands=[values])


@irdl_op_definition
class ExtendOp(IRDLOperation):
    """Convert to a wider type without changing the value; `ui8` zero-extends, `i8` sign-extends.

    ```mlir
    %1 = fixed.extend %0 : ui8 -> i32
    ```
    """

    name = "fixed.extend"
    value = operand_def(IntegerType)
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, result_type: IntegerType):
        super().__init__(operands=[value], result_types=[result_type])

    def verify_(self) -> None:
        assert isinstance(self.value.type, IntegerType)
        low, high = storage_limits(self.value.type)
        least, greatest = storage_limits(self.result.type)
        if low < least or high > greatest:
            raise VerifyException(f"not every {self.value.type} is a {self.result.type}")
