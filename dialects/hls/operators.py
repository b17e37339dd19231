"""What computes a value."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

KINDS = ("mul",)

IMPLEMENTATIONS = ("dsp", "fabric")
"""A multiplier of the device, or look-up tables."""


@irdl_op_definition
class BindOpOp(IRDLOperation):
    """What the operation is built of that a value is the result of.

    ```mlir
    hls.bind_op %product "mul" "fabric" : i17
    ```
    """

    name = "hls.bind_op"
    value = operand_def(IntegerType)
    kind = prop_def(StringAttr)
    implementation = prop_def(StringAttr)
    assembly_format = "$value $kind $implementation attr-dict `:` type($value)"

    def __init__(self, value: SSAValue, kind: str, implementation: str):
        properties = {"kind": StringAttr(kind), "implementation": StringAttr(implementation)}
        super().__init__(operands=[value], properties=properties)

    def verify_(self) -> None:
        if self.kind.data not in KINDS:
            raise VerifyException(f"an operation is {', '.join(KINDS)}, not '{self.kind.data}'")
        if self.implementation.data not in IMPLEMENTATIONS:
            raise VerifyException(
                f"an operation is built of {', '.join(IMPLEMENTATIONS)}, not '{self.implementation.data}'"
            )
