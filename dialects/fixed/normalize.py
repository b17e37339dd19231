"""Scalar operations that split an integer into a mantissa and an exponent, as floating point does.

Roots, inverses and logarithms of sums look a mantissa up in a table and shift by the exponent. `x = mantissa * 2^(e -
bits)` but for what the mantissa's last bit cuts off.
"""

from __future__ import annotations

from xdsl.dialects.builtin import I64, IntegerAttr, IntegerType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException


@irdl_op_definition
class ExponentOp(IRDLOperation):
    """The least multiple e of `step` with `x < 2^e`, for x that is not negative; 0 for 0.

    ```mlir
    %e = fixed.exponent %x step 2 : i64 -> i32
    ```
    """

    name = "fixed.exponent"
    value = operand_def(IntegerType)
    step = prop_def(IntegerAttr[I64])
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$value `step` $step attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, step: int, result_type: IntegerType):
        super().__init__(operands=[value], properties={"step": IntegerAttr(step, i64)}, result_types=[result_type])

    def verify_(self) -> None:
        require_step(self.step.value.data)
        require_signed_width(self.value.type, 32)
        require_signed_width(self.result.type, 8)


@irdl_op_definition
class MantissaOp(IRDLOperation):
    """`floor(x * 2^(bits - e))` with e the `fixed.exponent` of x: from `2^(bits - step)` to `2^bits - 1`; 0 for 0.

    ```mlir
    %m = fixed.mantissa %x bits 31 step 2 : i64 -> i32
    ```
    """

    name = "fixed.mantissa"
    value = operand_def(IntegerType)
    bits = prop_def(IntegerAttr[I64])
    step = prop_def(IntegerAttr[I64])
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = "$value `bits` $bits `step` $step attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, bits: int, step: int, result_type: IntegerType):
        super().__init__(
            operands=[value],
            properties={"bits": IntegerAttr(bits, i64), "step": IntegerAttr(step, i64)},
            result_types=[result_type],
        )

    def verify_(self) -> None:
        require_step(self.step.value.data)
        require_signed_width(self.value.type, 32)
        require_signed_width(self.result.type, 8)
        bits = self.bits.value.data
        assert isinstance(self.value.type, IntegerType) and isinstance(self.result.type, IntegerType)
        most = min(self.value.type.width.data, self.result.type.width.data) - 1
        if not self.step.value.data <= bits <= most:
            raise VerifyException(f"{bits} bits must be at least the step and at most {most}")


def require_step(step: int) -> None:
    """Raise VerifyException for exponents that are no multiples of 1 or 2."""
    if step not in (1, 2):
        raise VerifyException(f"the step of exponents is 1 or 2, got {step}")


def require_signed_width(type: object, least: int) -> None:
    """Raise VerifyException for an integer type of fewer bits than that, more than 64, or without a sign."""
    assert isinstance(type, IntegerType)
    if type != IntegerType(type.width) or not least <= type.width.data <= 64:
        raise VerifyException(f"expected iN with N from {least} to 64, got {type}")
